"""The winner of a search as a row to paste, and as a study that tests it over seeds.

A search decides by validation scores, each of a single seed. Only test scores over seeds can show
whether its winner is better than the baseline. The study claims this, so it gets a verdict.
"""

import json
from collections.abc import Mapping
from statistics import fmean
from textwrap import indent

from pydantic import JsonValue

from reports.ledger.search_result import Candidate, SearchResult
from reports.search.best import choosing_scores, costs, find_winner, finished
from reports.search.winner.rejection import fresh_seeds
from reports.search.words import PERCENT
from search_spaces.space import import_baseline
from search_spaces.study import RECONSTRUCTED

INDENT = " " * 4
ROW = """\
Row(
    name={name},
    baseline={baseline},
{change}{budget})
"""
STUDY = '''\
"""The winner of the search {space} beside its baseline, over seeds.

    mmer-sweep run tuned_study.py --corpus {corpus} --scale {scale}

Candidate {number} (of {num_candidates}, from 0) is {chosen}: {f1} % on validation, the highest
of {num_finished} and so optimistic. The search decided by {excluded}
would favour the winner.
"""

{imports}

TUNED = Study(
    name={name},
    title={title},
    baseline={baseline},
    columns=COLUMNS,
    seeds={seeds},
    rows=(
{rows}    ),
    claims=(
        greater(
            "tuned",
            "the winner of the search beats its baseline on test",
            {tuned_row},
            {baseline_row},
            corpus={corpus_name},
            metric="f1",
        ),
    ),
)
'''


def winner_row(result: SearchResult) -> str:
    """Write the winner as a row of a study, with the import of its baseline.

    Returns:
        Python code; its numbers read back equal. Empty if no candidate is finished.

    Raises:
        StudyError: If the baseline is not at the place that the result names.
    """
    winner = find_winner(result)
    if winner is None:
        return ""
    module, baseline = _find_baseline(result, winner)
    imports = _imports((module, baseline), ("search_spaces.study", "Row"))
    name, budget = _name_row("tuned", result, winner), len(result.candidates)
    row = _write_row(name, baseline, winner.change, budget)
    return f"{imports}\n\n{row}"


def winner_study(result: SearchResult) -> str:
    """Write a study file with two rows, the baseline and the winner.

    Returns:
        The content of a file for `mmer-sweep run`; empty if no candidate is finished.

    Raises:
        StudyError: If the baseline is not at the place that the result names.
    """
    winner = find_winner(result)
    if winner is None:
        return ""
    module, baseline = _find_baseline(result, winner)
    rows = "".join(
        _write_row(_name_row(name, result, winner), baseline, change, budget).rstrip("\n") + ",\n"
        for name, change, budget in (
            ("baseline", result.change, None),
            ("tuned", winner.change, len(result.candidates)),
        )
    )
    return STUDY.format(
        space=result.space,
        corpus=result.corpus,
        scale=result.scale,
        number=winner.number,
        num_candidates=len(result.candidates),
        chosen=_name_choice(result),
        f1=f"{PERCENT * fmean(choosing_scores(result, winner)):.1f}",
        num_finished=len(finished(result)),
        excluded=_exclude(result.num_seeds),
        seeds=tuple(fresh_seeds(result.num_seeds)),
        imports=_imports(
            (module, baseline),
            ("search_spaces.claim", "greater"),
            ("search_spaces.studies.beyond", "COLUMNS"),
            ("search_spaces.study", "Row, Study"),
        ),
        name=_literal(f"{result.space}-tuned"),
        title=_literal(f"{result.title}: the winner beside its baseline"),
        baseline=baseline,
        baseline_row=_literal(_name_row("baseline", result, winner)),
        tuned_row=_literal(_name_row("tuned", result, winner)),
        rows=indent(rows, INDENT * 2),
        corpus_name=_literal(result.corpus),
    )


def _name_choice(result: SearchResult) -> str:
    if costs(result):
        return "the front's member of best F1"
    return "the best by F1" if result.num_seeds == 1 else "the best by mean F1 over seeds"


def _exclude(num_seeds: int) -> str:
    if num_seeds == 1:
        return "seed 0, which is not among these: it"
    return f"seeds 0 to {num_seeds - 1}, which are not among these: they"


def _write_row(
    name: str, baseline: str, change: Mapping[str, JsonValue], num_candidates: int | None
) -> str:
    lines = [f"{INDENT}{_literal(path)}: {_literal(value)},\n" for path, value in change.items()]
    fields = "".join(["change={\n", *lines, "},\n"]) if lines else ""
    budget = f"{INDENT}tuned_over={num_candidates},\n" if num_candidates else ""
    return ROW.format(
        name=_literal(name), baseline=baseline, change=indent(fields, INDENT), budget=budget
    )


def _name_row(name: str, result: SearchResult, winner: Candidate) -> str:
    """Add the suffix to a row's name that studies require for reconstructed architectures."""
    configs = import_baseline(result.baselines[winner.system])[result.scale].values()
    is_reconstructed = any(config.model.reconstructed for config in configs)
    return f"{name} {RECONSTRUCTED}" if is_reconstructed else name


def _find_baseline(result: SearchResult, winner: Candidate) -> tuple[str, str]:
    module, _, name = result.baselines[winner.system].partition(":")
    return module, name


def _imports(*names: tuple[str, str]) -> str:
    return "\n".join(f"from {module} import {name}" for module, name in sorted(names))


def _literal(value: JsonValue) -> str:
    """Write a value as Python code, with double quotes as in this project."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            pairs = (f"{_literal(key)}: {_literal(item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        case list():
            return f"[{', '.join(map(_literal, value))}]"
        case _:
            return repr(value)
