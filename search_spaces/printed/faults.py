"""Faults of printed tables, claims and supports."""

import re
from collections.abc import Collection, Iterable, Iterator

from search_spaces.errors import StudyError
from search_spaces.printed.cells import DECIDED_BY_CELLS, EVERY_EMOTION, find_scores, pairs_of
from search_spaces.printed.numbers import NOT_PRINTED, NUMBER, ONE, columns_of, printed_scores
from search_spaces.printed.published import (
    PublishedClaim,
    PublishedData,
    PublishedRow,
    PublishedTable,
)
from search_spaces.printed.supports import supports_of

COUNT = re.compile(r"\d{1,15}", re.ASCII)
PAIRED = ("delta", "greater", "better")
SAYS_HIGHER = ("greater", "greater_than_all")


def table_faults(table_id: str, table: PublishedTable) -> list[str]:
    """Say what is wrong with a table."""
    faults = [] if "/" not in table_id else ["a name must not hold '/'"]
    if table.rows and not table.unit:
        faults.append(f"no unit; choose from {', '.join([*ONE, 'count'])}")
    faults += _twice("column", table.columns)
    faults += _twice("row", [row.id for row in table.rows])
    metrics = {column.rpartition(".")[2] for row in table.rows for column in columns_of(table, row)}
    faults += [
        f"{field}: no column is of the metric '{name}'; choose from {', '.join(sorted(metrics))}"
        for field, names in (("plain", table.plain), ("lower_is_better", table.lower_is_better))
        for name in names
        if name not in metrics
    ]
    for index, row in enumerate(table.rows):
        faults += [
            f"row '{row.id}': {fault}" for fault in _row_faults(table, row, is_first=index == 0)
        ]
    return [f"table '{table_id}': {fault}" for fault in faults]


def claim_faults(data: PublishedData, unsound: Collection[str] = ()) -> list[str]:
    """Say what is wrong with the claims.

    Args:
        data: The tables without faults, and all claims.
        unsound: The tables with faults; claims about them are skipped.
    """
    faults = _twice("claim", [claim.id for claim in data.claims])
    for claim in data.claims:
        references = (*claim.cells, *claim.rows)
        if claim.kind in DECIDED_BY_CELLS and not _names_one_of(references, unsound):
            faults += [f"claim '{claim.id}': {fault}" for fault in _claim_faults(data, claim)]
    return faults


def support_faults(data: PublishedData, unsound: Collection[str] = ()) -> list[str]:
    """Say what is wrong with the supports; skip supports from unsound tables."""
    faults = []
    for corpus, printed in data.supports.items():
        if not _names_one_of((printed.positives, printed.utterances), unsound):
            faults += [
                f"supports of '{corpus}': {fault}" for fault in _support_faults(data, corpus)
            ]
    return faults


def _row_faults(table: PublishedTable, row: PublishedRow, *, is_first: bool) -> Iterator[str]:
    columns = columns_of(table, row)
    yield from _twice("column", row.columns)
    if "/" in row.id:
        yield "a name must not hold '/'"
    if len(row.values) != len(columns):
        yield f"{len(row.values)} values for {len(columns)} columns ({', '.join(columns)})"
    for column, text in zip(columns, row.values, strict=False):
        yield from _value_faults(column, text, table)
    for index in row.bold:
        if not 0 <= index < len(columns):
            yield f"bold {index} is no column; choose from 0 to {len(columns) - 1}"
    if row.printed_gain:
        yield from _gain_faults(row, len(columns), is_first=is_first)


def _value_faults(column: str, text: str, table: PublishedTable) -> Iterator[str]:
    """Say what is wrong with a value; a count is a whole number, a score at most 1 or 100.

    A plain number has no range.
    """
    unit = table.unit
    if unit == "count" and not COUNT.fullmatch(text):
        yield f"{column} '{text}' is no count"
    elif unit in ONE and text != NOT_PRINTED:
        highest = round(1 / ONE[unit])
        if not NUMBER.fullmatch(text):
            yield f"{column} '{text}' is no number; write '{NOT_PRINTED}' where none is printed"
        elif not table.is_plain(column) and not 0 <= float(text) <= highest:
            yield f"{column} {text} is outside 0 to {highest}, the range of the unit '{unit}'"


def _gain_faults(row: PublishedRow, num_columns: int, *, is_first: bool) -> Iterator[str]:
    if is_first:
        yield "printed_gain: there is no line before it"
    if len(row.printed_gain) != num_columns:
        yield f"printed_gain: {len(row.printed_gain)} values for {num_columns} columns"
    for text in row.printed_gain:
        if text != NOT_PRINTED and not NUMBER.fullmatch(text):
            yield f"printed_gain: '{text}' is no number"


