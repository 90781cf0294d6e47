"""Chains of a study: rows of which each has all the components of the one before, and more."""

from collections.abc import Iterator, Sequence

from search_spaces.study import Row
from search_spaces.trial import canonical_json

MIN_ROWS = 3
"""Fewer steps are one difference, which the table shows."""

Changes = frozenset[tuple[str, str]]


def find_chains(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Find the longest ways from a row of many changes to one of few, each step undoing some.

    Every row's changes are a proper subset of those of the row before it. Of equally long chains
    those are kept that undo the fewest changes in all and, of those, the first and such as have its
    ends: they undo the same changes in another order. A row with a baseline of its own is in none.

    Returns:
        The names of the rows, by chain; nothing if no chain has three.
    """
    changes = {
        row.name: frozenset((path, canonical_json(value)) for path, value in row.change.items())
        for row in rows
        if row.baseline is None
    }
    chains = [chain for name in changes for chain in _extend((name,), changes)]
    if not chains:
        return []
    keys = [(-len(chain), len(changes[chain[0]] - changes[chain[-1]])) for chain in chains]
    best = [chain for chain, key in zip(chains, keys, strict=True) if key == min(keys)]
    if len(best[0]) < MIN_ROWS:
        return []
    return [chain for chain in best if (chain[0], chain[-1]) == (best[0][0], best[0][-1])]


def _extend(chain: tuple[str, ...], changes: dict[str, Changes]) -> Iterator[tuple[str, ...]]:
    """Yield a chain and everything that it can become."""
    yield chain
    for name, fewer in changes.items():
        if fewer < changes[chain[-1]]:
            yield from _extend((*chain, name), changes)
