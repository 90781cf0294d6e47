from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import ray
import torch
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.search import Searcher

from orchestrator.cluster.assignment import Assignment, Share
from orchestrator.failures.failure import TrialFailure, failure_of
from orchestrator.sweep import tune_adapters, worker
from orchestrator.sweep.messages import (
    EpochDone,
    Failure,
    FinalReport,
    Manner,
    OutOfMemory,
    Placed,
    Unreached,
    WorkOrder,
    order_in,
    report_in,
    result_of,
)
from orchestrator.sweep.supply import Loss, TrialSupply
from orchestrator.sweep.tune_adapters import QueueSearcher, TuneListener
from orchestrator.trial.conditions import Conditions
from reports.ledger.record import Epoch
from search_spaces.study import RowRef
from search_spaces.trial import CorpusRef, Trial
from tests.cuda_driver import pretended_gpus
from tests.orchestrator.factories import small_config

TRIAL = Trial(
    config=small_config(), corpus=CorpusRef(name="mine", recipe="le", fingerprint="f"), seed=0
)
EPOCH = Epoch(epoch=0, train_loss=1.0, valid_loss=1.0, valid={"f1": 0.5})


MANNER = Manner("storage", keeps_model=False, on_gpu=False, is_deterministic=True)


def order_to(place: Path, *, on_gpu: bool = False, share: Share | None = None) -> WorkOrder:
    return WorkOrder(
        trial=TRIAL,
        trained_for=RowRef("study", "row"),
        micro_batch_size=None,
        share=share,
        manner=MANNER._replace(place=str(place), on_gpu=on_gpu),
    )


class Ended:
    """What the queue is told of the end of a trial."""

    def __init__(self) -> None:
        self.told: list[str | Loss | None] = []

    def started(self, trial: Trial) -> None:
        pass

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        pass

    def ended(self, trial: Trial, failure: TrialFailure | None) -> None:
        self.told.append(failure.reason if failure else None)

    def lost(self, trial: Trial, loss: Loss) -> None:
        self.told.append(loss)


class FromTune:
    """A trial as Tune shows it, which ended with an error of its process."""

    trial_id = "t1"

    def __init__(self, folder: Path, error: Exception) -> None:
        self.config = order_to(folder).config()
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
    """After a fault of the GPU whatever asks it for anything fails, and says something else."""

    def fault(*_: object, conditions: Conditions, **__: object) -> None:
        capped.append(torch.cuda.get_per_process_memory_fraction(conditions.device))
        driver.fault = RuntimeError("CUDA error: asked again")
        raise RuntimeError("CUDA error: an illegal memory access")

    capped: list[float] = []
    (tmp_path / "corpora" / "mine" / "le").mkdir(parents=True)
    monkeypatch.setenv("PYTORCH_ALLOC_CONF", "")  # else it is set, and stays
    monkeypatch.setattr("orchestrator.trial.run.run_trial", fault)
    config = order_to(tmp_path, on_gpu=True, share=Share(2, 400.0)).config()
    with (
        pretended_gpus(total_mib=1000.0) as driver,
        pytest.raises(RuntimeError, match="illegal memory access"),
    ):
        worker.train_assignment(config)
    assert capped == [0.4]
    placed, told = map(report_in, reports)
    assert isinstance(placed, Placed)
    assert isinstance(told, Failure)
    assert told.failure.workplace == placed.workplace
    assert told.failure.cause == "gpu"
    assert told.failure.summary == "RuntimeError: CUDA error: an illegal memory access"
    assert told.failure.details.startswith("Traceback")


