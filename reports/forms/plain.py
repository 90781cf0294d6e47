"""The table for programs: CSV, and JSON that says where every number comes from.

All values are fractions, but those by metrics whose unit is "plain". Our scores have full
precision; published values are text, with as many digits as are printed.
"""

import csv
import io
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TypeVar
from unicodedata import category

from pydantic import JsonValue
from pydantic_core import to_json as to_json_bytes

from reports.ledger.record import Record
from reports.scores.cells import Cell, SeedScore
from reports.scores.floors import FLOORS
from reports.tables.blocks import (
    Block,
    DifferenceBlock,
    OursBlock,
    PublishedBlock,
    PublishedCell,
    block_title,
)
from reports.tables.differences import Difference
from reports.tables.spread import Spread
from reports.tables.table import Table
from search_spaces.metrics.registry import find_metric
from search_spaces.study import Column

TABLE_SCHEMA = 3

IN_CSV = {"mean": "mean_fraction", "std": "std_fraction", "published": "published_fraction"}
"""The columns of values in CSV, whose names say their unit; JSON says it once for each block."""

Values = Mapping[str, JsonValue]
AnyCell = TypeVar("AnyCell")


def csv_cell(value: object) -> object:
    """Write a text so that no spreadsheet runs it as a formula; numbers stay as they are.

    A text that begins like a formula gets an apostrophe in front, by which spreadsheets know text.
    Control characters are left out.
    """
    if not isinstance(value, str):
        return value
    text = "".join(c for c in value if c in "\n\t" or category(c) != "Cc")
    return f"'{text}" if text.lstrip().startswith(tuple("=+-@")) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def to_csv(table: Table) -> str:
    """Write one line for each cell, values as fractions; fields that do not apply are empty.

    The column with the number of diverged trials exists only if a trial of the table diverged, and
    the one that says why a cell is not compared only if there is such a cell. The column "unit"
    exists only if a metric is no fraction: where it says "plain", values are not fractions either.
    Floors have an origin of their own, "floor".
    """
    text = io.StringIO()
    diverged = _diverged(table)
    cells = [_cells(block, diverged) for block in table.blocks]
    has_void = any("not_compared" in cell for block in cells for row in block for cell in row)
    fields = (
        *("row", "origin", "corpus", "scale", "column", "emotion", "metric"),
        *(IN_CSV["mean"], IN_CSV["std"], "n", "num_planned"),
        *(("num_diverged",) if diverged else ()),
        *(("unit",) if any(_unit(c) for block in table.blocks for c in block.columns) else ()),
        *("minus", "distinct", "best_of", IN_CSV["published"], "reference"),
        *(("not_compared",) if has_void else ()),
    )
    writer = csv.DictWriter(text, fields, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for block, of_block in zip(table.blocks, cells, strict=True):
        lines = [
            *(
                {"row": row.name, **_about(block), **cell}
                for row, of_row in zip(table.rows, of_block, strict=True)
                for cell in of_row
            ),
            *(
                {"row": floor, **_about(block), "origin": "floor", **cell}
                for floor, of_floor in _floors(block).items()
                for cell in of_floor
            ),
        ]
        writer.writerows(
            {IN_CSV.get(name, name): csv_cell(value) for name, value in one.items()}
            for one in lines
        )
    return text.getvalue()


def to_json(table: Table) -> str:
    """Write everything: each cell with its trials' scores, all trials with their circumstances."""
    return to_json_bytes(to_document(table), indent=1).decode() + "\n"


def to_document(table: Table) -> dict[str, object]:
    """Turn a table into what its JSON holds."""
    diverged = _diverged(table)
    return {
        "schema": TABLE_SCHEMA,
        "name": table.name,
        "variant": table.variant,
        "title": table.title,
        "source": table.source.model_dump(mode="json") if table.source else None,
        "caption": table.caption,
        "notes": list(table.notes),
        "footnotes": dict(table.footnotes),
        "marks": list(table.marks),
        "rows": [row.model_dump(mode="json", exclude={"baseline"}) for row in table.rows],
        **({"metrics": metrics} if (metrics := _about_metrics(table)) else {}),
        "blocks": [
            {
                **_about(block),
                "cells": [list(cells) for cells in _cells(block, diverged)],
                **({"floors": floors} if (floors := _floors(block)) else {}),
            }
            for block in table.blocks
        ],
        **({"spreads": list(map(_spread, table.spreads))} if table.spreads else {}),
        "trials": {key: _trial(record) for key, record in sorted(table.records.items())},
    }


def _about(block: Block) -> Values:
    """Write what all cells of a block have in common."""
    match block:
        case OursBlock():
            origin = "given" if block.scale is None else "ours"
        case DifferenceBlock():
            origin = "difference"
        case PublishedBlock():
            return {"origin": "published", "corpus": block_title(block), "unit": "fraction"}
    return {"origin": origin, "corpus": block.corpus, "scale": block.scale, "unit": "fraction"}


def _about_metrics(table: Table) -> list[Values]:
    """Describe the metrics that are no fractions, or of which lower is better, or a user's own."""
    columns = (column for block in table.blocks for column in block.columns)
    metrics = [find_metric(name) for name in dict.fromkeys(column.metric for column in columns)]
    return [
        one.model_dump(mode="json", exclude_defaults=True)
        | {"higher_is_better": one.higher_is_better, "unit": one.unit}
        for one in metrics
        if one.unit == "plain" or one.sign < 0 or one.is_own
    ]


def _unit(column: Column) -> Values:
    """Say that a cell's values are no fractions, if it is so."""
    return {"unit": "plain"} if find_metric(column.metric).unit == "plain" else {}


def _diverged(table: Table) -> set[str]:
    return {key for key, record in table.records.items() if record.result.has_diverged}


def _cells(block: Block, diverged: Container[str]) -> list[list[Values]]:
    """Write the values of each cell, by row, then by column."""
    match block:
        case OursBlock():
            return [
                [_ours(*three, diverged) for three in zip(block.columns, *row, strict=True)]
                for row in zip(block.cells, block.ties, strict=True)
            ]
        case DifferenceBlock():
            return _present(block.columns, block.cells, partial(_difference, diverged=diverged))
        case PublishedBlock():
            return _present(block.columns, block.cells, partial(_published, unit=block.unit))


def _floors(block: Block) -> dict[str, list[Values]]:
    """Write the values of each floor; there are none if they have not been made."""
    if not isinstance(block, OursBlock) or not block.floors:
        return {}
    return {
        floor: [
            {
                "column": c.title,
                "emotion": c.emotion,
                "metric": c.metric,
                **_unit(c),
                "mean": score,
            }
            for c, score in zip(block.columns, scores, strict=True)
        ]
        for floor, scores in zip(FLOORS, block.floors, strict=True)
    }


def _present(
    columns: Sequence[Column],
    cells: Sequence[Sequence[AnyCell | None]],
    write: Callable[[Column, AnyCell], Values],
) -> list[list[Values]]:
    """Write the cells that are not None."""
    return [
        [write(column, cell) for column, cell in zip(columns, row, strict=True) if cell is not None]
        for row in cells
    ]


def _count_diverged(keys: Iterable[str], diverged: Container[str]) -> Values:
    num_diverged = sum(key in diverged for key in set(keys))
    return {"num_diverged": num_diverged} if num_diverged else {}


def _tell_void(why_void: str) -> Values:
    return {"not_compared": why_void} if why_void else {}


def _ours(column: Column, cell: Cell, tied: bool | None, diverged: Container[str]) -> Values:
    return {
        "column": column.title,
        "emotion": cell.emotion,
        "metric": cell.metric,
        **_unit(column),
        "mean": cell.mean,
        "std": cell.std,
        "n": cell.num_scores,
        "num_planned": cell.num_planned,
        **_count_diverged((seed.key for seed in cell.scores), diverged),
        **_tell_void(cell.why_void),
        "t_interval_95": _ends(cell.interval),
        "tied_with_best": tied,
        "scores": _scores(cell.scores),
    }


def _difference(column: Column, difference: Difference, diverged: Container[str]) -> Values:
    keys = (*(key for _, key in difference.seeds), *difference.minus)
    return {
        "column": column.title,
        "emotion": column.emotion,
        "metric": column.metric,
        **_unit(column),
        "minus": difference.to,
        "mean": difference.mean,
        "std": difference.std,
        "n": difference.num_values,
        "num_planned": difference.num_planned,
        **_count_diverged(keys, diverged),
        **_tell_void(difference.why_void),
        "t_interval_95": _ends(difference.interval),
        "distinct": difference.distinct,
        "best_of": difference.best_of,
        "differences": [
            {"trial": key, "minus_trial": minus, "seed": seed, "difference": value}
            for (seed, key), minus, value in zip(
                difference.seeds,
                difference.minus or (None,) * difference.num_values,
                difference.values,
                strict=True,
            )
        ],
    }


def _spread(spread: Spread) -> Values:
    """Write the parts of a spread, each with its scores: "seeds" has the row's own."""
    return {
        "corpus": spread.corpus,
        "row": spread.row,
        "column": spread.column.title,
        "emotion": spread.column.emotion,
        "metric": spread.column.metric,
        "unit": "fraction",
        **_unit(spread.column),
        "more_would_help": spread.help,
        "parts": {
            name: {
                "std": part.std,
                "std_interval_95": _ends(part.std_interval),
                "n": part.num,
                "share": spread.share(name),
                **({"scores": _scores(part.scores)} if part.scores else {}),
            }
            for name, part in spread.parts.items()
        },
    }


def _scores(scores: Iterable[SeedScore]) -> JsonValue:
    return [
        {
            "trial": one.key,
            "seed": one.seed,
            **({"fold": one.fold} if one.fold else {}),
            "score": one.score,
        }
        for one in scores
    ]


def _ends(interval: tuple[float, float] | None) -> JsonValue:
    """Round the ends of an interval: they depend on a quantile that differs between machines."""
    return None if interval is None else [round(end, 12) for end in interval]


def _published(column: Column, cell: PublishedCell, unit: str) -> Values:
    is_percent = unit == "percent" and not _unit(column)
    shift = -2 if is_percent else 0  # exact, and every printed digit stays
    return {
        "column": column.title,
        **_unit(column),
        "published": f"{Decimal(cell.text).scaleb(shift):f}",
        "bold": cell.bold,
        "reference": cell.reference,
    }


def _exceptions(record: Record) -> Values:
    """Write what differs from most trials; for most trials this is empty."""
    told: dict[str, JsonValue] = {}
    if record.result.has_diverged:
        told["diverged_at_epoch"] = record.result.diverged_at_epoch
    if record.circumstances.micro_batches:
        told["micro_batches"] = [list(one) for one in record.circumstances.micro_batches]
    if record.circumstances.is_deterministic:
        told["is_deterministic"] = True
    if record.trial.streams:
        told["streams"] = {str(name): seed for name, seed in record.trial.streams.items()}
    return told


def _trial(record: Record) -> Values:
    """Write everything that a trial's numbers depend on; host and times are left out."""
    circumstances = record.circumstances.model_dump(
        mode="json",
        include={"code_version", "device", "precision", "num_threads", "libraries"},
    )
    return {
        "seed": record.trial.seed,
        "corpus": record.trial.corpus.model_dump(mode="json"),
        "weights": record.trial.weights,
        "thresholds": list(record.result.thresholds),
        "predictions_sha256": record.result.predictions_sha256,
        **_exceptions(record),
        **circumstances,
    }
