"""The content of a report, before a form prints it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from reports.document.trial_line import TrialLine
from reports.ledger.record import Record
from reports.lint.checks import Lint
from reports.scores.cells import Outcome
from reports.scores.environment import Environment
from reports.scores.names import corpus_title
from reports.tables.table import Table
from reports.verdicts.judgement import Judged
from search_spaces.catalogue import STUDIES
from search_spaces.study import RowRef, Study
from search_spaces.terms import Scale


@dataclass(frozen=True)
class Picture:
    """A figure whose files are written; `files` holds them by suffix: pdf, png and csv.

    `corpus` is the title of the corpus that it is about.
    """

    title: str
    caption: str
    files: Mapping[str, Path]
    corpus: str


@dataclass(frozen=True)
class Addresses:
    """Where the report links to, by the keys of trials: their records, and their runs in MLflow.

    A trial whose record or run cannot be reached from the report has no address.
    """

    records: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, str] = field(default_factory=dict)


class Place(NamedTuple):
    """A corpus at a scale."""

    corpus: str
    scale: Scale

    @property
    def title(self) -> str:
        """The place in words, as in `IEMOCAP, paper scale`."""
        return f"{corpus_title(self.corpus)}, {self.scale} scale"

    @property
    def folder(self) -> str:
        """The name of the folder for its files."""
        return f"{self.corpus}-{self.scale}"


@dataclass(frozen=True)
class Progress:
    """The number of finished trials of a study in one place; rows of equal config share trials."""

    place: Place
    num_finished: int
    num_planned: int

    @property
    def text(self) -> str:
        """The numbers with their place, as in `IEMOCAP, paper scale: 29 of 30`."""
        return f"{self.place.title}: {self.num_finished} of {self.num_planned}"


@dataclass(frozen=True)
class Chapter:
    """One study on all its corpora; `name` is safe as a file name and as an anchor.

    `tables` holds every variant; the one beside the published values comes first.
    """

    name: str
    study: Study
    outcomes: tuple[Outcome, ...]
    tables: tuple[Table, ...]
    judged: tuple[Judged, ...]
    pictures: tuple[Picture, ...]

    @property
    def progress(self) -> tuple["Progress", ...]:
        """The progress of its trials on each corpus."""
        return tuple(count_finished(outcome) for outcome in self.outcomes)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of its planned trials."""
        every = (keys for outcome in self.outcomes for keys in outcome.every_planned.values())
        return frozenset(chain.from_iterable(every))


@dataclass(frozen=True)
class Report:
    """Everything that the report shows.

    `model_pictures` are figures of trained models; `not_drawn` says which of them are missing, and
    why. `lint` checks the papers of the report's studies; None if the studies have no paper.
    """

    chapters: tuple[Chapter, ...]
    model_pictures: tuple[Picture, ...]
    not_drawn: tuple[str, ...]
    lint: Lint | None
    environment: Environment
    trials: tuple[TrialLine, ...]
    addresses: Addresses = Addresses()

    @property
    def judged(self) -> tuple[Judged, ...]:
        """The claims of all studies."""
        return tuple(one for chapter in self.chapters for one in chapter.judged)

    @cached_property
    def chapters_of_trials(self) -> dict[str, list[str]]:
        """The names of the chapters in which each trial has a part, by its key."""
        names: dict[str, list[str]] = {}
        for chapter in self.chapters:
            for key in chapter.keys:
                names.setdefault(key, []).append(chapter.name)
        return names

    @property
    def trials_by_place(self) -> dict[Place, dict[RowRef, tuple[Record, ...]]]:
        """The finished trials of every row in every place; equal built-in rows share trials."""
        places: dict[Place, dict[RowRef, tuple[Record, ...]]] = {}
        for chapter in self.chapters:
            for outcome in chapter.outcomes:
                rows = places.setdefault(place_of(outcome), {})
                for row, keys in outcome.planned.items():
                    finished = (outcome.records[key] for key in keys if key in outcome.records)
                    rows[RowRef(chapter.study.name, row)] = tuple(finished)
                rows |= {ref: of_row for ref, of_row in _equal_rows(outcome) if not rows.get(ref)}
        return places


def _equal_rows(outcome: Outcome) -> Iterator[tuple[RowRef, tuple[Record, ...]]]:
    """Find the finished trials that rows of built-in studies share."""
    by_config: dict[str, list[Record]] = {}
    for record in outcome.records.values():
        by_config.setdefault(record.trial.config.model_dump_json(), []).append(record)
    for study in STUDIES.values():
        for row, config in study.configs(outcome.family, outcome.trained_scale).items():
            if found := by_config.get(config.model_dump_json()):
                yield RowRef(study.name, row), tuple(found)


def place_of(outcome: Outcome) -> Place:
    """Return the corpus and the scale of an outcome."""
    return Place(outcome.corpus, outcome.trained_scale)


def count_finished(outcome: Outcome) -> Progress:
    """Count the trials of a study in one place."""
    planned = {key for keys in outcome.every_planned.values() for key in keys}
    return Progress(place_of(outcome), len(outcome.every_record), len(planned))
