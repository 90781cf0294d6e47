import io

from rich.console import Console

from orchestrator.failures.failure import failure_of
from orchestrator.live.progress import SweepProgress
from reports.ledger.record import Record
from search_spaces.trial import Trial
from tests.orchestrator.live.live_bench import LiveBench
from tests.reports.factories import make_circumstances, make_record


class Shown:
    """What a sweep of two trials of one row prints without a terminal."""

    def __init__(self) -> None:
        self.bench = LiveBench("a [b] row", "a [b] row")
        self.printed = io.StringIO()
        console = Console(file=self.printed, width=100, color_system=None)
        self.progress = SweepProgress(console, self.bench.live)

    def finish(self, record: Record) -> None:
        for watcher in (self.bench.live, self.progress):
            watcher.finished(record)

    def fail(self, trial: Trial, reason: str) -> None:
        for watcher in (self.bench.live, self.progress):
            watcher.failed(trial, failure_of("training", reason))

    def lines(self) -> list[str]:
        return self.printed.getvalue().splitlines()


def test_each_end_is_a_line_even_without_a_terminal() -> None:
    shown = Shown()
    first, second = shown.bench.trials
    with shown.progress:
        shown.finish(make_record(first))
        shown.fail(second, "KeyError: '[/x]'\n\nTraceback")
    lines = shown.lines()
    assert lines[0].startswith("[  3/4] a [b] row seed 0: valid F1 ")
    assert lines[1] == "[  4/4] a [b] row seed 1: failed: KeyError: '[/x]'"


def test_trial_that_was_hit_is_told() -> None:
    shown = Shown()
    with shown.progress:
        shown.progress.trouble(shown.bench.trials[0], "its process was lost: goes on\nActorDied")
    assert shown.lines() == ["a [b] row seed 0: its process was lost: goes on"]


def test_trial_that_went_on_from_a_checkpoint_says_so() -> None:
    shown = Shown()
    circumstances = make_circumstances(resumed_from_epochs=(4, 6))
    shown.finish(make_record(shown.bench.trials[0], circumstances=circumstances))
    assert "valid F1 0.500 at epoch 1, went on after epoch 4, 6, 2.5 s" in shown.lines()[0]


def test_diverged_trial_ends_with_what_it_reached() -> None:
    shown = Shown()
    early, late = map(make_record, shown.bench.trials)
    nothing = {"epochs": (), "best_epoch": -1, "diverged_at_epoch": 0}
    early = early.model_copy(update={"result": early.result.model_copy(update=nothing)})
    diverged = late.result.model_copy(update={"diverged_at_epoch": 1})
    shown.finish(early)
    shown.finish(late.model_copy(update={"result": diverged}))
    lines = shown.lines()
    assert "seed 0: diverged in epoch 1, 2.5 s" in lines[0]
    assert "seed 1: valid F1 0.500 at epoch 1, diverged in epoch 2, 2.5 s" in lines[1]


def test_terminal_says_at_once_that_a_sweep_stops() -> None:
    bench = LiveBench("deep")
    printed = io.StringIO()
    console = Console(file=printed, width=80, force_terminal=True, color_system=None)
    with SweepProgress(console, bench.live):
        bench.live.is_stopping = lambda: True
    assert "0 running, 1 left; stopping: what is finished is kept" in printed.getvalue()


def test_terminal_shows_the_running_trials_below() -> None:
    bench = LiveBench("deep")
    printed = io.StringIO()
    console = Console(file=printed, width=80, force_terminal=True, color_system=None)
    with SweepProgress(console, bench.live):
        bench.live.started(bench.trials[0])
    assert "deep seed 0" in printed.getvalue()
