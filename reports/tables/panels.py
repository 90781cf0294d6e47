"""Tables wider than the page: blocks are cut between emotions, chunks of a corpus stay together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reports.tables.blocks import Block, PublishedBlock, Shown, block_title, show_floors


@dataclass(frozen=True)
class BlockView:
    """A block, or some columns of it, as it is printed.

    Each column holds a cell for each row, then one for each floor of the table. A panel whose
    floors would all be empty has none.
    """

    title: str
    origin: str
    is_published: bool
    groups: tuple[str, ...]
    headers: tuple[str, ...]
    columns: tuple[tuple[Shown, ...], ...]

    @property
    def spans(self) -> list[tuple[str, int]]:
        """The groups with their numbers of columns; neighbours of equal name are one group."""
        spans: list[tuple[str, int]] = []
        for group in self.groups:
            if spans and spans[-1][0] == group:
                spans[-1] = (group, spans[-1][1] + 1)
            else:
                spans.append((group, 1))
        return spans

    def cut_floors(self, num_floors: int) -> "BlockView":
        """Return the same without its last cells, those of the floors."""
        return replace(self, columns=tuple(column[:-num_floors] for column in self.columns))

    def take(self, wanted: Sequence[str]) -> "BlockView":
        """Return only the columns of these groups."""
        kept = [number for number, group in enumerate(self.groups) if group in wanted]
        return BlockView(
            title=self.title,
            origin=self.origin,
            is_published=self.is_published,
            groups=tuple(self.groups[number] for number in kept),
            headers=tuple(self.headers[number] for number in kept),
            columns=tuple(self.columns[number] for number in kept),
        )


Panel = list[BlockView]
"""Blocks side by side."""


def view(block: Block, num_floors: int = 0) -> BlockView:
    """Show a block of a table that has so many floors."""
    return BlockView(
        title=block_title(block),
        origin=block.origin,
        is_published=isinstance(block, PublishedBlock),
        groups=tuple(column.group for column in block.columns),
        headers=tuple(column.header for column in block.columns),
        columns=tuple(zip(*block.shown, *show_floors(block, num_floors), strict=True)),
    )


def split_into_panels(
    blocks: Sequence[Block], fits: Callable[[Panel], bool], num_floors: int = 0
) -> list[Panel]:
    """Put blocks side by side while they fit; stack blocks that do not, cut between groups.

    Blocks of one corpus are cut at the same places, so groups of one name stay side by side if they
    fit. If they do not fit, each of them becomes a panel of its own.
    """
    views = [view(block, num_floors) for block in blocks]
    panels = [views] if fits(views) else _stack(views, fits)
    return [_without_empty_floors(panel, num_floors) for panel in panels]


def _without_empty_floors(panel: Panel, num_floors: int) -> Panel:
    floors = [cell for one in panel for column in one.columns for cell in column[-num_floors:]]
    if not num_floors or any(cell.value for cell in floors):
        return panel
    return [one.cut_floors(num_floors) for one in panel]


def _stack(views: Panel, fits: Callable[[Panel], bool]) -> list[Panel]:
    """Stack blocks that do not fit side by side."""
    panels: list[Panel] = []
    for family in _families(views):
        groups = list(dict.fromkeys(group for one in family for group in one.groups))
        chunks = next(
            (c for n in range(1, len(groups) + 1) if all(map(fits, c := _cut(family, groups, n)))),
            [[one] for part in _cut(family, groups, len(groups)) for one in part],
        )
        for chunk in chunks:
            if panels and fits([*panels[-1], *chunk]):
                panels[-1] = [*panels[-1], *chunk]
            else:
                panels.append(chunk)
    return panels


def _families(views: Sequence[BlockView]) -> list[Panel]:
    """Group the blocks of each corpus."""
    titles = dict.fromkeys(one.title for one in views)
    return [[one for one in views if one.title == title] for title in titles]


def _cut(family: Panel, groups: Sequence[str], num_chunks: int) -> list[Panel]:
    """Cut the blocks of a corpus into chunks with about the same number of groups."""
    bounds = [len(groups) * number // num_chunks for number in range(num_chunks + 1)]
    wanted = [groups[start:end] for start, end in pairwise(bounds)]
    chunks = [[one.take(names) for one in family] for names in wanted]
    return [[one for one in chunk if one.columns] for chunk in chunks]
