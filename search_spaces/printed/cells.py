"""The printed cells that a claim refers to."""

from collections.abc import Sequence

from search_spaces.printed.numbers import AVERAGE, PrintedScore
from search_spaces.printed.published import ClaimKind, PublishedClaim

DECIDED_BY_CELLS: tuple[ClaimKind, ...] = (
    "delta",
    "greater",
    "better",
    "argmax",
    "greater_than_all",
    "value",
    "count",
)
"""The kinds of claims that printed cells can contradict."""

EVERY_EMOTION = "*"
"""In a column, this stands for all emotions; their scores are averaged."""

Scores = Sequence[PrintedScore]


def find_scores(reference: str, scores: Scores) -> list[PrintedScore]:
    """Find the score of `le_t3/ours/Avg.F1`, or those of every emotion by `le_t3/ours/*.F1`."""
    row, _, column = reference.rpartition("/")
    return [
        score
        for score in scores
        if score.row_reference == row
        and (score.column == column or _is_of_every_emotion(score, column))
    ]


def _is_of_every_emotion(score: PrintedScore, column: str) -> bool:
    return (
        column.startswith(EVERY_EMOTION)
        and score.quantity.emotion != AVERAGE
        and score.column.endswith(column.removeprefix(EVERY_EMOTION))
    )


def pairs_of(claim: PublishedClaim, scores: Scores) -> list[tuple[PrintedScore, PrintedScore]]:
    """Pair the cells of a claim: each better one with the worse one after it."""
    cells = [find_scores(reference, scores)[0] for reference in claim.cells]
    return list(zip(cells[::2], cells[1::2], strict=True))
