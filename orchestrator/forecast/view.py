"""Shows the forecast of a plan: time, GPU-hours, dollars and the critical path."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.cluster.packing import Capacity
from orchestrator.forecast.forecast import Forecast, Kind, Span
from orchestrator.forecast.prices import Prices, dollars_of
from reports.ledger.probe import Probe

MAX_KINDS = 7
"""Lines of the table; the last one sums up all other kinds of trials if there are more."""

NAME_WIDTH = 30
"""Columns of the terminal for the name of a row."""

BUSY_SHARE = 0.8
"""A training that had its core for a smaller share of the time was slowed by other programs."""

NO_PRICES = "; no prices: docs/plan.md says where to write them"


def forecast_view(forecast: Forecast, prices: Prices | None) -> RenderableType:
    """Show what a sweep takes, in at most some 15 lines of 80 columns."""
    basis = (_basis_line([forecast]), *slowed_lines(_probes_of([forecast])))
    lines = (*_time_lines(forecast), cost_line(forecast, prices), *basis)
    return Group(_kinds_table(forecast.kinds), *map(Text, lines))


def forecasts_view(
    forecasts: Sequence[Forecast], prices: Sequence[Prices | None]
) -> RenderableType:
    """Show what a sweep takes; for several kinds of GPU, show a line for each and one for all.

    Args:
        forecasts: The forecast of each kind that trains.
        prices: What the workers of each kind and the head cost, if that is known.
    """
    if len(forecasts) == 1:
        return forecast_view(forecasts[0], prices[0])
    last = max(forecasts, key=lambda forecast: forecast.quickest.wall_s)
    lines = (
        *map(_line_of_kind, forecasts, prices),
        _line_in_all(forecasts, prices),
        *_range_lines(forecasts),
        f"critical path: {count_noun(len(last.critical_path), 'trial')} in a row on "
        f"{last.capacity.gpu_kind}",
        _basis_line(forecasts),
        *slowed_lines(_probes_of(forecasts)),
    )
    return Group(_kinds_table([k for f in forecasts for k in f.kinds]), *map(Text, lines))


def _line_of_kind(forecast: Forecast, prices: Prices | None) -> str:
    """Say what a sweep takes on one kind of GPU, without the cost of the head."""
    workers = None if prices is None else _dollars(forecast, replace(prices, head=0.0))
    return (
        f"{describe_capacity(forecast.capacity)}: about "
        f"{say_range(forecast.wall_s, say_duration)}; {count_noun(len(forecast.order), 'trial')}, "
        f"{forecast.quickest.num_slots} at once, slots busy {forecast.utilisation:.0%}; "
        f"{_hours(forecast.device_h, on_gpu=True)}"
        f"{'' if workers is None else f'; {say_range(workers, _say_dollars)}'}"
    )


def _line_in_all(forecasts: Sequence[Forecast], prices: Sequence[Prices | None]) -> str:
    """Say what a sweep takes on all kinds of GPU, with the cost of the head."""
    wall_s = [max(ends) for ends in zip(*(f.wall_s for f in forecasts), strict=True)]
    device_h = [sum(hours) for hours in zip(*(f.device_h for f in forecasts), strict=True)]
    line = (
        f"wall time: about {say_range(wall_s, say_duration)}; "
        f"{sum(len(f.order) for f in forecasts)} trials, "
        f"{sum(f.quickest.num_slots for f in forecasts)} at once on "
        f"{sum(f.capacity.num_devices for f in forecasts)} GPUs; {_hours(device_h, on_gpu=True)}"
    )
    known = [one for one in prices if one is not None]
    if not known:
        return f"{line}{NO_PRICES}"
    workers = [
        _dollars(forecast, replace(one, head=0.0))
        for forecast, one in zip(forecasts, known, strict=True)
    ]
    dollars = [
        sum(of_kinds) + known[0].head * seconds / 3600
        for of_kinds, seconds in zip(zip(*workers, strict=True), wall_s, strict=True)
    ]
    is_assumed = any(one.num_gpus is None for one in known)
    return f"{line}; {_say_cost(dollars, known[0], is_assumed=is_assumed)}"


def say_duration(seconds: float) -> str:
    """Write a time in readable units: 4.2 s, 42 s, 3 min 20 s, 2 h 10 min, 3 d 4 h."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    if seconds < 3595:
        return _say_two(round(seconds / 10) * 10, 60, "min", 1, "s")
    if seconds < 2 * 86400:
        return _say_two(round(seconds / 60) * 60, 3600, "h", 60, "min")
    return _say_two(round(seconds / 3600) * 3600, 86400, "d", 3600, "h")


def _say_two(seconds: int, large_s: int, large: str, small_s: int, small: str) -> str:
    """Write a time in a large unit, and its rest in a small one."""
    whole, rest = divmod(seconds, large_s)
    return f"{whole} {large}" + (f" {rest // small_s} {small}" if rest else "")


def _kinds_table(kinds: Iterable[Kind]) -> RenderableType:
    """Show what trials take, those that take most in total first, and the GPU kind if several."""
    ordered = sorted(kinds, key=lambda kind: kind.num_trials * kind.task.seconds, reverse=True)
    on_kinds = any(kind.first.gpu_kind for kind in ordered)
    width = NAME_WIDTH - 10 if on_kinds else NAME_WIDTH
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("trials like", no_wrap=True, overflow="ellipsis", max_width=width)
    for header in ("trials", "s a step", "MiB", "a trial", "at once"):
        table.add_column(header, justify="right", no_wrap=True)
    if on_kinds:
        table.add_column("on", no_wrap=True)
    num_shown = len(ordered) if len(ordered) <= MAX_KINDS else MAX_KINDS - 1
    for kind in ordered[:num_shown]:
        table.add_row(
            str(kind.first.trained_for),
            str(kind.num_trials),
            f"{kind.probe.step_s:.2g}",
            f"{_memory_mib(kind):,.0f}",
            say_duration(kind.task.seconds),
            str(kind.task.num_at_once),
            *filter(None, [kind.first.gpu_kind]),
        )
    if rest := ordered[num_shown:]:
        most = say_duration(max(kind.task.seconds for kind in rest))
        num_trials = sum(kind.num_trials for kind in rest)
        table.add_row(f"{len(rest)} other kinds", str(num_trials), "", "", f"to {most}")
    return table