def _claim_faults(data: PublishedData, claim: PublishedClaim) -> list[str]:
    """Say what is wrong with a claim that cells can decide."""
    faults = [fault for row in claim.rows for fault in _row_reference_faults(data, row)]
    for cell in claim.cells:
        faults += _cell_faults(data, cell, patterns=claim.kind == "greater_than_all")
    if claim.kind == "count":
        faults += [] if claim.rows else ["a claim of the kind 'count' names its rows"]
    elif not claim.cells:
        faults.append(f"a claim of the kind '{claim.kind}' names its cells")
    if claim.kind in SAYS_HIGHER and not faults:
        faults += _direction_faults(data, claim)
    if claim.kind in PAIRED:
        faults += _pair_faults(data, claim) if not faults else []
    if claim.kind == "value" and not claim.published:
        faults.append("a claim of the kind 'value' has the stated one as published")
    if claim.published and not NUMBER.fullmatch(claim.published):
        faults.append(f"published '{claim.published}' is no number")
    return faults


def _direction_faults(data: PublishedData, claim: PublishedClaim) -> list[str]:
    """Say which cells a claim calls higher though their table says that lower is better."""
    wrong = []
    for cell in claim.cells:
        row, _, column = cell.rpartition("/")
        if data.table(row.partition("/")[0]).sign_of(column) < 0:
            wrong.append(cell)
    return [
        f"kind '{claim.kind}' says that '{cell}' is higher, but lower is better there; choose "
        "'better', or 'argmax' for the best of a column"
        for cell in wrong[:1]
    ]


def _pair_faults(data: PublishedData, claim: PublishedClaim) -> list[str]:
    if len(claim.cells) % 2:
        return [f"{len(claim.cells)} cells are no pairs: each better one, then the worse one"]
    pairs = pairs_of(claim, printed_scores(data))
    return [
        f"{higher.reference} is in {higher.number.unit}, {lower.reference} in {lower.number.unit}"
        for higher, lower in pairs
        if higher.number.unit != lower.number.unit
    ]


def _cell_faults(data: PublishedData, reference: str, *, patterns: bool) -> list[str]:
    """Say what is wrong with a reference to a cell, or to the cells of every emotion."""
    row_reference, _, column = reference.rpartition("/")
    faults = _row_reference_faults(data, row_reference)
    if faults:
        return [f"cell '{reference}': {fault}" for fault in faults]
    table = data.table(row_reference.partition("/")[0])
    if table.unit not in ONE:
        return [f"cell '{reference}': a table of counts holds no scores"]
    if patterns and column.startswith(EVERY_EMOTION):
        found = bool(find_scores(reference, printed_scores(data)))
        return [] if found else [f"cell '{reference}': no column matches"]
    row = data.row(row_reference)
    columns = columns_of(table, row)
    if column not in columns:
        return [f"cell '{reference}': no such column; choose from {', '.join(columns)}"]
    is_printed = row.values[columns.index(column)] != NOT_PRINTED
    return [] if is_printed else [f"cell '{reference}': nothing is printed there"]


def _row_reference_faults(data: PublishedData, reference: str) -> list[str]:
    try:
        data.row(reference)
    except StudyError as error:
        return [str(error)]
    return []


def _support_faults(data: PublishedData, corpus: str) -> list[str]:
    printed = data.supports[corpus]
    row, _, column = printed.utterances.rpartition("/")
    faults = _row_reference_faults(data, printed.positives) + _row_reference_faults(data, row)
    if faults:
        return faults
    for reference in (printed.positives, row):
        if data.table(reference.partition("/")[0]).unit != "count":
            faults.append(f"'{reference}' is in a table that is not of the unit 'count'")
    columns = columns_of(data.table(row.partition("/")[0]), data.row(row))
    if column not in columns:
        faults.append(f"'{row}' has no column '{column}'; choose from {', '.join(columns)}")
    return faults or [
        f"{support.positives} positives '{emotion}' are not between 0 and all "
        f"{support.positives + support.negatives} utterances"
        for emotion, support in supports_of(data, corpus).items()
        if min(support.positives, support.negatives) <= 0
    ]


def _twice(what: str, names: Iterable[str]) -> list[str]:
    names = list(names)
    return [
        f"{what} '{name}' stands there twice"
        for name in sorted({n for n in names if names.count(n) > 1})
    ]


def _names_one_of(references: Iterable[str], tables: Collection[str]) -> bool:
    return any(reference.partition("/")[0] in tables for reference in references)
