"""The table object that every form prints."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, get_args

from reports.ledger.record import Record
from reports.scores.cells import Outcome
from reports.scores.floors import FLOORS, FloorName
from reports.statistics.multiplicity import benjamini_hochberg, holm
from reports.tables.blocks import (
    Block,
    DifferenceBlock,
    OursBlock,
    PublishedBlock,
    PublishedCell,
    Unit,
    origin_of,
)
from reports.tables.caption import write_caption, write_footnotes, write_notes
from reports.tables.differences import Difference, find_ties, mark, subtract_published, subtract_row
from reports.tables.floors import score_floors
from reports.tables.noise import tell_noise
from reports.tables.note import Brief, Note, name_place, shorten
from reports.tables.spread import Spread, measure_spread, tell_spread
from search_spaces.printed.numbers import NOT_PRINTED, columns_of
from search_spaces.study import Row, Source, Study

Variant = Literal["beside", "ours", "minus-published", "minus-baseline"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


@dataclass(frozen=True)
class Table:
    """A study's table; `name` is safe as a file name, `records` are the sources of our scores.

    `marks` holds, for each row, the letters of its footnotes; `footnotes` has a text for each
    letter. `brief` is what a terminal shows around the numbers. `floors` names the lines below the
    rows; they are no rows, and have no rank. `spreads` say where the spread of the baseline row
    comes from, if its random streams were varied.
    """

    name: str
    variant: Variant
    title: str
    source: Source | None
    caption: str
    label: str
    notes: tuple[str, ...]
    brief: Brief
    footnotes: Mapping[str, str]
    rows: tuple[Row, ...]
    marks: tuple[str, ...]
    blocks: tuple[Block, ...]
    records: Mapping[str, Record]
    floors: tuple[FloorName, ...] = ()
    spreads: tuple[Spread, ...] = ()

    @property
    def heads(self) -> list[tuple[str, str]]:
        """Name and marks of each line: of the rows, then of the floors."""
        rows = zip((row.name for row in self.rows), self.marks, strict=True)
        return [*rows, *((floor, "") for floor in self.floors)]


def build_table(study: Study, outcomes: Sequence[Outcome], variant: Variant = "beside") -> Table:
    """Show a study's outcomes on one or several corpora.

    Args:
        study: The study.
        outcomes: The results of its trials, one outcome for each corpus.
        variant: Our scores beside the published values ("beside"), our scores alone, or
            differences: to the published value, or by seed to the study's baseline row.
    """
    unit = choose_unit(study)
    blocks = _ARRANGE[variant](study, outcomes, unit)
    footnotes, marks = write_footnotes(study, blocks, outcomes)
    records = {key: record for one in outcomes for key, record in one.every_record.items()}
    spreads = {name_place(one): measure_spread(study, one) for one in outcomes}
    limits = [
        *(n for one in outcomes for n in tell_noise(study, one, unit, name_place(one))),
        *(note for place, found in spreads.items() for note in tell_spread(found, unit, place)),
    ]
    notes = [*write_notes(study, blocks, outcomes, records), *map(Note, limits)]
    caption = write_caption(study, outcomes, unit, blocks)
    name = table_name(study)
    full_name = name if variant == "beside" else f"{name}-{variant}"
    return Table(
        name=full_name,
        variant=variant,
        title=study.title,
        source=study.source,
        caption=caption,
        label=f"tab:{full_name}",
        notes=tuple(note.text for note in notes),
        brief=shorten(caption, footnotes, notes, outcomes),
        footnotes=footnotes,
        rows=study.rows,
        marks=marks,
        blocks=blocks,
        records=records,
        floors=FLOORS if any(isinstance(b, OursBlock) and b.floors for b in blocks) else (),
        spreads=tuple(chain.from_iterable(spreads.values())),
    )


def build_tables(study: Study, outcomes: Sequence[Outcome]) -> list[Table]:
    """Show a study's outcomes in every variant that has something to show.

    Published values are subtracted only on corpora that the paper has. If there are no published
    values, our scores alone are the first variant.
    """
    tables = [build_table(study, outcomes, variant) for variant in VARIANTS]
    first, *others = [table for table in tables if table.blocks]
    return [first, *(table for table in others if table.blocks != first.blocks)]


def table_name(study: Study) -> str:
    """Turn a study's name into a safe file name."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", study.name).strip("-.") or "study"


def choose_unit(study: Study) -> Unit:
    """Take unit and decimals from the printed cells; without any, percent with one decimal.

    Columns of metrics that are no fractions have decimals of their own, by default three.
    """
    tables = [study.printed.table(name) for name in study.printed_tables]
    tables = [table for table in tables if table.unit in ("percent", "fraction")]
    cells = [
        (table.is_plain(column), text)
        for table in tables
        for row in table.rows
        for column, text in zip(columns_of(table, row), row.values, strict=False)
    ]
    decimals, plain = (
        [
            len(text.partition(".")[2])
            for is_plain, text in cells
            if is_plain == wanted and re.fullmatch(r"[+-]?\d*\.\d+", text)
        ]
        for wanted in (False, True)
    )
    unit = Unit(plain_decimals=max(plain)) if plain else Unit()
    if not decimals:
        return unit
    name: Literal["percent", "fraction"] = "fraction" if tables[0].unit == "fraction" else "percent"
    return replace(unit, name=name, decimals=max(decimals))


