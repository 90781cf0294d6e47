import io

import pytest
from rich.console import Console

from orchestrator.failures.failure import failure_of
from orchestrator.failures.workplace import Workplace
from orchestrator.live.view import live_view, sparkline
from tests.orchestrator.live.live_bench import LiveBench, epoch
from tests.reports.factories import make_circumstances, make_record

HERE = Workplace(host="alpha", process=7, device="cuda:1")


def test_trials_keep_their_slots_until_they_end() -> None:
    bench = LiveBench("a", "b", "c")
    first, second, third = bench.trials
    bench.live.started(first)
    bench.live.started(second)
    bench.live.started(first)  # again, its process lost
    bench.live.finished(make_record(first))
    bench.live.started(third)
    state = bench.live.state("alpha:1:2", 5)
    assert [(one.slot, one.row) for one in state.running] == [(1, "c"), (2, "b")]
    assert (state.num_finished, state.num_left, state.num_trials) == (3, 0, 5)
    assert (state.driver, state.num_waiting_for_mlflow) == ("alpha:1:2", 5)


def test_lost_trial_gives_its_slot_back_and_keeps_its_scores() -> None:
    bench = LiveBench("a", "b")
    first, second = bench.trials
    bench.live.started(first)
    bench.live.placed(first, HERE)
    bench.live.epoch_done(first, epoch(0, 0.25))
    bench.live.lost(first)
    assert (bench.live.state().running, bench.live.state().num_left) == ((), 2)
    bench.live.started(second)
    bench.live.started(first)
    bench.live.epoch_done(first, epoch(0, 0.5))  # the epoch that was lost, once more
    one = bench.live.state().running[1]
    assert (one.slot, one.host, one.scores) == (2, None, (0.5,))


def test_trial_that_failed_here_and_was_finished_elsewhere_counts_once() -> None:
    bench = LiveBench("a", "b")
    trial = bench.trials[0]
    bench.live.failed(trial, failure_of("training", "KeyError"))
    assert bench.live.counts == (3, 4)
    bench.live.finished(make_record(trial))
    bench.live.finished(make_record(trial))
    state = bench.live.state()
    assert (state.num_finished, state.num_failed, bench.live.counts) == (3, 0, (3, 4))


def test_state_says_where_a_trial_trains_and_how_far_it_is() -> None:
    bench = LiveBench("a")
    (trial,) = bench.trials
    bench.live.started(trial)
    assert bench.live.state().running[0].host is None
    bench.live.placed(trial, HERE)
    for number, f1 in enumerate((0.25, 0.5)):
        bench.live.epoch_done(trial, epoch(number, f1))
    (running,) = bench.live.state().running
    assert (running.host, running.device) == ("alpha", "cuda:1")
    assert (running.num_epochs, running.max_epochs) == (2, 2)
    assert (running.scores, running.score_name) == ((0.25, 0.5), "F1")


def test_view_counts_trials_and_fits_into_80_columns() -> None:
    bench = LiveBench("a row whose name is longer than a narrow terminal can show beside the rest")
    (trial,) = bench.trials
    bench.live.started(trial)
    bench.live.epoch_done(trial, epoch(0))
    console = Console(file=io.StringIO(), width=80, color_system=None)
    with console.capture() as capture:
        console.print(live_view(bench.live.state()))
    head, line = capture.get().splitlines()
    assert head == "trials: 2 done, 1 running, 0 left; time left: not known yet"
    assert "epoch 1/2" in line
    assert line.rstrip().endswith("valid F1 0.625")


def test_sparkline_goes_from_the_lowest_score_to_the_highest() -> None:
    assert sparkline([0.2, 0.3, 0.9]) == "\u2581\u2582\u2588"
    assert sparkline([0.5, 0.5]) == "\u2581\u2581"
    assert sparkline([]) == ""


def test_time_left_is_that_of_the_forecast_until_there_is_a_pace() -> None:
    bench = LiveBench("a", "b", forecast_s=150.0)
    bench.now = 30.0
    assert bench.seconds_left() == 120.0
    bench.now = 500.0
    assert bench.seconds_left() == 0.0
    assert LiveBench("a").seconds_left() is None


def test_time_left_follows_from_what_trials_of_the_row_took() -> None:
    bench = LiveBench("slow", "quick", "slow", "quick", "slow")
    slow, quick, *_ = bench.trials
    for trial, seconds in ((slow, 40.0), (quick, 10.0)):
        bench.live.started(trial)
        bench.live.epoch_done(trial, epoch(0))
        circumstances = make_circumstances(wall_s=seconds)
        bench.live.finished(make_record(trial, circumstances=circumstances))
    # One slot was in use: 40 + 10 + 40 s are left.
    assert bench.seconds_left() == pytest.approx(90.0)
    bench.live.started(bench.trials[2])
    bench.live.epoch_done(bench.trials[2], epoch(0))
    bench.now += 5.0  # half of it is done, and 5 s more
    assert bench.seconds_left() == pytest.approx(15.0 + 10.0 + 40.0)


def test_time_left_deals_trials_to_the_slots_in_use() -> None:
    bench = LiveBench("a", "b", "c", trial_s={"a": 10.0, "b": 30.0, "c": 10.0})
    first, second, _ = bench.trials
    bench.live.started(first)
    bench.live.started(second)
    bench.live.epoch_done(first, epoch(0))
    # 5 s of a and then c are in one slot, b in the other.
    assert bench.seconds_left() == pytest.approx(30.0)
    circumstances = make_circumstances(wall_s=20.0)
    bench.live.finished(make_record(first, circumstances=circumstances))
    # The forecast was half of what a took.
    assert bench.seconds_left() == pytest.approx(60.0)
    bench.live.failed(second, failure_of("training", "KeyError"))
    assert bench.seconds_left() == pytest.approx(20.0)


def test_pace_of_epochs_serves_without_forecasts() -> None:
    bench = LiveBench("a", "b", "c", "d", "e")
    *begun, _ = bench.trials
    for trial in begun:
        bench.live.started(trial)
        bench.live.epoch_done(trial, epoch(0))
    assert bench.seconds_left() is None
    bench.now = 3.0
    for trial in begun:
        bench.live.epoch_done(trial, epoch(1))
    # An epoch takes 3 s; the last trial has two.
    assert bench.seconds_left() == pytest.approx(6.0)
