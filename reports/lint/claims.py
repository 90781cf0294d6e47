"""Claims of the text that the printed cells contradict.

A claim compares printed cells. If its column is a pattern such as `*.F1`, it compares their mean.
"Best" allows a tie; "greater" and "better" do not.
"""

from collections.abc import Callable, Iterator, Mapping

from reports.lint.finding import Check, Examined, Finding
from reports.lint.gains import difference_fault
from search_spaces.printed.cells import DECIDED_BY_CELLS, Scores, find_scores, pairs_of
from search_spaces.printed.numbers import (
    Number,
    PrintedScore,
    mean_of,
    printed_scores,
    read_number,
)
from search_spaces.printed.published import ClaimKind, PublishedClaim, PublishedData

OWN = "proposed"
"""The mark of a paper's own rows, which do not count as rivals."""


def check_claims(data: PublishedData) -> Examined:
    """Check every claim whose kind cells alone can decide."""
    scores = printed_scores(data)
    for claim in data.claims:
        if is_computable(claim):
            faults = JUDGES[claim.kind](claim, scores)
            text = f"{claim.claim}: {'; '.join(faults)}"
            yield Finding(CLAIMS.name, f"claim {claim.id}", text) if faults else None


def is_computable(claim: PublishedClaim) -> bool:
    """Say whether printed cells can decide a claim."""
    return claim.kind in DECIDED_BY_CELLS and bool(claim.cells or claim.rows)


def _delta(claim: PublishedClaim, scores: Scores) -> list[str]:
    """The stated gap is the gain of one cell over another; without a stated gap it is positive."""
    if not claim.published:
        return _better(claim, scores)
    faults = [
        (one, difference_fault(*_ordered(one, other), _stated(claim, one)))
        for one, other in pairs_of(claim, scores)
    ]
    return [f"{one.reference}: {fault}" for one, fault in faults if fault]


def _ordered(better: PrintedScore, worse: PrintedScore) -> tuple[Number, Number]:
    """Return two numbers such that the first minus the second is the gain."""
    numbers = better.number, worse.number
    return numbers if better.sign > 0 else numbers[::-1]


def _better(claim: PublishedClaim, scores: Scores) -> list[str]:
    """The first cell of each pair is above the second, or below it where lower is better."""
    return [
        f"{_say(one)} is not {'above' if one.sign > 0 else 'below'} {_say(other)}"
        for one, other in pairs_of(claim, scores)
        if one.gain <= other.gain
    ]


def _argmax(claim: PublishedClaim, scores: Scores) -> list[str]:
    """Each cell is the best of its column."""
    cells = [find_scores(reference, scores)[0] for reference in claim.cells]
    return [
        f"{_say(cell)} is {'below' if cell.sign > 0 else 'above'} {_say(best)}"
        for cell in cells
        for best in [max(_column(cell, scores), key=lambda score: score.gain)]
        if best.gain > cell.gain
    ]


def _greater_than_all(claim: PublishedClaim, scores: Scores) -> list[str]:
    """The mean over a row's cells is above the mean of every rival."""
    return [
        f"{reference} {own.text} is not above {row} {other.text}"
        for reference in claim.cells
        for own, row, other in _means(reference, scores)
        if other.value >= own.value
    ]


def _value(claim: PublishedClaim, scores: Scores) -> list[str]:
    """The cell equals the stated value, at the coarser precision of the two."""
    cells = [find_scores(reference, scores)[0] for reference in claim.cells]
    return [
        f"{_say(cell)} is not the stated {stated.text}"
        for cell in cells
        for stated in [_stated(claim, cell)]
        if abs(cell.number.value - stated.value) > max(cell.number.step, stated.step) / 2
    ]


def _count(claim: PublishedClaim, scores: Scores) -> list[str]:
    """In most cells of the rows no rival in the same column is better."""
    cells = [score for score in scores if score.row_reference in claim.rows]
    best = [cell for cell in cells if _is_best(cell, scores)]
    return [] if 2 * len(best) > len(cells) else [f"best in {len(best)} of {len(cells)} cells"]


def _is_best(cell: PrintedScore, scores: Scores) -> bool:
    rivals = _rivals(cell.row_reference, scores)
    return all(
        cell.gain >= other.gain for other in _column(cell, scores) if other.row_reference in rivals
    )


def _column(cell: PrintedScore, scores: Scores) -> list[PrintedScore]:
    return [s for s in scores if (s.table, s.column) == (cell.table, cell.column)]


def _rivals(own_row: str, scores: Scores) -> list[str]:
    """List the rivals of a paper's own row: the other methods in its table."""
    table = own_row.partition("/")[0]
    rows = (score for score in scores if score.table == table and score.row.mark != OWN)
    return [row for row in dict.fromkeys(r.row_reference for r in rows) if row != own_row]


def _stated(claim: PublishedClaim, cell: PrintedScore) -> Number:
    return read_number(claim.published, cell.number.unit)


def _say(cell: PrintedScore) -> str:
    return f"{cell.reference} {cell.number.text}"


def _means(reference: str, scores: Scores) -> Iterator[tuple[Number, str, Number]]:
    """Yield a row's mean with the mean of each rival that has the same number of values."""
    own_row, _, column = reference.rpartition("/")
    own = [score.number for score in find_scores(reference, scores)]
    for row in _rivals(own_row, scores):
        other = [score.number for score in find_scores(f"{row}/{column}", scores)]
        if len(other) == len(own):
            yield mean_of(own), row, mean_of(other)


JUDGES: Mapping[ClaimKind, Callable[[PublishedClaim, Scores], list[str]]] = {
    "delta": _delta,
    "greater": _better,
    "better": _better,
    "argmax": _argmax,
    "greater_than_all": _greater_than_all,
    "value": _value,
    "count": _count,
}
"""The function that finds contradictions, by kind of claim; cells cannot decide other kinds."""

CLAIMS = Check("claims", "claims that the cells contradict", "claims", check_claims)
