"""The one table object that all printed forms come from: ours and the published, side by side."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.blocks import Block, OursBlock, PublishedBlock, PublishedCell, Unit, corpus_title
from reports.caption import write_caption, write_notes
from reports.cells import Outcome
from reports.record import Record
from search_spaces.published import PublishedTable, load_published
from search_spaces.study import Row, Source, Study


@dataclass(frozen=True)
class Table:
    """A study's table; `name` is safe as a file name, `records` are all that ours come from."""

    name: str
    title: str
    source: Source | None
    caption: str
    label: str
    notes: tuple[str, ...]
    rows: tuple[Row, ...]
    blocks: tuple[Block, ...]
    records: Mapping[str, Record]


def build_table(study: Study, outcomes: Sequence[Outcome]) -> Table:
    """Put a study's outcomes on one or several corpora beside the published values."""
    published = _published_blocks(study, outcomes)
    unit = _choose_unit(study, published)
    ours = [
        OursBlock(o.corpus, o.scale, study.columns_for(o.family), o.cells, unit) for o in outcomes
    ]
    name = re.sub(r"[^A-Za-z0-9.]+", "-", study.name).strip("-.") or "study"
    records = {key: record for outcome in outcomes for key, record in outcome.records.items()}
    return Table(
        name=name,
        title=study.title,
        source=study.source,
        caption=write_caption(study, outcomes, unit),
        label=f"tab:{name}",
        notes=tuple(write_notes(ours, published, outcomes, records)),
        rows=study.rows,
        blocks=_arrange(ours, published),
        records=records,
    )


def _published_blocks(study: Study, outcomes: Sequence[Outcome]) -> list[PublishedBlock]:
    """Group the published columns that belong beside the outcomes by what their names begin with.

    `IEMOCAP.Acc` is the column `Acc` of the block `IEMOCAP`.
    """
    table = study.published_table()
    if table is None:
        return []
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(n for o in outcomes for n in _columns_beside(study, o.family, table)):
        groups.setdefault(corpus_title(name.rpartition(".")[0]) or "Values", []).append(name)
    return [
        PublishedBlock(
            title=title,
            unit=table.unit,
            headers=tuple(name.rpartition(".")[2] for name in names),
            cells=tuple(tuple(_published_cell(row, name) for name in names) for row in study.rows),
        )
        for title, names in groups.items()
    ]


def _columns_beside(study: Study, corpus: str, table: PublishedTable) -> list[str]:
    """List the columns printed for this corpus, or all if the paper has no such corpus."""
    named = [c.published for c in study.columns_for(corpus) if c.published is not None]
    return named or list(table.columns)


def _published_cell(row: Row, column: str) -> PublishedCell | None:
    if row.published is None:
        return None
    table = load_published().table(row.published.partition("/")[0])
    printed = load_published().row(row.published)
    position = table.columns.index(column) if column in table.columns else len(printed.values)
    if position >= len(printed.values):
        return None
    text = printed.values[position]
    return PublishedCell(f"{row.published}/{column}", text, bold=position in printed.bold)


def _choose_unit(study: Study, published: Iterable[PublishedBlock]) -> Unit:
    """Take unit and decimals from the published table, else percent with one decimal."""
    table = study.published_table()
    texts = [cell.text for block in published for row in block.cells for cell in row if cell]
    decimals = [len(text.partition(".")[2]) for text in texts if re.fullmatch(r"\d*\.\d+", text)]
    if table is None or table.unit not in ("percent", "fraction") or not decimals:
        return Unit()
    return Unit("fraction" if table.unit == "fraction" else "percent", max(decimals))


def _arrange(ours: Sequence[OursBlock], published: Sequence[PublishedBlock]) -> tuple[Block, ...]:
    """Put each published block right of ours on the same corpus, the rest at the end."""
    blocks: list[Block] = []
    for block in ours:
        beside = [other for other in published if other.title == block.title]
        blocks += [block, *(other for other in beside if other not in blocks)]
    return (*blocks, *(other for other in published if other not in blocks))
