"""Chains of a study: each row has all components of the row before it, and more."""

from collections.abc import Iterator, Sequence

from search_spaces.identity import canonical_json
from search_spaces.study import Row

MIN_ROWS = 3
"""A chain of two rows is a single difference, which the table shows already."""

Changes = frozenset[tuple[str, str]]


def find_chains(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Find the longest chains of rows; each step undoes some of the changes of the row before.

    The changes of every row are a proper subset of the changes of the row before it. If several
    chains are longest, those that undo the fewest changes are kept. Of these, the first one is
    returned, and those with the same first and last row: they undo the same changes in another
    order. Rows with a baseline of their own are left out.

    Returns:
        The names of the rows of each chain; nothing if no chain has three rows.
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
    """Yield a chain and all its extensions."""
    yield chain
    for name, fewer in changes.items():
        if fewer < changes[chain[-1]]:
            yield from _extend((*chain, name), changes)
