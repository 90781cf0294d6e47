"""Studies, spaces and corpora as facts."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from corpora.store.folders import prepared_recipes
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from orchestrator.facts import Facts
from orchestrator.inventory.view import source_of
from search_spaces.claim import Claim
from search_spaces.paper_claims import claims_of
from search_spaces.study import Study


class StudyLine(Facts):
    """A study in a list."""

    name: str
    """The name, which is the command that runs it."""

    title: str
    """What it is about."""

    source: str | None
    """The paper and its table; null if it is no table of a paper."""

    num_rows: int
    """How many rows it has."""

    seeds: tuple[int, ...]
    """The seeds that it is trained with by default."""


class ListFacts(Facts):
    """What there is to run, as `mmer-sweep list` prints it."""

    studies: tuple[StudyLine, ...]
    """The built-in studies."""

    collections: dict[str, tuple[str, ...]]
    """Names that stand for several studies, which share trials."""

    spaces: tuple[str, ...]
    """The spaces that `tune` can search."""

    corpora: tuple[str, ...]
    """The synthetic corpus and those that are prepared."""


class RowFacts(Facts):
    """A row of a study."""

    name: str
    """The row."""

    change: dict[str, JsonValue]
    """The fields that it changes in the baseline, by path."""

    has_own_baseline: bool
    """Whether it starts from a config of its own instead of the study's."""

    printed: dict[str, dict[str, str]]
    """The values that the paper prints, as text: by printed table, then by column."""


class ClaimFacts(Facts):
    """A claim of a study."""

    id: str
    """Its identifier."""

    text: str
    """What it says."""

    note: str | None
    """How it is read, or why it cannot be tested; null if neither is said."""


class StudyFacts(Facts):
    """A study, as `mmer-sweep show STUDY` prints it."""

    name: str
    """The name."""

    title: str
    """What it is about."""

    source: str | None
    """The paper and its table; null if it is no table of a paper."""

    seeds: tuple[int, ...]
    """The seeds that it is trained with by default."""

    rows: tuple[RowFacts, ...]
    """The rows, in the order of the table."""

    claims: tuple[ClaimFacts, ...]
    """The claims about its rows."""


class StudiesFacts(Facts):
    """Studies, as `mmer-sweep show` prints those of a name or a file."""

    studies: tuple[StudyFacts, ...]
    """The studies."""


class CorpusFacts(Facts):
    """A prepared corpus, as `mmer-sweep show CORPUS` prints it."""

    name: str
    """The corpus."""

    manifests: tuple[Manifest, ...]
    """What it holds under each recipe: counts by split, emotions, rejects, remarks."""


def list_facts(
    studies: Iterable[Study],
    collections: Mapping[str, Sequence[Study]],
    spaces: Iterable[str],
    corpora: Iterable[str],
) -> ListFacts:
    """Describe what there is."""
    return ListFacts(
        studies=tuple(
            StudyLine(
                name=one.name,
                title=one.title,
                source=source_of(one),
                num_rows=len(one.rows),
                seeds=one.seeds,
            )
            for one in studies
        ),
        collections={name: tuple(s.name for s in of_it) for name, of_it in collections.items()},
        spaces=tuple(spaces),
        corpora=tuple(corpora),
    )


def studies_facts(studies: Iterable[Study]) -> StudiesFacts:
    """Describe studies with their rows and claims."""
    return StudiesFacts(studies=tuple(map(_study_facts, studies)))


def corpus_facts(name: str, storage: Path) -> CorpusFacts:
    """Describe a prepared corpus.

    Raises:
        CorpusError: If a manifest is damaged.
    """
    recipes = prepared_recipes(storage, name)
    manifests = tuple(read_manifest(storage, name, recipe) for recipe in recipes)
    return CorpusFacts(name=name, manifests=manifests)


def _study_facts(study: Study) -> StudyFacts:
    return StudyFacts(
        name=study.name,
        title=study.title,
        source=source_of(study),
        seeds=study.seeds,
        rows=tuple(
            RowFacts(
                name=row.name,
                change=dict(row.change),
                has_own_baseline=row.baseline is not None,
                printed={ref.split("/")[0]: _printed(study, ref) for ref in row.published},
            )
            for row in study.rows
        ),
        claims=tuple(map(_claim_facts, claims_of(study))),
    )


def _printed(study: Study, reference: str) -> dict[str, str]:
    columns = study.printed.table(reference.split("/")[0]).columns
    return dict(zip(columns, study.printed.row(reference).values, strict=True))


def _claim_facts(claim: Claim) -> ClaimFacts:
    return ClaimFacts(id=claim.id, text=claim.text, note=claim.note or claim.untestable or None)
