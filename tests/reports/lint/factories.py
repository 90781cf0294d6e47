"""Printed tables of invented numbers."""

from collections.abc import Sequence
from typing import Any

from search_spaces.printed.published import PublishedData


def make_row(row_id: str, values: str, **fields: Any) -> dict[str, Any]:
    """Make a line; its values are given as one text with spaces between."""
    return {"id": row_id, "v": values.split(), **fields}


def make_table(columns: str, *rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Make a table in percent about one corpus; columns are given as one text."""
    table = {"paper": "mine", "label": "Table 1", "unit": "percent", "dataset": "calls"}
    return table | {"columns": columns.split(), "rows": list(rows)} | fields


def make_claim(kind: str, cells: str, **fields: Any) -> dict[str, Any]:
    """Make a claim about cells, given as one text."""
    return {"id": "C1", "paper": "mine", "claim": "it is so", "kind": kind} | {
        "cells": cells.split(),
        **fields,
    }


def make_data(
    *, claims: Sequence[dict[str, Any]] = (), supports: Any = None, names: Any = None, **tables: Any
) -> PublishedData:
    """Put tables together by their ids."""
    content = {"tables": tables, "claims": claims}
    return PublishedData.model_validate(
        content | {"supports": supports or {}, "names": names or {}}
    )