def _memory_mib(kind: Kind) -> float:
    """Return the scarce memory that trials take: the GPU's if there is one, else the machine's."""
    return kind.probe.gpu_memory_mib or kind.probe.memory_mib


def _time_lines(forecast: Forecast) -> Iterable[str]:
    yield (
        f"wall time: about {say_range(forecast.wall_s, say_duration)}; "
        f"{len(forecast.order)} trials, {forecast.quickest.num_slots} at once on "
        f"{describe_capacity(forecast.capacity)}, slots busy {forecast.utilisation:.0%}"
    )
    yield from _range_lines([forecast])
    yield (
        f"critical path: {count_noun(len(forecast.critical_path), 'trial')} in a row; on any "
        f"number of slots at least {say_duration(forecast.floor_s)}, for "
        f"'{forecast.longest.first.trained_for}'"
    )


def _range_lines(forecasts: Iterable[Forecast]) -> Iterable[str]:
    if any(forecast.slowest is not forecast.quickest for forecast in forecasts):
        yield "the range: trials that share a GPU do not slow each other, or they take turns"


def cost_line(forecast: Span, prices: Prices | None) -> str:
    """Say how many hours of devices some work takes, and how many dollars if prices are known."""
    on_gpu = forecast.capacity.on_gpu
    used = _hours(forecast.device_h, on_gpu=on_gpu)
    if prices is None:
        is_rented = on_gpu or forecast.capacity.num_devices > 1
        return f"{used}{NO_PRICES}" if is_rented else used
    is_assumed = on_gpu and prices.num_gpus is None
    return f"{used}; {_say_cost(_dollars(forecast, prices), prices, is_assumed=is_assumed)}"


def _hours(device_h: Iterable[float], *, on_gpu: bool) -> str:
    return f"{'GPU-hours' if on_gpu else 'core-hours'}: {say_range(device_h, _say_hours)}"


def _dollars(forecast: Span, prices: Prices) -> list[float]:
    """Return what a sweep costs in its two timetables."""
    on_gpu = forecast.capacity.on_gpu
    tables = (forecast.quickest, forecast.slowest)
    return [dollars_of(table, prices, on_gpu=on_gpu) for table in tables]


def _say_cost(dollars: Iterable[float], prices: Prices, *, is_assumed: bool) -> str:
    assumed = f"; '{prices.file}' names no GPUs: assumes one for each worker"
    return (
        f"{say_range(dollars, _say_dollars)} by '{prices.file}', with the head and "
        f"{say_duration(prices.idle_h * 3600)} in which idle workers wait"
        f"{assumed if is_assumed else ''}"
    )


def _probes_of(forecasts: Iterable[Forecast]) -> list[Probe]:
    """List the probes, one for each architecture and kind of GPU."""
    kinds = [kind for forecast in forecasts for kind in forecast.kinds]
    return list(
        {(kind.probe.device, kind.probe.architecture): kind.probe for kind in kinds}.values()
    )


def _basis_line(forecasts: Sequence[Forecast]) -> str:
    probes = _probes_of(forecasts)
    num_measured = len({probe.architecture for probe in probes})
    devices = ", ".join(sorted({probe.device for probe in probes}))
    num_stopping = sum(forecast.num_stopping for forecast in forecasts)
    early = f"; at most: {count_noun(num_stopping, 'trial')} may stop early" if num_stopping else ""
    return f"measured: {count_noun(num_measured, 'architecture')} on {devices}{early}"


def slowed_lines(probes: Iterable[Probe]) -> Iterable[str]:
    """Say how many probes, of different architectures, other programs slowed, if there are any."""
    shares = (probe.cpu_share for probe in probes)
    num_slowed = sum(share is not None and share < BUSY_SHARE for share in shares)
    if num_slowed:
        yield (
            f"{num_slowed} of them beside other programs, so a quiet machine is quicker; "
            "--remeasure measures again"
        )


def describe_capacity(capacity: Capacity) -> str:
    """Say which devices there are."""
    if capacity.on_gpu:
        kind = "" if capacity.gpu_kind is None else f" ({capacity.gpu_kind})"
        return f"{count_noun(capacity.num_devices, 'GPU')}{kind}"
    cores = count_noun(capacity.num_cores, "core")
    return cores if capacity.num_devices == 1 else f"{capacity.num_devices} machines with {cores}"


def count_noun(number: int, noun: str) -> str:
    """Write a number before what it counts."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _say_hours(hours: float) -> str:
    if hours < 0.01:
        return "less than 0.01"
    return f"{hours:.2g}" if hours < 9.95 else f"{hours:,.0f}"


def _say_dollars(dollars: float) -> str:
    return "less than $0.01" if dollars < 0.01 else f"${dollars:,.2f}"


def say_range(values: Iterable[float], say: Callable[[float], str]) -> str:
    """Write the smallest and the largest value; only one if they look the same."""
    ordered = sorted(values)
    return " to ".join(dict.fromkeys((say(ordered[0]), say(ordered[-1]))))
