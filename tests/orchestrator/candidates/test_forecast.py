from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.candidates.forecast import SearchForecast, forecast_search
from orchestrator.candidates.view import search_forecast_view
from orchestrator.forecast.forecast import BETWEEN_TRIALS_S, WORKER_START_S
from orchestrator.forecast.prices import Prices
from tests.orchestrator.candidates.factories import draw, sample, shares_of

MEASURED = [sample(depth, 3000.0, 10.0) for depth in (1, 2, 3)]
"""Two of them fit into the machine; each takes 10 s."""


def view(forecast: SearchForecast, prices: Prices | None = None) -> str:
    console = Console(width=80, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(search_forecast_view(forecast, prices))
    return " ".join(captured.get().split())


def test_measured_candidates_that_train_to_the_end_leave_no_range() -> None:
    """Six of 10 s, two at once: three in a row."""
    drawn = [draw(depth, rate=rate) for depth in (1, 2, 3) for rate in (1e-3, 1e-2)]
    forecast = forecast_search(drawn, shares_of(*MEASURED), stops_early=False, num_slots=None)
    assert forecast is not None
    seconds = WORKER_START_S + 3 * (10.0 + BETWEEN_TRIALS_S)
    assert forecast.span.wall_s == pytest.approx((seconds, seconds))
    told = view(forecast)
    assert "6 candidates, drawn at random: a trial takes 10 s and 3,000 MiB" in told
    assert "2 at once on 4 cores" in told
    assert "measured: 3 architectures on a CPU" in told
    assert "the range" not in told
    assert "estimated" not in told


def test_early_stopping_is_the_lower_end() -> None:
    """A third passes two epochs of twenty; the upper end has all of them."""
    drawn = [draw(1, rate=rate / 1000, max_epochs=20) for rate in range(1, 10)]
    shares = shares_of(*MEASURED)
    all_to_the_end = forecast_search(drawn, shares, stops_early=False, num_slots=1)
    forecast = forecast_search(drawn, shares, stops_early=True, num_slots=1)
    assert forecast is not None
    assert all_to_the_end is not None
    least_s, most_s = forecast.span.wall_s
    assert most_s == pytest.approx(all_to_the_end.span.wall_s[1])
    epoch_s, others_s = (10.0 - 2.0) / 2, 1.0
    trained_s = (6 * 2 + 2 * 6 + 20) * epoch_s + 9 * (others_s + BETWEEN_TRIALS_S) + others_s
    assert least_s == pytest.approx(WORKER_START_S + trained_s)
    assert "early stopping stops two in three, or nobody" in view(forecast)


def test_estimates_may_be_wrong_in_both_directions() -> None:
    shares = shares_of(sample(1, 3000.0, 10.0), sample(3, 3000.0, 20.0))
    forecast = forecast_search([draw(2)], shares, stops_early=False, num_slots=None)
    assert forecast is not None
    factor = shares.estimate.time_factor
    assert factor > 1
    (one,) = forecast.candidates
    least_s, most_s = forecast.span.wall_s
    assert least_s == pytest.approx(WORKER_START_S + one.trial_s / factor + BETWEEN_TRIALS_S)
    assert most_s == pytest.approx(WORKER_START_S + one.trial_s * factor + BETWEEN_TRIALS_S)
    assert f"1 candidate estimated from them, in time within {factor - 1:.0%}" in view(forecast)


def test_equal_trials_count_once_and_what_cannot_fit_is_told() -> None:
    shares = shares_of(*MEASURED, too_large=6)
    drawn = [draw(1), draw(1), draw(6)]
    forecast = forecast_search(drawn, shares, stops_early=False, num_slots=None)
    assert forecast is not None
    assert (len(forecast.candidates), forecast.num_refused) == (1, 1)
    assert "1 more cannot fit and is refused" in view(forecast)
    assert forecast_search([draw(6)], shares, stops_early=False, num_slots=None) is None


def test_dollars_are_a_range_too() -> None:
    drawn = [draw(1, rate=rate / 1000, max_epochs=20) for rate in range(1, 10)]
    forecast = forecast_search(drawn, shares_of(*MEASURED), stops_early=True, num_slots=1)
    assert forecast is not None
    prices = Prices(Path("own.yaml"), head=0, worker=3600, num_gpus=None, idle_h=0)
    least_s, most_s = forecast.span.wall_s  # one dollar a second
    assert f"${least_s:,.2f} to ${most_s:,.2f} by 'own.yaml'" in view(forecast, prices)
