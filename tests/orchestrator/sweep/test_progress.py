import io

import pytest
from rich.console import Console

from orchestrator.sweep.progress import SweepProgress
from reports.ledger.record import Epoch
from search_spaces.study import RowRef
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_config
from tests.reports.factories import make_circumstances, make_record


def make_trials(count: int) -> list[Trial]:
    reference = CorpusRef(name="mine", recipe="le", fingerprint="f")
    return [Trial(config=small_config(), corpus=reference, seed=seed) for seed in range(count)]


def make_epoch(number: int) -> Epoch:
    return Epoch(epoch=number, train_loss=1.0, valid_loss=1.0, valid={"f1": 0.625})


def watch(
    trials: list[Trial], *, terminal: bool, forecast_s: float | None = None
) -> tuple[SweepProgress, Console]:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None)
    missing = {trial.key: (trial, RowRef("small", "a [b] row")) for trial in trials}
    return SweepProgress(console, missing, 2, forecast_s), console


def shown(progress: SweepProgress, console: Console) -> str:
    with console.capture() as capture:
        console.print(progress.view())
    return capture.get()


def test_view_counts_trials_and_shows_the_running_ones() -> None:
    first, second, third = make_trials(3)
    progress, console = watch([first, second, third], terminal=True)
    assert "2 done, 0 running, 3 left; time left: not known yet" in shown(progress, console)
    progress.started(first)
    progress.started(second)
    progress.epoch_done(first, Epoch(epoch=0, train_loss=1.0, valid_loss=1.0, valid={"f1": 0.625}))
    text = shown(progress, console)
    assert "2 done, 2 running, 1 left; time left: not known yet" in text
    assert "a [b] row seed 0" in text
    assert "epoch 1/2" in text
    assert "valid F1 0.625" in text
    assert "epoch 0/2" in text


def test_time_left_is_that_of_the_epochs_left_at_the_pace_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, third = make_trials(3)
    progress, console = watch([first, second, third], terminal=True)
    clock = iter([10.0, 20.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    for trial in (first, second):
        for epoch in range(2):
            progress.epoch_done(trial, make_epoch(epoch))
    # The third trial's 2 epochs are left; 3 epochs took 10 s since the first ended.
    assert "time left: about 0:00:07" in shown(progress, console)


def test_time_left_is_that_of_the_forecast_until_there_is_a_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 10.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    progress, console = watch(make_trials(3), terminal=True, forecast_s=150.0)
    now_s = 40.0
    assert "time left: about 0:02:00" in shown(progress, console)
    now_s = 500.0
    assert "time left: about 0:00:00" in shown(progress, console)


def test_each_end_is_a_line_even_without_a_terminal() -> None:
    first, second = make_trials(2)
    progress, console = watch([first, second], terminal=False)
    with progress, console.capture() as capture:
        progress.started(first)
        progress.finished(make_record(first))
        progress.failed(second, "KeyError: '[/x]'\n\nTraceback")
    lines = capture.get().splitlines()
    assert lines[0].startswith("[  3/4] a [b] row seed 0: valid F1 ")
    assert lines[1] == "[  4/4] a [b] row seed 1: failed: KeyError: '[/x]'"


def test_trial_that_was_hit_is_told_and_stays_among_the_running() -> None:
    first, second = make_trials(2)
    progress, console = watch([first, second], terminal=False)
    with progress, console.capture() as capture:
        progress.started(first)
        progress.trouble(first, "its process was lost: goes on\nActorDiedError")
    assert capture.get() == "a [b] row seed 0: its process was lost: goes on\n"
    assert "2 done, 1 running, 1 left" in shown(progress, console)


def test_trial_that_went_on_from_a_checkpoint_says_so() -> None:
    (trial,) = make_trials(1)
    progress, console = watch([trial], terminal=False)
    circumstances = make_circumstances(resumed_from_epochs=(4, 6))
    with console.capture() as capture:
        progress.finished(make_record(trial, circumstances=circumstances))
    assert "valid F1 0.500 at epoch 1, went on after epoch 4, 6, 2.5 s" in capture.get()


def test_diverged_trial_ends_with_what_it_reached() -> None:
    first, second = make_trials(2)
    progress, console = watch([first, second], terminal=False)
    early, late = make_record(first), make_record(second)
    early = early.model_copy(
        update={
            "result": early.result.model_copy(
                update={"epochs": (), "best_epoch": -1, "diverged_at_epoch": 0}
            )
        }
    )
    late = late.model_copy(
        update={"result": late.result.model_copy(update={"diverged_at_epoch": 1})}
    )
    with progress, console.capture() as capture:
        progress.finished(early)
        progress.finished(late)
    lines = capture.get().splitlines()
    assert "seed 0: diverged in epoch 1, 2.5 s" in lines[0]
    assert "seed 1: valid F1 0.500 at epoch 1, diverged in epoch 2, 2.5 s" in lines[1]
