"""The rungs of early stopping, and how little a search trains if it stops as many as it can."""

GRACE_EPOCHS = 2
"""Epochs before the first decision; each next one comes after `REDUCTION` times as many epochs."""

REDUCTION = 3
"""One in so many candidates continues, compared with those judged before it."""


def least_epochs(number: int, max_epochs: int) -> int:
    """Return after how many epochs a candidate ends if one in `REDUCTION` passes each rung.

    These are about the fewest epochs: a candidate without any to compare with also passes.

    Args:
        number: The number of the candidate, counted from 0; it stands for its place in the ranking.
        max_epochs: How many epochs it would train.
    """
    rung = GRACE_EPOCHS
    while rung < max_epochs and number % REDUCTION == 0:
        rung, number = rung * REDUCTION, number // REDUCTION
    return min(rung, max_epochs)
