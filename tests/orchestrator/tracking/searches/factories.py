"""A search that nobody ran: its result, the records of its trials, and what an MLflow then has."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow.entities import Run

from reports.ledger.search_result import Candidate, SearchResult, search_folder
from reports.search.files import write_search
from search_spaces.change import apply_change
from search_spaces.trial import Trial, TrialConfig
from tests.orchestrator.tracking.factories import NUM_EPOCHS, record_trial, runs_of
from tests.reports.factories import make_trial
from tests.reports.search.factories import make_candidate, make_result

F1 = {1: 0.5, 2: 0.6, 3: 0.7}
"""What `tests.orchestrator.tracking.factories.make_epoch` has, by the number of epochs."""


def trial_of(number: int, seed: int = 0) -> Trial:
    """Make the trial of a candidate: it has an audio encoder of its own depth."""
    return make_trial(seed, apply_change(TrialConfig(), {"model.audio.depth": number + 1}))


def candidate(number: int, f1: float | None = None, **changes: Any) -> Candidate:
    """Make a candidate; it is finished if it has an F1."""
    given: dict[str, Any] = {
        "values": {"model.audio.depth": number + 1, "training.learning_rate": 10.0**-number},
        "change": {"model.audio.depth": number + 1, "training.learning_rate": 10.0**-number},
        "key": trial_of(number).key,
        "num_epochs": NUM_EPOCHS,
        "valid_f1": F1,
    }
    return make_candidate(number, f1, **(given | changes))


def stopped(number: int, **changes: Any) -> Candidate:
    """Make a candidate that was stopped early after two epochs."""
    early: dict[str, Any] = {"num_epochs": 2, "last_f1": 0.6, "valid_f1": {1: 0.5, 2: 0.6}}
    return candidate(number, state="stopped", **(early | changes))


def running(number: int) -> Candidate:
    return candidate(number, state="running", num_epochs=0, valid_f1={})


def rejected(number: int) -> Candidate:
    """Make a candidate that is no valid model, so it has no trial."""
    failed: dict[str, Any] = {
        "failure": "heads do not divide the width\nand more",
        "num_epochs": 0,
        "valid_f1": {},
    }
    return candidate(number, state="failed", key="", **failed)


def search_of(*candidates: Candidate, **changes: Any) -> SearchResult:
    given = {"title": "Depths", "space": "depths", "id": "0123456789abcdef"}
    return make_result(*candidates, **(given | changes))


def write(storage: Path, result: SearchResult) -> SearchResult:
    """Record the trials of what is finished, and write the files of the search."""
    for one in result.attempts:
        if one.state == "finished":
            record_trial(storage, trial_of(one.number, one.seed))
    write_search(result, search_folder(result.name, storage))
    return result


def small_search(storage: Path) -> SearchResult:
    """Write a search in which everything happened; candidate 1 is the best."""
    best = candidate(1, 0.75, is_best=True)
    return write(storage, search_of(candidate(0, 0.5), best, stopped(2), rejected(3)))


def candidates_of(tracking_uri: str) -> Mapping[int, Run]:
    """Return the runs of candidates by their numbers; there is one for each."""
    runs = runs_of(tracking_uri, "candidate")
    by_number = {int(run.data.tags["candidate"]): run for run in runs}
    assert len(by_number) == len(runs)
    return by_number
