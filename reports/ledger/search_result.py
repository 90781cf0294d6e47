"""What a search has found: its candidates with their scores, and what they tell of the space."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue

from models.configs.base import Config
from search_spaces.terms import Scale

ObjectiveName = Literal["f1", "parameters", "macs"]
CandidateState = Literal["finished", "stopped", "failed", "running"]


class Objective(Config):
    """What is searched for: validation F1 as high, or a cost as low as can be."""

    name: ObjectiveName

    @property
    def is_maximised(self) -> bool:
        """Whether more is better."""
        return self.name == "f1"


class Candidate(Config):
    """One point of the space: a system, the values of the fields that are on, and its trial's end.

    `scores` are its objectives (`f1` on validation, a fraction), empty unless it is finished;
    `num_epochs` is how far it was trained; a candidate that was `stopped` early has `last_f1`.
    `is_best` marks the Pareto front, or the one best where there is one objective. `from_ledger`
    says that its trial was finished before.
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
    is_best: bool = False
    from_ledger: bool = False
    failure: str = ""


class SearchResult(Config):
    """A search on one corpus; `importances` are of each objective, by field, and add up to 1.

    Where there are none `no_importances` says why. F1 is always among the objectives. `baselines`
    says, for each system of the space, where the baseline is that a candidate's change is applied
    to: a module and a name in it, as in `search_spaces.systems.le:LE`.
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
