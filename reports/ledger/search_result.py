"""What a search has found: its candidates with their scores, and the importance of each field."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue

from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed, sealed
from models.configs.base import Config, later
from reports.ledger.files import write_atomically
from reports.ledger.ledger import LedgerError
from search_spaces.terms import Scale

FOLDER = "searches"
RESULT_FILE, JOURNAL_FILE = "search.json", "journal.log"

ObjectiveName = Literal["f1", "parameters", "macs"]
CandidateState = Literal["finished", "stopped", "failed", "running"]
SamplerName = Literal["tpe", "random"]


class Objective(Config):
    """What a search optimises: it maximises validation F1, and minimises a cost."""

    name: ObjectiveName

    @property
    def is_maximised(self) -> bool:
        """Whether more is better."""
        return self.name == "f1"


class Candidate(Config):
    """One point of the space: a system, the values of its active fields, and how its trial ended.

    `scores` are its objectives (`f1` on validation, a fraction); they are empty unless it is
    finished. `num_epochs` counts the epochs that it was trained. A candidate that was `stopped`
    early has `last_f1`. `valid_f1` is the F1 by the number of epochs. `is_best` marks the
    candidates on the Pareto front, or the best one if there is one objective. `from_ledger` says
    that its trial was finished before the search. `is_tried_again` marks a failed candidate that
    the next command trains again; any other failed one can have no score. `seed` is that of the
    trial: other than 0 in the repeats of a candidate.
    """

    number: int
    system: str
    values: Mapping[str, JsonValue]
    change: Mapping[str, JsonValue]
    state: CandidateState
    key: str = ""
    scores: Mapping[ObjectiveName, float] = Field(default={})
    num_epochs: int = 0
    last_f1: float | None = None
    valid_f1: Mapping[int, float] = later({})
    is_best: bool = False
    from_ledger: bool = False
    failure: str = ""
    is_tried_again: bool = later(default=False)
    seed: int = later(0)

    @property
    def has_ended(self) -> bool:
        """Whether it is decided how the candidate ended; one that is tried again has not."""
        return self.state != "running" and not self.is_tried_again


class Estimate(Config):
    """The mean and the standard deviation over at least two seeds; all values are fractions.

    `interval` is the two-sided 95 % Student t interval of the mean.
    """

    mean: float
    std: float
    interval: tuple[float, float]


class BaselineStatement(Config):
    """The baseline of a winner's system at the winner's fresh seeds; `gain` is paired by seed.

    `valid_to_test` is its validation F1 minus its test F1: nothing was chosen by its scores.
    """

    test: Estimate
    gain: Estimate
    valid_to_test: Estimate


class WinnerStatement(Config):
    """What is known of a winner: F1 over its fresh `seeds`, which had no part in its choice.

    `chosen_by` is the mean validation F1 over the `chosen_over` seeds that chose it. `optimism` is
    that score minus the validation F1 over fresh seeds. `valid_to_test` is validation F1 minus test
    F1, both over fresh seeds. `num_faulty` counts fresh seeds whose training diverged, or that
    decide the same for every validation utterance; their scores count as they are. `baseline` is
    None while the ledger lacks the baseline at one of these seeds. `read_before` names the
    candidates that won before, and whose test F1 the search has therefore read too.
    """

    number: int
    chosen_over: tuple[int, ...]
    chosen_by: float
    seeds: tuple[int, ...]
    valid: Estimate
    test: Estimate
    optimism: Estimate
    valid_to_test: Estimate
    num_faulty: int
    baseline: BaselineStatement | None
    read_before: tuple[int, ...] = ()


class SearchResult(Config):
    """A search on one corpus; F1 is always among the objectives.

    `importances` holds the importance of each field for each objective; those of one objective add
    up to 1. If there are none, `no_importances` says why. A candidate's change is applied to the
    baseline of its system; `baselines` names these by module and name, as in
    `search_spaces.systems.le:LE`. `sampler` drew the candidates: by what it had seen, or at random.
    `id` tells searches of one name in several storage folders apart; it is empty if an older
    version wrote the result. With `num_seeds` above 1, `repeats` are trials of the best candidates
    with more seeds. The `winner` is stated once all of these are finished.
    """

    space: str
    title: str
    corpus: str
    scale: Scale
    objectives: tuple[Objective, ...]
    baselines: Mapping[str, str]
    change: Mapping[str, JsonValue] = Field(default={})
    candidates: tuple[Candidate, ...]
    importances: Mapping[ObjectiveName, Mapping[str, float]] = Field(default={})
    no_importances: str = ""
    num_asked: int = 0
    sampler: SamplerName = later(default="tpe")
    id: str = later("")
    num_seeds: int = later(1)
    repeats: tuple[Candidate, ...] = later(())
    winner: WinnerStatement | None = later(None)

    @property
    def name(self) -> str:
        """The name of the search: that of its folder."""
        return name_search(self.space, self.corpus, self.scale, self.objectives, self.sampler)

    @property
    def place(self) -> tuple[str, str]:
        """The folder and the name under which files about the search are kept."""
        return FOLDER, self.name

    @property
    def attempts(self) -> tuple[Candidate, ...]:
        """The candidates, then their repeats."""
        return (*self.candidates, *self.repeats)

    @property
    def is_complete(self) -> bool:
        """Whether all candidates have ended, and the winner is stated if there are more seeds."""
        return self.has_all_candidates and (
            self.num_seeds == 1
            or self.winner is not None
            or not any(candidate.state == "finished" for candidate in self.candidates)
        )

    @property
    def has_all_candidates(self) -> bool:
        """Whether there are as many candidates as were asked for, and each has ended."""
        return len(self.candidates) >= self.num_asked and not any(
            candidate.state == "running" for candidate in self.candidates
        )


def name_search(
    space: str, corpus: str, scale: Scale, objectives: Sequence[Objective], sampler: SamplerName
) -> str:
    """Name a search; no other search of a storage folder has the name."""
    drawn = () if sampler == "tpe" else (sampler,)
    return "-".join([space, corpus, scale, *(one.name for one in objectives), *drawn])


def search_folder(name: str, storage: Path) -> Path:
    """Return the folder of a search."""
    return storage / FOLDER / name


def write_result(result: SearchResult, folder: Path) -> Path:
    """Write the result of a search so far; equal results give equal bytes."""
    path = folder / RESULT_FILE
    write_atomically(path, sealed(result))
    return path


def read_searches(storage: Path) -> list[SearchResult]:
    """Read the results of all searches, ordered by name.

    Raises:
        LedgerError: If a file is damaged.
    """
    return [_read(path) for path in sorted((storage / FOLDER).glob(f"*/{RESULT_FILE}"))]


def _read(path: Path) -> SearchResult:
    try:
        result = parse_sealed(path.read_bytes(), SearchResult)
        if result.name != path.parent.name:
            raise ParseError(f"it is the result of search '{result.name}'")
    except ParseError as error:
        raise LedgerError(
            f"result '{path}' is damaged, or another version wrote it: {error}; move it away and "
            "run `mmer-sweep tune` again: finished trials are not trained again"
        ) from error
    return result