def _show_ours(study: Study, outcomes: Sequence[Outcome], unit: Unit) -> tuple[Block, ...]:
    return tuple(_ours(study, outcome, unit) for outcome in outcomes)


def _show_beside(study: Study, outcomes: Sequence[Outcome], unit: Unit) -> tuple[Block, ...]:
    """Put each published block to the right of our block on the same corpus.

    If the paper does not have our corpus, our block stands beside all published blocks.
    """
    blocks: list[Block] = []
    for outcome in outcomes:
        blocks.append(_ours(study, outcome, unit))
        if outcome.family in study.printed_corpora:
            blocks.append(_published(study, outcome.family))
    if any(outcome.family not in study.printed_corpora for outcome in outcomes):
        shown = {outcome.family for outcome in outcomes}
        others = [_published(study, c) for c in study.printed_corpora if c not in shown]
        blocks += [replace(block, is_beside_ours=False) for block in others]
    return tuple(blocks)


def _subtract_published(study: Study, outcomes: Sequence[Outcome], unit: Unit) -> tuple[Block, ...]:
    """Show differences on the corpora that the paper has."""
    return tuple(
        _minus_published(study, outcome, unit)
        for outcome in outcomes
        if outcome.family in study.printed_corpora
    )


def _subtract_baseline(study: Study, outcomes: Sequence[Outcome], unit: Unit) -> tuple[Block, ...]:
    return tuple(_minus_baseline(study, outcome, unit) for outcome in outcomes)


_ARRANGE = {
    "beside": _show_beside,
    "ours": _show_ours,
    "minus-published": _subtract_published,
    "minus-baseline": _subtract_baseline,
}


def _ours(study: Study, outcome: Outcome, unit: Unit) -> OursBlock:
    ties = [find_ties(column) for column in zip(*outcome.cells, strict=True)]
    columns = study.columns_for(outcome.family)
    return OursBlock(
        corpus=outcome.corpus,
        scale=outcome.scale,
        columns=columns,
        cells=outcome.cells,
        ties=tuple(zip(*ties, strict=True)),
        unit=unit,
        floors=score_floors(outcome, columns),
    )


def _published(study: Study, corpus: str) -> PublishedBlock:
    columns = tuple(column for column in study.columns_for(corpus) if column.published)
    cells = tuple(
        tuple(_find_published(study, study.find_printed(row, corpus, column)) for column in columns)
        for row in study.rows
    )
    references = [cell.reference for row in cells for cell in row if cell]
    unit = study.printed.table(references[0].partition("/")[0]).unit if references else ""
    return PublishedBlock(corpus=corpus, columns=columns, cells=cells, unit=unit)


def _find_published(study: Study, reference: str | None) -> PublishedCell | None:
    if reference is None:
        return None
    table_id, row_id, column = reference.split("/")
    printed = study.printed.row(f"{table_id}/{row_id}")
    position = study.printed.table(table_id).columns.index(column)
    if printed.values[position] == NOT_PRINTED:
        return None
    return PublishedCell(reference, printed.values[position], bold=position in printed.bold)


def _minus_published(study: Study, outcome: Outcome, unit: Unit) -> DifferenceBlock:
    published = _published(study, outcome.family)
    positions = [
        number
        for number, column in enumerate(study.columns_for(outcome.family))
        if column in published.columns
    ]

    def subtract(position: int, row: int, column: int) -> Difference | None:
        printed = published.cells[row][column]
        if printed is None:
            return None
        cell = outcome.cells[row][position]
        read = unit.of(cell.metric).read
        half_unit = read("1") * 0.5 * 10.0 ** -len(printed.text.partition(".")[2])
        return subtract_published(cell, read(printed.text), half_unit, printed.reference)

    return DifferenceBlock(
        corpus=outcome.corpus,
        scale=outcome.scale,
        columns=published.columns,
        cells=tuple(
            tuple(subtract(position, row, column) for column, position in enumerate(positions))
            for row in range(len(study.rows))
        ),
        unit=unit,
        origin=f"{origin_of(outcome.scale)}, minus published",
    )


def _minus_baseline(study: Study, outcome: Outcome, unit: Unit) -> DifferenceBlock:
    baseline = study.find_baseline_row(outcome.family, outcome.scale)
    number = [row.name for row in study.rows].index(baseline)
    columns = study.columns_for(outcome.family)
    differences = [subtract_row(cells, number) for cells in zip(*outcome.cells, strict=True)]
    marked = dict(enumerate(differences))
    for place, column in enumerate(columns):
        if column.emotion is None:
            (marked[place],) = mark([differences[place]], holm)
    for metric in dict.fromkeys(column.metric for column in columns):
        places = [n for n, c in enumerate(columns) if c.emotion and c.metric == metric]
        family = mark([differences[place] for place in places], benjamini_hochberg)
        marked.update(zip(places, family, strict=True))
    return DifferenceBlock(
        corpus=outcome.corpus,
        scale=outcome.scale,
        columns=columns,
        cells=tuple(zip(*marked.values(), strict=True)),
        unit=unit,
        origin=f"{origin_of(outcome.scale)}, minus {baseline}",
        nothing="reference",
    )
