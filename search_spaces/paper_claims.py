"""The papers' claims as claims of a study: printed cells become rows, corpora and metrics."""

from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatch

from search_spaces.claim import NO_STATED_GAP, PLANTED, Claim, Comparison, PrintedValue, Score
from search_spaces.errors import StudyError
from search_spaces.printed.published import PublishedClaim, PublishedData, load_published
from search_spaces.study import Column, Row, Study

MARGIN_SHARE = 0.5
"""A claim holds in full if its gap is at least this share of the published one."""

NOT_A_RIVAL = "proposed"
"""The mark of a paper's own rows, which are not among its compared methods."""


def claims_of(study: Study) -> tuple[Claim, ...]:
    """Return a study's claims; claims of the papers are resolved to its rows.

    A paper's claim about rows that the study does not have is untestable.

    Raises:
        StudyError: If a paper's claim is not restated although its kind needs it.
    """
    return tuple(
        _resolve(study, study.printed.claim(claim))
        if isinstance(claim, str)
        else _with_missing_rows(study, claim)
        for claim in study.claims
    )


def claims_about(study: Study, corpora: Collection[str]) -> tuple[Claim, ...]:
    """Return a study's claims, without those about the synthetic corpus if it is not among some.

    Args:
        study: The study.
        corpora: Names of the corpora that the study is trained on.

    Raises:
        StudyError: If a paper's claim is not restated although its kind needs it.
    """
    return tuple(
        claim
        for claim in claims_of(study)
        if claim.family != PLANTED or set(claim.corpora) <= set(corpora)
    )


def _with_missing_rows(study: Study, claim: Claim) -> Claim:
    """Make a claim untestable if it names rows that the study does not have."""
    names = [row.name for row in study.rows]
    missing = [f"'{name}'" for name in claim.rows if name not in names]
    if not missing:
        return claim
    fault = f"the study has no row {', '.join(missing)}"
    return claim.model_copy(update={"untestable": fault})


def restate(
    claim_id: str,
    *parts: Iterable[Comparison],
    note: str,
    at_least: int | None = None,
    table: str = "",
    costs_of: str = "",
) -> Claim:
    """Turn a paper's sentence that names no pairs of cells into comparisons of a study's rows.

    If a comparison has an allowance, as in "close to", the claim has no margin.

    Args:
        claim_id: The id of the claim.
        parts: Conjunctions that must hold; none if nothing is compared.
        note: How the sentence was read.
        at_least: How many parts must hold, by default all.
        table: The id of the printed table that the claim is about, by default that of its cells.
        costs_of: The row whose cost the claim is about.
    """
    printed = load_published().claim(claim_id)
    conjunctions = tuple(tuple(part) for part in parts)
    has_allowance = any(one.allowance for part in conjunctions for one in part)
    return Claim(
        id=printed.id,
        text=printed.claim,
        kind=printed.kind,
        family=_family(load_published(), printed, table),
        parts=conjunctions,
        at_least=at_least,
        margin=0.0 if has_allowance else NO_STATED_GAP,
        scale="paper",
        costs_of=costs_of,
        note=note,
    )


def _resolve(study: Study, printed: PublishedClaim) -> Claim:
    given = {
        "id": printed.id,
        "text": printed.claim,
        "kind": printed.kind,
        "family": _family(study.printed, printed),
        "scale": "paper",
    }
    absent = [reference for reference in printed.cells if not _stands_for(study, reference)]
    if absent:
        return Claim(**given, untestable=f"the study has no cell for {', '.join(absent)}")
    cells = [_Cell(study, reference) for reference in printed.cells]
    match printed.kind:
        case "delta" | "greater" | "better":
            pairs = zip(cells[::2], cells[1::2], strict=True)
            comparisons = [
                Comparison(row=row.row.name, rival=rival.row.name, score=row.score)
                for row, rival in pairs
            ]
            return Claim(**given, parts=_each(comparisons), margin=_margin(printed, cells[0].unit))
        case "argmax" | "greater_than_all":
            comparisons = [
                Comparison(row=cell.row.name, rival=rival.name, score=cell.score)
                for cell in cells
                for rival in cell.rivals(compared_only=printed.kind == "greater_than_all")
            ]
            return Claim(**given, parts=_each(comparisons))
        case "value":
            (cell,) = cells
            value = PrintedValue(
                row=cell.row.name, score=cell.score, text=printed.published, unit=cell.unit
            )
            return Claim(**given, value=value)
        case kind:
            raise StudyError(
                f"study '{study.name}', claim '{printed.id}': a claim of the kind '{kind}' must be "
                "restated as comparisons"
            )


def _each(comparisons: Sequence[Comparison]) -> tuple[tuple[Comparison, ...], ...]:
    return tuple((one,) for one in comparisons)


def _family(data: PublishedData, printed: PublishedClaim, table: str = "") -> str:
    """Name the table that a claim is about; halves of a table have one name. Some name no table."""
    tables = [table, *(cell.partition("/")[0] for cell in printed.cells)]
    first = next(filter(None, tables), None)
    if first is None:
        return f"{printed.paper}, text"
    return f"{printed.paper}, {data.table(first).label.partition(' (')[0]}"


def _margin(printed: PublishedClaim, unit: str) -> float:
    """Return half of the stated gap, as a fraction, or in the unit of a metric that is none."""
    gap = float(printed.published or 0) / (100 if unit == "percent" else 1)
    return MARGIN_SHARE * gap if gap > 0 else NO_STATED_GAP


def _stands_for(study: Study, reference: str) -> bool:
    """Tell whether a row and a column of a study stand for a printed cell."""
    table_id, row_id, column = reference.split("/")
    return any(f"{table_id}/{row_id}" in row.published for row in study.rows) and bool(
        _find_columns(study, table_id, column)
    )


def _find_columns(study: Study, table_id: str, pattern: str) -> list[Column]:
    """Find the columns of a study that a printed name such as `*.F1` means."""
    corpus = _corpus_of(study, table_id, pattern)
    return [
        c for c in study.columns.get(corpus, ()) if c.published and fnmatch(c.published, pattern)
    ]


def _corpus_of(study: Study, table_id: str, column: str) -> str:
    return study.printed.table(table_id).dataset or column.partition(".")[0].lower()


class _Cell:
    """A printed cell as a study's row and score; `*.F1` is the mean over the emotions."""

    def __init__(self, study: Study, reference: str) -> None:
        table_id, row_id, column = reference.split("/")
        self._study, self._table_id = study, table_id
        self.unit = study.printed.table(table_id).unit_of(column)
        self.row = next(r for r in study.rows if f"{table_id}/{row_id}" in r.published)
        first, *_ = _find_columns(study, table_id, column)
        emotion = None if "*" in column else first.emotion
        self.score = Score(_corpus_of(study, table_id, column), first.metric, emotion)

    def rivals(self, *, compared_only: bool) -> list[Row]:
        """List the other rows that are printed in the same table."""
        rows = [row for row in self._study.rows if row != self.row and self._mark(row) is not None]
        return [row for row in rows if not compared_only or self._mark(row) != NOT_A_RIVAL]

    def _mark(self, row: Row) -> str | None:
        """Return the mark of a row in this cell's table, None if it is not printed there."""
        for reference in row.published:
            if reference.startswith(f"{self._table_id}/"):
                return self._study.printed.row(reference).mark
        return None
