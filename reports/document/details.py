"""What the script of the page knows: by what to filter, and the trials behind each number."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypedDict

from reports.document.content import Chapter, Report
from reports.document.words import shown_tables
from reports.scores.cells import Cell
from reports.scores.names import corpus_title
from reports.tables.blocks import Block, OursBlock, PublishedBlock, Unit, block_title
from reports.tables.differences import Difference
from reports.tables.table import Table
from search_spaces.claim import Claim

Numbers = Mapping[str, int]
"""The numbers of trials by their keys: the page names each trial once."""

Seed = tuple[int | str, ...]
"""The number of a trial, what is printed of it, and of a difference the number of the other."""


class TableData(TypedDict):
    """The corpus and the metric of each column, and the seeds of each cell: by row, by column."""

    columns: list[tuple[str, str]]
    cells: list[list[list[Seed]]]


class PageData(TypedDict):
    """Finished trials; tables by their labels; corpora of claims by study and by claim."""

    trials: list[dict[str, str]]
    tables: dict[str, TableData]
    claims: dict[str, dict[str, list[str]]]


def describe_page(report: Report) -> PageData:
    """Describe trials, tables and claims for `templates/report.js`."""
    numbers = {line.record.key: number for number, line in enumerate(report.trials)}
    return PageData(
        trials=list(_describe_trials(report)),
        tables={
            table.label: _describe_table(table, numbers)
            for chapter in report.chapters
            for table in shown_tables(chapter)
        },
        claims={
            chapter.name: {one.claim.id: list_corpora(one.claim, chapter) for one in chapter.judged}
            for chapter in report.chapters
        },
    )


def list_corpora(claim: Claim, chapter: Chapter) -> list[str]:
    """List the titles of the corpora that a claim is about: those of the study, else its own."""
    found = [
        outcome.corpus
        for outcome in chapter.outcomes
        if {outcome.corpus, outcome.family} & set(claim.corpora)
    ]
    return list(dict.fromkeys(map(corpus_title, found or claim.corpora)))


def list_columns(report: Report) -> dict[str, list[str]]:
    """List the corpora of all columns, by title, and their metrics, in the order of the tables."""
    columns = [
        column
        for chapter in report.chapters
        for table in shown_tables(chapter)
        for column in _list_columns(table)
    ]
    corpora, metrics = zip(*columns, strict=True) if columns else ((), ())
    return {"corpora": list(dict.fromkeys(corpora)), "metrics": list(dict.fromkeys(metrics))}


def _list_columns(table: Table) -> list[tuple[str, str]]:
    """List the corpus and the metric of each column."""
    return [(block_title(block), one.metric) for block in table.blocks for one in block.columns]


def _describe_trials(report: Report) -> Iterator[dict[str, str]]:
    for line in report.trials:
        record = line.record
        addresses = {
            "record": report.addresses.records.get(record.key),
            "run": report.addresses.runs.get(record.key),
        }
        yield {
            "key": record.key,
            "seed": record.trial.seed_text,
            "device": record.circumstances.device,
            "code": record.circumstances.code_version,
            **{name: address for name, address in addresses.items() if address},
        }


def _describe_table(table: Table, numbers: Numbers) -> TableData:
    blocks = [_list_seeds(block, numbers) for block in table.blocks]
    return TableData(
        columns=_list_columns(table),
        cells=[[seeds for block in row for seeds in block] for row in zip(*blocks, strict=True)],
    )


def _list_seeds(block: Block, numbers: Numbers) -> list[list[list[Seed]]]:
    """List the seeds behind each cell of a block, by row, then by column."""
    match block:
        case PublishedBlock(cells=printed):
            return [[[] for _ in row] for row in printed]
        case OursBlock(cells=ours, unit=unit):
            return [
                [_seeds_of_cell(cell, unit.of(cell.metric), numbers) for cell in row]
                for row in ours
            ]
        case _:
            units = [block.unit.of(column.metric) for column in block.columns]
            return [
                [
                    _seeds_of_difference(one, of_column, numbers) if one else []
                    for one, of_column in zip(row, units, strict=True)
                ]
                for row in block.cells
            ]


def _seeds_of_cell(cell: Cell, unit: Unit, numbers: Numbers) -> list[Seed]:
    return [(numbers[seed.key], unit.show(seed.score)) for seed in cell.scores]


def _seeds_of_difference(one: Difference, unit: Unit, numbers: Numbers) -> list[Seed]:
    others: Sequence[tuple[int, ...]] = [(numbers[key],) for key in one.minus]
    others = others or [()] * one.num_values
    return [
        (numbers[key], unit.show_signed(value), *other)
        for (_, key), value, other in zip(one.seeds, one.values, others, strict=True)
    ]
