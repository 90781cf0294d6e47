"""Shows the forecast of a search: time, GPU-hours, dollars, and what they are based on."""

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.candidates.forecast import SearchForecast
from orchestrator.cluster.packing import peak_mib
from orchestrator.forecast.prices import Prices
from orchestrator.forecast.view import (
    cost_line,
    count_noun,
    describe_capacity,
    say_duration,
    say_range,
    slowed_lines,
)


def search_forecast_view(forecast: SearchForecast, prices: Prices | None) -> RenderableType:
    """Show what a search takes, in some six lines of 80 columns."""
    probes = {one.probe.architecture: one.probe for one in forecast.candidates if one.is_measured}
    lines = (
        _candidates_line(forecast),
        f"wall time: about {say_range(forecast.span.wall_s, say_duration)}; "
        f"{forecast.span.quickest.num_slots} at once on "
        f"{describe_capacity(forecast.span.capacity)}",
        cost_line(forecast.span, prices),
        *([f"the range: {why}"] if (why := _why_a_range(forecast)) else []),
        _basis_line(forecast),
        *slowed_lines(probes.values()),
    )
    return Group(*map(Text, lines))


def _candidates_line(forecast: SearchForecast) -> str:
    every = forecast.candidates
    seconds = [one.trial_s for one in every]
    mib = [peak_mib(one.probe) for one in every]
    refused = forecast.num_refused
    verb = "is" if refused == 1 else "are"
    return (
        f"{count_noun(len(every), 'candidate')}, drawn at random: a trial takes "
        f"{say_range(seconds, say_duration)} and {say_range(mib, '{:,.0f}'.format)} MiB"
        f"{f'; {refused} more cannot fit and {verb} refused' if refused else ''}"
    )


def _why_a_range(forecast: SearchForecast) -> str:
    """Say what the two ends of the range mean."""
    shares_gpu = forecast.span.capacity.on_gpu and any(
        one.num_at_once > 1 for one in forecast.candidates
    )
    reasons = [
        *(["early stopping stops two in three, or nobody"] if forecast.stops_early else []),
        *(["estimates are too high, or too low"] if _num_estimated(forecast) else []),
        *(["trials that share a GPU do not slow each other, or take turns"] if shares_gpu else []),
    ]
    return "; ".join(reasons)


def _basis_line(forecast: SearchForecast) -> str:
    measured = {one.probe.architecture for one in forecast.candidates if one.is_measured}
    num_estimated = _num_estimated(forecast)
    devices = ", ".join(sorted({one.probe.device for one in forecast.candidates}))
    line = f"measured: {count_noun(len(measured), 'architecture')} on {devices}"
    if num_estimated:
        line += (
            f"; {count_noun(num_estimated, 'candidate')} estimated from them, in time within "
            f"{forecast.time_factor - 1:.0%} on average"
        )
    return line


def _num_estimated(forecast: SearchForecast) -> int:
    return sum(not one.is_measured for one in forecast.candidates)