def test_memory_that_runs_out_on_a_cpu_ends_the_process(
    tmp_path: Path, reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is raised is what the trial would go on from in the same process elsewhere."""

    def run(*_: object, conditions: Conditions, **__: object) -> None:
        assert not conditions.halves_batches
        raise RuntimeError("could not create a primitive")

    (tmp_path / "corpora" / "mine" / "le").mkdir(parents=True)
    monkeypatch.setattr("orchestrator.trial.run.run_trial", run)
    with pytest.raises(RuntimeError, match="could not create a primitive"):
        worker.train_assignment(order_to(tmp_path).config())
    assert [*map(report_in, reports[1:])] == [OutOfMemory(reason="could not create a primitive")]


def test_storage_out_of_reach_is_reported_as_such(
    tmp_path: Path, reports: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reach(place: str, trial: Trial) -> Path:
        raise worker.UnreachedStorageError("machine 'm' does not reach 's'")

    monkeypatch.setattr(worker, "reach_storage", reach)
    with pytest.raises(worker.UnreachedStorageError):
        worker.train_assignment(order_to(tmp_path).config())
    assert [*map(report_in, reports)] == [Unreached(reason="machine 'm' does not reach 's'")]


def supply_of(shares: Iterable[Share | None], max_trials: int | None = None) -> QueueSearcher:
    """Supply trials of some shares; without one, two run at once."""
    assignments = iter([Assignment(TRIAL, RowRef("s", "r"), share=share) for share in shares])
    queue = SimpleNamespace(next=lambda: next(assignments), is_done=False, gpu_kinds=set())
    signals = SimpleNamespace(seen=None)
    return QueueSearcher(
        cast(Any, queue),
        cast(Any, signals),
        MANNER,
        lambda share: 2 if share is None else share.num_at_once,
        max_trials=max_trials,
    )


def test_trials_are_taken_up_to_the_number_that_is_wanted_now() -> None:
    supply = supply_of([None] * 3)
    assert [bool(supply.suggest(trial_id)) for trial_id in ("t1", "t2", "t3")] == [1, 1, 0]
    supply.on_trial_complete("t1", error=True)
    assert supply.suggest("t4")


def test_worker_is_told_how_to_train() -> None:
    told = order_in(supply_of([None]).suggest("t1"))
    assert told == WorkOrder(
        trial=TRIAL,
        trained_for=RowRef("s", "r"),
        micro_batch_size=None,
        share=None,
        manner=MANNER,
    )


def test_run_of_tune_ends_after_so_many_trials() -> None:
    supply = supply_of([None] * 3, max_trials=2)
    for trial_id in ("t1", "t2"):
        assert supply.suggest(trial_id) not in (None, Searcher.FINISHED)
        supply.on_trial_complete(trial_id)
    assert supply.suggest("t3") == Searcher.FINISHED


def test_trials_of_unequal_shares_are_taken_until_they_fill_the_device() -> None:
    half, third = Share(2, 500.0), Share(3, 333.0)
    supply = supply_of([half, third, third, third])
    taken = [supply.suggest(trial_id) for trial_id in ("t1", "t2", "t3", "t4")]
    assert [one and order_in(one).share for one in taken] == [half, third, third, None]


def test_each_kind_of_gpu_is_filled_by_itself() -> None:
    of_a100, of_t4 = Share(2, 500.0, "A100"), Share(1, 500.0, "T4")
    supply = supply_on_kinds([of_a100, of_t4, of_a100, of_t4, of_a100], {})
    kinds = [kind_of(supply.suggest(trial_id)) for trial_id in ("t1", "t2", "t3", "t4")]
    assert kinds == ["A100", "T4", "A100", None]
    supply.on_trial_complete("t2")
    assert kind_of(supply.suggest("t5")) == "T4"


def test_trials_for_a_kind_without_a_machine_come_last_and_one_at_a_time() -> None:
    """With one slot, a trial that waits for a machine would keep all others from theirs."""
    of_a100, of_t4 = Share(2, 500.0, "A100"), Share(1, 500.0, "T4")
    places = {"A100": 0}
    supply = supply_on_kinds([of_a100, of_t4, of_a100, of_t4, of_a100], places)
    for trial_id in ("t1", "t2"):
        assert kind_of(supply.suggest(trial_id)) == "T4"
        supply.on_trial_complete(trial_id)
    assert [kind_of(supply.suggest(trial_id)) for trial_id in ("t3", "t4")] == ["A100", None]
    places["A100"] = 2
    assert [kind_of(supply.suggest(trial_id)) for trial_id in ("t5", "t6")] == ["A100", None]


def supply_on_kinds(shares: Iterable[Share], places: Mapping[str, int]) -> QueueSearcher:
    """Supply trials for kinds of GPU, of which some have other places than one GPU has."""
    waiting = list(shares)

    def hand_out(*full: str) -> Assignment | None:
        free = (share for share in waiting if share.gpu_kind not in full)
        if (share := next(free, None)) is None:
            return None
        waiting.remove(share)
        return Assignment(TRIAL, RowRef("s", "r"), share=share)

    supply, kinds = supply_of([]), {share.gpu_kind for share in waiting}
    supply._supply = cast(Any, SimpleNamespace(next=hand_out, is_done=False, gpu_kinds=kinds))
    supply._count_now = lambda share: places.get(
        cast(Share, share).gpu_kind or "", cast(Share, share).num_at_once
    )
    return supply


def kind_of(suggested: dict[str, Any] | None) -> str | None:
    share = order_in(suggested).share if suggested else None
    return share and share.gpu_kind


@pytest.mark.parametrize(
    ("reported", "told"),
    [
        (Failure(failure=failure_of("training", "KeyError: 'x'")), "KeyError: 'x'"),
        (Unreached(reason="no mount"), Loss("no mount", never_began=True)),
        (OutOfMemory(reason="1 MiB"), Loss("1 MiB", is_out_of_memory=True)),
        (None, "KeyError: 'raised'"),
    ],
)
def test_what_a_trial_reported_comes_before_the_error_of_its_process(
    tmp_path: Path, reported: FinalReport | None, told: str | Loss
) -> None:
    queue, trial = Ended(), cast(TuneTrial, FromTune(tmp_path, KeyError("raised")))
    listener = TuneListener(cast(TrialSupply, queue), is_local=True)
    listener.on_trial_result(0, [], trial, result_of(reported) if reported else {})
    listener.on_trial_error(0, [], trial)
    assert queue.told == [told]


@pytest.mark.parametrize(("kills", "is_out_of_memory"), [((0, 1, 1), False), ((0, 1, 2), True)])
def test_kill_for_memory_counts_since_the_last_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: tuple[int, ...], is_out_of_memory: bool
) -> None:
    """The counter is the machine's: a kill before the last epoch hit another process."""
    counts = iter(kills)
    monkeypatch.setattr(tune_adapters, "count_memory_kills", lambda: next(counts))
    lost = ray.exceptions.ActorDiedError()
    queue, trial = Ended(), cast(TuneTrial, FromTune(tmp_path, lost))
    listener = TuneListener(cast(TrialSupply, queue), is_local=True)
    listener.on_trial_start(0, [], trial)
    listener.on_trial_result(0, [], trial, result_of(EpochDone(epoch=EPOCH)))
    listener.on_trial_error(0, [], trial)
    (loss,) = queue.told
    assert isinstance(loss, Loss)
    assert loss.is_out_of_memory == is_out_of_memory
