"""What a plan says of time, GPU-hours, dollars and the critical path."""

from collections.abc import Callable, Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.forecast import Forecast, Kind
from orchestrator.packing import Capacity
from orchestrator.prices import Prices, dollars_of

MAX_KINDS = 7
"""Lines of the table, the last for all other kinds of trials if there are more."""

NAME_WIDTH = 30
"""Columns of the terminal for the name of a row."""


def forecast_view(forecast: Forecast, prices: Prices | None) -> RenderableType:
    """Show what a sweep takes, in at most some 15 lines of 80 columns."""
    lines = (*_time_lines(forecast), _cost_line(forecast, prices), _basis_line(forecast))
    return Group(_kinds_table(forecast.kinds), *map(Text, lines))


def say_duration(seconds: float) -> str:
    """Write a time as people say it: 4.2 s, 42 s, 3 min 20 s, 2 h 10 min, 3 d 4 h."""
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
    """Write a time in a large unit, and what is left in a small one."""
    whole, rest = divmod(seconds, large_s)
    return f"{whole} {large}" + (f" {rest // small_s} {small}" if rest else "")


def _kinds_table(kinds: Sequence[Kind]) -> RenderableType:
    """Show what trials take, those first that take most in all."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("trials like", no_wrap=True, overflow="ellipsis", max_width=NAME_WIDTH)
    for header in ("trials", "s a step", "MiB", "a trial", "at once"):
        table.add_column(header, justify="right", no_wrap=True)
    num_shown = len(kinds) if len(kinds) <= MAX_KINDS else MAX_KINDS - 1
    for kind in kinds[:num_shown]:
        table.add_row(
            str(kind.first.trained_for),
            str(kind.num_trials),
            f"{kind.probe.step_s:.2g}",
            f"{_memory_mib(kind):,.0f}",
            say_duration(kind.task.seconds),
            str(kind.task.num_at_once),
        )
    if rest := kinds[num_shown:]:
        most = say_duration(max(kind.task.seconds for kind in rest))
        num_trials = sum(kind.num_trials for kind in rest)
        table.add_row(f"{len(rest)} other kinds", str(num_trials), "", "", f"to {most}")
    return table


def _memory_mib(kind: Kind) -> float:
    """Return the memory that is scarce: the GPU's where there is one."""
    return kind.probe.gpu_memory_mib or kind.probe.memory_mib


def _time_lines(forecast: Forecast) -> Iterable[str]:
    yield (
        f"wall time: about {_range(forecast.wall_s, say_duration)}; {len(forecast.order)} trials, "
        f"{forecast.quickest.num_slots} at once on {_describe(forecast.capacity)}, slots busy "
        f"{forecast.utilisation:.0%}"
    )
    if forecast.slowest is not forecast.quickest:
        yield "the range: from no slowing between trials that share a GPU to taking turns"
    yield (
        f"critical path: {_count(len(forecast.critical_path), 'trial')} in a row; on any number of "
        f"slots at least {say_duration(forecast.floor_s)}, for "
        f"'{forecast.longest.first.trained_for}'"
    )


def _cost_line(forecast: Forecast, prices: Prices | None) -> str:
    unit = "GPU-hours" if forecast.capacity.on_gpu else "core-hours"
    used = f"{unit}: {_range(forecast.device_h, _say_hours)}"
    if prices is None:
        is_rented = forecast.capacity.on_gpu or forecast.capacity.num_devices > 1
        return f"{used}; no prices: docs/plan.md says where they stand" if is_rented else used
    on_gpu = forecast.capacity.on_gpu
    tables = (forecast.quickest, forecast.slowest)
    dollars = [dollars_of(table, prices, on_gpu=on_gpu) for table in tables]
    assumed = f"; '{prices.file}' names no GPUs: one a worker is assumed"
    return (
        f"{used}; {_range(dollars, _say_dollars)} by '{prices.file}', with the head and "
        f"{say_duration(prices.idle_h * 3600)} in which idle workers wait"
        f"{assumed if on_gpu and prices.num_gpus is None else ''}"
    )


def _basis_line(forecast: Forecast) -> str:
    probes = {kind.probe.architecture: kind.probe for kind in forecast.kinds}
    devices = ", ".join(sorted({probe.device for probe in probes.values()}))
    early = (
        f"; at most: {_count(forecast.num_stopping, 'trial')} may stop early"
        if forecast.num_stopping
        else ""
    )
    return f"measured: {_count(len(probes), 'architecture')} on {devices}{early}"


def _describe(capacity: Capacity) -> str:
    if capacity.on_gpu:
        return _count(capacity.num_devices, "GPU")
    cores = _count(capacity.num_cores, "core")
    return cores if capacity.num_devices == 1 else f"{capacity.num_devices} machines with {cores}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _say_hours(hours: float) -> str:
    if hours < 0.01:
        return "less than 0.01"
    return f"{hours:.2g}" if hours < 9.95 else f"{hours:,.0f}"


def _say_dollars(dollars: float) -> str:
    return "less than $0.01" if dollars < 0.01 else f"${dollars:,.2f}"


def _range(values: Iterable[float], say: Callable[[float], str]) -> str:
    """Write the smallest and the largest value, once if they read the same."""
    ordered = sorted(values)
    return " to ".join(dict.fromkeys((say(ordered[0]), say(ordered[-1]))))
