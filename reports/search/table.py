r"""The tables of a search: every candidate as CSV, the best as LaTeX for `\input` and Markdown."""

import csv
import io
from collections.abc import Iterator, Sequence
from statistics import fmean

from reports.forms import markdown
from reports.forms.latex_text import escape, one_line
from reports.forms.plain import csv_cell
from reports.ledger.search_result import Candidate, SearchResult
from reports.search.best import NUM_SHOWN, choosing_scores, find_best, rank_fields
from reports.search.winner.words import tell_scores
from reports.search.words import (
    TITLES,
    name_field,
    name_place,
    show_field,
    show_score,
    tell_counts,
    tell_missing,
    tell_optimism,
    tell_shown,
)
from reports.tables.blocks import MISSING

PREAMBLE = (r"\usepackage{booktabs}", r"\usepackage{graphicx}")
Line = tuple[str, Sequence[str]]
"""The name of a line of a table, and its cells."""

FIXED = ("number", "system", "state", "is_best", "from_ledger", "num_epochs", "last_f1")


def to_csv(result: SearchResult) -> str:
    """Write one line for each candidate; scores are fractions, and missing values are empty.

    The name of a column is the path of its value in `search.json`.
    """
    scores = [objective.name for objective in result.objectives]
    fields = rank_fields(result)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            *FIXED,
            *(f"scores.{name}" for name in scores),
            *(f"values.{name}" for name in fields),
            *("key", "failure"),
        ]
    )
    for candidate in result.candidates:
        known = candidate.model_dump(mode="json")
        line = [
            *(known[name] for name in FIXED),
            *(known["scores"].get(name) for name in scores),
            *(known["values"].get(name) for name in fields),
            *(candidate.key, candidate.failure),
        ]
        writer.writerow(map(csv_cell, line))
    return text.getvalue()


def repeats_to_csv(result: SearchResult) -> str:
    """Write one line for each trial with more seeds; empty without any.

    `chooses` says whether the seed is one of those that choose the winner; `scores.f1` is on
    validation.
    """
    if not result.repeats:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("number", "seed", "chooses", "state", "scores.f1", "key", "failure"))
    for one in result.repeats:
        line = [one.number, one.seed, one.seed < result.num_seeds, one.state]
        writer.writerow(map(csv_cell, [*line, one.scores.get("f1"), one.key, one.failure]))
    return text.getvalue()


def to_latex(result: SearchResult) -> str:
    """Write the best candidates, one column for each; wide tables continue in another float."""
    best = find_best(result)
    parts = [best[start : start + NUM_SHOWN] for start in range(0, len(best), NUM_SHOWN)] or [[]]
    lines = [f"% {one_line(result.title)}", *(f"% {package}" for package in PREAMBLE)]
    for number, part in enumerate(parts):
        lines += _float(result, part, _head(result, best, number))
    return "\n".join(lines) + "\n"


def _head(result: SearchResult, best: Sequence[Candidate], page: int) -> list[str]:
    label = f"tab:search-{result.space}"
    if page:
        return [rf"\tablename~\ref{{{label}}}, continued"]
    caption = escape(_caption(result, best))
    return [rf"\caption[{escape(result.title)}]{{{caption}}}", rf"\label{{{label}}}"]


def _caption(result: SearchResult, best: Sequence[Candidate]) -> str:
    has_gaps = len({frozenset(candidate.values) for candidate in best}) > 1
    sentences = (
        f"{result.title}: a search on {name_place(result)}; {tell_counts(result)}.",
        tell_shown(result, len(best)),
        tell_missing(result),
        f"{MISSING}: the field does not exist there." * has_gaps,
        tell_optimism(result),
        *(tell_scores(result.winner) if result.winner else ()),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _float(
    result: SearchResult, candidates: Sequence[Candidate], caption: Sequence[str]
) -> Iterator[str]:
    yield from (r"\begin{table}[!htbp]", r"\centering", *caption, r"\par\medskip", r"\small")
    yield r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    yield rf"\begin{{tabular}}{{l{'r' * len(candidates)}}}"
    yield r"\toprule"
    yield _line("Candidate", [str(candidate.number) for candidate in candidates])
    for part in (_scores(result, candidates), _values(result, candidates)):
        yield r"\midrule"
        yield from (_line(name, cells) for name, cells in part)
    yield from (r"\bottomrule", r"\end{tabular}}", r"\end{table}")


def to_markdown(result: SearchResult) -> str:
    """Write the best candidates, one column for each, at most as many as fit on a page."""
    best = find_best(result)[:NUM_SHOWN]
    lines = [
        ("candidate", [str(candidate.number) for candidate in best]),
        (":--", ["--:"] * len(best)),
        *_scores(result, best),
        *_values(result, best),
    ]
    return "".join(f"| {' | '.join([name, *cells])} |\n" for name, cells in _escaped(lines))


def _escaped(lines: Sequence[Line]) -> Iterator[Line]:
    for name, cells in lines:
        yield markdown.escape(name), [markdown.escape(cell) for cell in cells]


def _scores(result: SearchResult, candidates: Sequence[Candidate]) -> Iterator[Line]:
    for objective in result.objectives:
        scores = [show_score(objective.name, one.scores[objective.name]) for one in candidates]
        yield TITLES[objective.name], scores
    if result.repeats:
        known = [choosing_scores(result, candidate) for candidate in candidates]
        yield "Mean over seeds (%)", [show_score("f1", fmean(scores)) for scores in known]
        yield "Seeds", [str(len(scores)) for scores in known]


def _values(result: SearchResult, candidates: Sequence[Candidate]) -> Iterator[Line]:
    """Name the fields that some of the candidates have, and their values."""
    yield "system", [candidate.system for candidate in candidates]
    for field in rank_fields(result):
        shown = [show_field(candidate, field) for candidate in candidates]
        if any(shown):
            yield name_field(field), [text or MISSING for text in shown]


def _line(name: str, cells: Sequence[str]) -> str:
    return " & ".join([escape(name), *(escape(cell) for cell in cells)]) + r" \\"
