"""Micro-batches: the parts into which a batch is split if the whole does not fit into memory."""

MicroBatches = tuple[tuple[int, int], ...]
"""The sizes of micro-batches, each with the epoch from which it was used."""


class NotEnoughMemoryError(Exception):
    """A single utterance, or the model alone, does not fit into memory."""

    def __init__(self, what: str, problem: str) -> None:
        first_line, _, _ = problem.partition("\n")
        super().__init__(what, first_line)  # another process recreates the error from these
        self._message = (
            f"out of memory {what}: {first_line or 'no more is known'}; leave more memory to a "
            "trial (fewer at once on a machine, a larger GPU), or choose a smaller model"
        )

    def __str__(self) -> str:
        """Return the message."""
        return self._message


def halve(size: int, *, batch_size: int, problem: str) -> int:
    """Return the next smaller size of micro-batches.

    Raises:
        NotEnoughMemoryError: If there is no smaller size.
    """
    if size == 1:
        raise NotEnoughMemoryError(
            f"even with micro-batches of 1 utterance, after halving from {batch_size}", problem
        )
    return -(-size // 2)


def note_size(sizes: MicroBatches, epoch: int, size: int, batch_size: int) -> MicroBatches:
    """Note the size of micro-batches from an epoch on, if it is new and not the whole batch."""
    before = tuple(one for one in sizes if one[0] < epoch)
    current = before[-1][1] if before else batch_size
    return before if size >= current else (*before, (epoch, size))
