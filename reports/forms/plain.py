"""The table for machines: CSV, and a JSON twin that says where every number comes from.

Our scores are fractions at full precision; published values are the text that was printed.
"""

import csv
import io
import json
from collections.abc import Mapping

from pydantic import JsonValue

from reports.blocks import Block, OursBlock, PublishedBlock, PublishedCell
from reports.cells import Cell
from reports.record import Record
from reports.table import Table

TABLE_SCHEMA = 1

Values = Mapping[str, JsonValue]


def to_csv(table: Table) -> str:
    """Write one line a cell; what does not apply to a cell is empty."""
    text = io.StringIO()
    fields = (
        *("row", "origin", "corpus", "scale", "column", "metric", "unit"),
        *("mean", "std", "n", "num_planned", "printed", "reference"),
    )
    writer = csv.DictWriter(text, fields, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for block in table.blocks:
        for row, cells in zip(table.rows, _cells(block), strict=True):
            writer.writerows({"row": row.name, **_about(block), **cell} for cell in cells)
    return text.getvalue()


def to_json(table: Table) -> str:
    """Write everything: each cell with its trials' scores, each trial with its circumstances."""
    document = {
        "schema": TABLE_SCHEMA,
        "name": table.name,
        "title": table.title,
        "source": table.source.model_dump(mode="json") if table.source else None,
        "caption": table.caption,
        "notes": list(table.notes),
        "rows": [row.model_dump(mode="json") for row in table.rows],
        "blocks": [
            {**_about(block), "cells": [list(cells) for cells in _cells(block)]}
            for block in table.blocks
        ],
        "trials": {key: _trial(record) for key, record in sorted(table.records.items())},
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _about(block: Block) -> Values:
    """Say what all cells of a block share."""
    match block:
        case OursBlock():
            return {
                "origin": "ours",
                "corpus": block.corpus,
                "scale": block.scale,
                "unit": "fraction",
            }
        case PublishedBlock():
            return {"origin": "published", "corpus": block.title, "unit": block.unit}


def _cells(block: Block) -> list[list[Values]]:
    """List what each cell holds, by row, then by column."""
    match block:
        case OursBlock():
            return [
                [_ours(head, cell) for head, cell in zip(block.headers, cells, strict=True)]
                for cells in block.cells
            ]
        case PublishedBlock():
            return [
                [
                    _published(head, cell)
                    for head, cell in zip(block.headers, cells, strict=True)
                    if cell is not None
                ]
                for cells in block.cells
            ]


def _ours(head: str, cell: Cell) -> Values:
    return {
        "column": head,
        "metric": cell.metric,
        "mean": cell.mean,
        "std": cell.std,
        "n": cell.num_scores,
        "num_planned": cell.num_planned,
        "t_interval_95": [round(end, 12) for end in cell.interval] if cell.interval else None,
        "scores": [
            {"trial": seed.key, "seed": seed.seed, "score": seed.score} for seed in cell.scores
        ],
    }


def _published(head: str, cell: PublishedCell) -> Values:
    return {
        "column": head,
        "printed": cell.text,
        "bold": cell.bold,
        "reference": cell.reference,
    }


def _trial(record: Record) -> Values:
    """Say what made a trial's numbers, without the host and the times, which do not."""
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
        **circumstances,
    }
