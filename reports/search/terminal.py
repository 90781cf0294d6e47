"""A search in the terminal: its counts, its best candidates, and the importances."""

from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import fmean

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from reports.ledger.search_result import Candidate, SearchResult
from reports.search.best import (
    choosing_scores,
    costs,
    find_best,
    find_winner,
    finished,
    rank_fields,
    rank_importances,
)
from reports.search.comparison import tell_comparison
from reports.search.winner.words import tell_winner
from reports.search.words import (
    PERCENT,
    name_field,
    name_place,
    show_field,
    show_score,
    tell_counts,
    tell_missing,
    tell_optimism,
    tell_shown,
    tell_unreliable,
)

NUM_FIELDS, NUM_IMPORTANCES, NUM_FAILURES = 4, 8, 3
BAR_CELLS = 24
FULL, EMPTY = "█", "░"
HEADERS = {"f1": "valid F1 %", "parameters": "parameters", "macs": "MACs"}
QUIET, BAD = "dim", "yellow"


class SearchView:
    """A search for rich, and its comparison with a rival: `console.print(SearchView(result))`."""

    def __init__(self, result: SearchResult, rival: SearchResult | None = None) -> None:
        self.result, self.rival = result, rival

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Write counts, the best candidates, the importances, and how reliable they are."""
        result = self.result
        yield Text(f"Search '{result.space}' on {name_place(result)}", style="bold")
        yield Text(f"{tell_counts(result)}.")
        yield from _failures(result)
        if finished(result):
            yield from _best(result)
            yield from _importances(result)
        if self.rival is not None:
            yield Text(f"\n{tell_comparison(result, self.rival)}")


def _failures(result: SearchResult) -> Iterator[Text]:
    failed = [candidate for candidate in result.attempts if candidate.state == "failed"]
    for candidate in failed[:NUM_FAILURES]:
        reason, _, _ = candidate.failure.partition("\n")
        which = f"{candidate.number} with seed {candidate.seed}" * (candidate.seed > 0)
        yield Text(f"candidate {which or candidate.number} failed: {reason}", style=BAD)
    if len(failed) > NUM_FAILURES:
        yield Text(f"and {len(failed) - NUM_FAILURES} more", style=BAD)


def _best(result: SearchResult) -> Iterator[Text | Table]:
    best = find_best(result)
    yield Text(f"\n{tell_shown(result, len(best))}")
    yield _draw(result, best)
    if told := tell_missing(result):
        yield Text(told, style=BAD)
    yield Text(tell_optimism(result), style=QUIET)
    winner = find_winner(result)
    if winner is not None and costs(result):
        named = f"The winner is candidate {winner.number}: the front's member of best F1."
        yield Text(named, style=QUIET)
    stated = tell_winner(result)
    if stated:
        yield Text("\n" + "\n".join(stated))


def _draw(result: SearchResult, candidates: Sequence[Candidate]) -> Table:
    table = Table(box=None, header_style=QUIET, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("no.", justify="right")
    for objective in result.objectives:
        table.add_column(HEADERS[objective.name], justify="right", no_wrap=True)
    if result.repeats:
        table.add_column("mean %", justify="right", no_wrap=True)
        table.add_column("seeds", justify="right", no_wrap=True)
    table.add_column("system")
    table.add_column("fields that matter most" if result.importances else "fields", ratio=1)
    fields = rank_fields(result)
    for candidate in candidates:
        table.add_row(
            f"{candidate.number}",
            *(show_score(one.name, candidate.scores[one.name]) for one in result.objectives),
            *(_tell_seeds(result, candidate) if result.repeats else ()),
            Text(candidate.system),
            Text(_tell_fields(candidate, fields)),
        )
    return table


def _tell_seeds(result: SearchResult, candidate: Candidate) -> tuple[str, str]:
    """Write the mean validation F1 over the seeds that choose, and how many the candidate has."""
    scores = choosing_scores(result, candidate)
    return show_score("f1", fmean(scores)), f"{len(scores)}"


def _tell_fields(candidate: Candidate, fields: Sequence[str]) -> str:
    """Name the first few fields that the candidate has."""
    present = [field for field in fields if field in candidate.values][:NUM_FIELDS]
    return ", ".join(f"{name_field(field)} {show_field(candidate, field)}" for field in present)


def _importances(result: SearchResult) -> Iterator[Text | Table]:
    ranked = rank_importances(result, "f1")
    if ranked:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
        for field, share in islice(ranked.items(), NUM_IMPORTANCES):
            table.add_row(Text(name_field(field)), _bar(share), f"{PERCENT * share:3.0f} %")
        yield Text("\nWhat validation F1 depends on (importance by PED-ANOVA):")
        yield table
    if told := tell_unreliable(result):
        yield Text(told, style=BAD)


def _bar(share: float) -> Text:
    num_full = round(share * BAR_CELLS)
    return Text(FULL * num_full) + Text(EMPTY * (BAR_CELLS - num_full), QUIET)
