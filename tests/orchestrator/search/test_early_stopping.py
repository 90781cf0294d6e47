from typing import Any

import pytest
from ray.tune.schedulers import TrialScheduler

from orchestrator.candidates.rungs import GRACE_EPOCHS, REDUCTION
from orchestrator.search.early_stopping import EarlyStopping
from orchestrator.sweep.messages import Manner, Trouble, WorkOrder, result_of
from search_spaces.study import RowRef
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_config

STOP, CONTINUE = TrialScheduler.STOP, TrialScheduler.CONTINUE
NUM_EPOCHS = 9


def config_of(trial: Trial) -> dict[str, str]:
    """Return what Tune has of a trial that is trained."""
    order = WorkOrder(
        trial=trial,
        trained_for=RowRef("study", "row"),
        micro_batch_size=None,
        share=None,
        manner=Manner("storage", keeps_model=False, on_gpu=False, is_deterministic=False),
    )
    return order.config()


class FromTune:
    """A trial as Tune shows it, under a name that Tune gave it."""

    def __init__(self, seed: int, trial_id: str = "") -> None:
        self.trial_id = trial_id or f"tune-{seed}"
        self.ours = Trial(
            config=small_config(max_epochs=NUM_EPOCHS),
            corpus=CorpusRef(name="mine", recipe="le", fingerprint="f"),
            seed=seed,
        )
        self.config = config_of(self.ours)


def report(stopping: EarlyStopping, trial: Any, num_epochs: int, f1: float) -> str:
    return stopping.on_trial_result(None, trial, {"num_epochs": num_epochs, "valid_f1": f1})


@pytest.fixture
def stopping() -> EarlyStopping:
    return EarlyStopping(NUM_EPOCHS)


def test_worse_than_the_best_third_is_stopped_at_the_rungs(stopping: EarlyStopping) -> None:
    """At a rung a trial goes on if it is at least the 67th percentile of those before it."""
    assert (GRACE_EPOCHS, REDUCTION) == (2, 3)
    for seed, (f1, action) in enumerate(
        [(0.3, CONTINUE), (0.6, CONTINUE), (0.4, STOP), (0.5, CONTINUE), (0.45, STOP)]
    ):
        trial = FromTune(seed)
        stopping.on_trial_add(None, trial)  # type: ignore[arg-type]
        assert report(stopping, trial, 1, 0.0) == CONTINUE
        assert report(stopping, trial, GRACE_EPOCHS, f1) == action
        assert (trial.ours.key in stopping.stopped) == (action == STOP)


def test_report_without_a_score_is_no_reason_to_stop(stopping: EarlyStopping) -> None:
    report(stopping, FromTune(0), GRACE_EPOCHS, 0.5)
    trial: Any = FromTune(1)
    assert (
        stopping.on_trial_result(None, trial, result_of(Trouble(reason="out of memory")))
        == CONTINUE
    )


def test_trial_that_comes_back_is_judged_once_a_rung(stopping: EarlyStopping) -> None:
    report(stopping, FromTune(0, "first"), GRACE_EPOCHS, 0.5)
    report(stopping, FromTune(0, "second"), GRACE_EPOCHS + 1, 0.9)
    assert report(stopping, FromTune(1), GRACE_EPOCHS, 0.6) == CONTINUE  # the .9 is no rung's


def test_what_an_earlier_run_saw_counts(stopping: EarlyStopping) -> None:
    stopping.remember("known", {1: 0.1, GRACE_EPOCHS: 0.5, 3: 0.9})
    assert report(stopping, FromTune(0), GRACE_EPOCHS, 0.4) == STOP
    assert report(stopping, FromTune(1), GRACE_EPOCHS, 0.6) == CONTINUE
    assert "known" not in stopping.stopped


def test_what_another_driver_sees_counts_once(stopping: EarlyStopping) -> None:
    """It is told again and again, as far as it has come."""
    for num_epochs in range(GRACE_EPOCHS, NUM_EPOCHS):
        stopping.remember("known", {n: 0.5 + n / 100 for n in range(1, num_epochs + 1)})
    rungs = dict(stopping._brackets[0]._rungs)
    first, second = GRACE_EPOCHS, GRACE_EPOCHS * REDUCTION
    assert rungs == {second: {"known": 0.5 + second / 100}, first: {"known": 0.5 + first / 100}}


def test_trial_is_not_stopped_in_its_last_epoch() -> None:
    stopping = EarlyStopping(2 * NUM_EPOCHS)
    rung = GRACE_EPOCHS * REDUCTION
    stopping.remember("known", {rung: 0.9})
    short: Any = FromTune(0)
    short.ours = short.ours.model_copy(update={"config": small_config(max_epochs=rung)})
    short.config = config_of(short.ours)
    assert report(stopping, short, rung, 0.1) == CONTINUE
    assert report(stopping, FromTune(1), rung, 0.1) == STOP


def test_trial_that_tune_has_done_with_stays_known(stopping: EarlyStopping) -> None:
    trial: Any = FromTune(0)
    report(stopping, trial, GRACE_EPOCHS, 0.5)
    stopping.on_trial_complete(None, trial, {"num_epochs": GRACE_EPOCHS, "valid_f1": 0.5})
    stopping.on_trial_remove(None, trial)
    assert report(stopping, FromTune(1), GRACE_EPOCHS, 0.4) == STOP


def test_training_shorter_than_the_grace_is_never_stopped() -> None:
    stopping = EarlyStopping(1)
    stopping.remember("known", {1: 0.9})
    assert report(stopping, FromTune(0), 1, 0.1) == CONTINUE
