"""Which printed values stand for the rows and columns of a file, and which printed claims."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reports.given.metrics import usual_name
from reports.given.results import Results
from search_spaces.paper_claims import claims_of
from search_spaces.printed.numbers import AVERAGE, PrintedScore, printed_scores
from search_spaces.printed.published import ClaimKind, PublishedData
from search_spaces.study import Study

DECIDABLE: tuple[ClaimKind, ...] = ("delta", "greater", "argmax", "greater_than_all", "value")
"""The kinds of printed claims whose cells say which rows they compare."""

Target = tuple[str, str, str | None]
"""A corpus of the results, a metric and an emotion."""


@dataclass(frozen=True)
class Printed:
    """What is printed of the results.

    `rows` has the printed rows of each row, as `table/row`; `families` the printed name of each
    corpus; `columns` the printed column of each column.
    """

    data: PublishedData | None = None
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[Target, str] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say how much of the file of printed values was found in the results."""
        if self.data is None:
            return ()
        if not self.columns:
            return (f"No value of {self.data.file} has row, metric and corpus of the results.",)
        return (
            f"Published: {self.data.file}; rows are found by their id or name: "
            f"{', '.join(sorted({ref for refs in self.rows.values() for ref in refs}))}.",
        )


def find_printed(results: Results, data: PublishedData) -> Printed:
    """Find what is printed of the rows of a file: rows of equal id or name, in any case.

    A corpus is found by its name, in any case too.
    """
    rows = {row: tuple(_references(row, data)) for row in results.rows}
    wanted = {reference for references in rows.values() for reference in references}
    scores = [one for one in printed_scores(data) if one.row_reference in wanted]
    corpora = {name.casefold(): name for name in results.corpora}
    found: dict[Target, Counter[str]] = {}
    families: dict[str, str] = {}
    metrics = {usual_name(metric.header): metric.name for metric in results.metrics}
    emotions = {p.emotion.casefold(): p.emotion for p in results.scores if p.emotion is not None}
    for one in scores:
        corpus = corpora.get(one.quantity.corpus.casefold())
        metric = metrics.get(usual_name(one.quantity.metric))
        is_average = one.quantity.emotion == AVERAGE
        emotion = None if is_average else emotions.get(one.quantity.emotion.casefold())
        if corpus is None or metric is None or (emotion is None and not is_average):
            continue
        families.setdefault(corpus, _family_of(one, data))
        found.setdefault((corpus, metric, emotion), Counter())[one.column] += 1
    columns = {target: of_target.most_common(1)[0][0] for target, of_target in found.items()}
    return Printed(data, rows, families, columns)


def _references(row: str, data: PublishedData) -> Iterator[str]:
    for table_id, table in data.tables.items():
        for one in table.rows if table.unit in ("percent", "fraction") else ():
            reference = f"{table_id}/{one.id}"
            if row.casefold() in (one.id.casefold(), one.name.casefold(), reference.casefold()):
                yield reference


def name_corpus(results: Results, data: PublishedData) -> Results:
    """Name the corpus of a file whose lines name none: that of the printed rows, if it is one."""
    if results.names_corpora:
        return results
    wanted = {reference for row in results.rows for reference in _references(row, data)}
    scores = [one for one in printed_scores(data) if one.row_reference in wanted]
    families = {_family_of(one, data) for one in scores}
    return results.on(families.pop()) if len(families) == 1 else results


def _family_of(score: PrintedScore, data: PublishedData) -> str:
    """Name the corpus of a score as claims of a study do."""
    return data.table(score.table).dataset or score.column.partition(".")[0].lower()


def add_claims(study: Study, data: PublishedData) -> tuple[Study, list[str]]:
    """Add the printed claims whose cells the study has; say which others there are.

    Returns:
        The study, and what is to be said of claims that it does not have.
    """
    ids = tuple(claim.id for claim in data.claims if claim.kind in DECIDABLE)
    asked = claims_of(study.model_copy(update={"claims": ids}))
    absent = [claim.id for claim in asked if claim.untestable]
    notes = []
    if others := [claim.id for claim in data.claims if claim.kind not in DECIDABLE]:
        notes.append(f"Printed claims that name no pairs of cells are not judged: {_list(others)}.")
    if absent:
        notes.append(f"Printed claims about other rows or columns are not judged: {_list(absent)}.")
    judged = tuple(name for name in ids if name not in absent)
    return study.model_copy(update={"claims": (*study.claims, *judged)}), notes


def _list(ids: list[str], most: int = 8) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return f"{', '.join(ids[:most])}{more}"
