from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import ray
from ray.tune.experiment import Trial as TuneTrial

from orchestrator import on_worker, tune_hooks
from orchestrator.trial_supply import Loss, TrialSupply
from orchestrator.tune_hooks import Announcer, SupplySearcher
from reports.record import Epoch
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_config

TRIAL = Trial(
    config=small_config(), corpus=CorpusRef(name="mine", recipe="le", fingerprint="f"), seed=0
)
EPOCH = Epoch(epoch=0, train_loss=1.0, valid_loss=1.0, valid={"f1": 0.5})


def config_of(storage: Path) -> dict[str, Any]:
    assignment = {
        "trial": TRIAL.model_dump_json(),
        "for": ["study", "row"],
        "place": str(storage),
        "micro_batch_size": None,
        "on_gpu": False,
        "keeps_model": False,
    }
    return {"assignment": assignment}


class Ended:
    """What the queue is told of the end of a trial."""

    def __init__(self) -> None:
        self.told: list[str | Loss | None] = []

    def started(self, trial: Trial) -> None:
        pass

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        pass

    def ended(self, trial: Trial, failure: str | None) -> None:
        self.told.append(failure)

    def lost(self, trial: Trial, loss: Loss) -> None:
        self.told.append(loss)


class FromTune:
    """A trial as Tune shows it, which ended with an error of its process."""

    trial_id = "t1"

    def __init__(self, folder: Path, error: Exception) -> None:
        self.config = config_of(folder)
        file = folder / "error.pkl"
        file.write_bytes(ray.cloudpickle.dumps(error))
        self.pickled_error_file = str(file)


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    reported: list[dict[str, Any]] = []
    monkeypatch.setattr("ray.tune.report", reported.append)
    return reported


def test_failure_is_reported_and_ends_the_process(
    tmp_path: Path, reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access")

    (tmp_path / "corpora" / "mine" / "le").mkdir(parents=True)
    monkeypatch.setattr("orchestrator.run_trial.run_trial", fault)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        on_worker.train_assignment(config_of(tmp_path))
    ((kind, told),) = reports[0].items()
    assert kind == "failure"
    assert told.startswith("RuntimeError: CUDA error: an illegal memory access\n\nTraceback")


def test_storage_out_of_reach_is_reported_as_such(
    tmp_path: Path, reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reach(place: str, trial: Trial) -> Path:
        raise on_worker.UnreachedStorageError("machine 'm' does not reach 's'")

    monkeypatch.setattr(on_worker, "reach_storage", reach)
    with pytest.raises(on_worker.UnreachedStorageError):
        on_worker.train_assignment(config_of(tmp_path))
    assert reports == [{"unreached": "machine 'm' does not reach 's'"}]


@pytest.mark.parametrize(("num_running", "is_asked"), [(2, False), (1, True)])
def test_trials_are_taken_up_to_the_number_that_is_wanted_now(
    tmp_path: Path, num_running: int, is_asked: bool
) -> None:
    asked: list[int] = []

    def following() -> None:
        asked.append(num_running)

    queue = SimpleNamespace(num_running=num_running, next=following, is_done=False)
    signals = SimpleNamespace(seen=None)
    supply = SupplySearcher(cast(Any, queue), cast(Any, signals), tmp_path, False, False, lambda: 2)
    assert supply.suggest("t1") is None
    assert bool(asked) == is_asked


@pytest.mark.parametrize(
    ("reported", "told"),
    [
        ({"failure": "KeyError: 'x'"}, "KeyError: 'x'"),
        ({"unreached": "no mount"}, Loss("no mount", never_began=True)),
        ({}, "raised"),
    ],
)
def test_what_a_trial_reported_comes_before_the_error_of_its_process(
    tmp_path: Path, reported: dict[str, Any], told: str | Loss
) -> None:
    queue, trial = Ended(), cast(TuneTrial, FromTune(tmp_path, KeyError("raised")))
    announcer = Announcer(cast(TrialSupply, queue), is_local=True)
    announcer.on_trial_result(0, [], trial, reported)
    announcer.on_trial_error(0, [], trial)
    assert queue.told == [told if reported else "'raised'"]


@pytest.mark.parametrize(("kills", "is_out_of_memory"), [((0, 1, 1), False), ((0, 1, 2), True)])
def test_kill_for_memory_counts_since_the_last_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: tuple[int, ...], is_out_of_memory: bool
) -> None:
    """The counter is the machine's: a kill before the last epoch hit another process."""
    counts = iter(kills)
    monkeypatch.setattr(tune_hooks, "count_memory_kills", lambda: next(counts))
    lost = ray.exceptions.ActorDiedError()
    queue, trial = Ended(), cast(TuneTrial, FromTune(tmp_path, lost))
    announcer = Announcer(cast(TrialSupply, queue), is_local=True)
    announcer.on_trial_start(0, [], trial)
    announcer.on_trial_result(0, [], trial, {"epoch": EPOCH.model_dump_json()})
    announcer.on_trial_error(0, [], trial)
    (loss,) = queue.told
    assert isinstance(loss, Loss)
    assert loss.is_out_of_memory == is_out_of_memory
