"""Shows the state of a running sweep; fits into 80 columns, and needs no colour."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.forecast.view import say_duration
from orchestrator.live.state import RunningTrial, SweepState

BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
SPARK_WIDTH, NAME_WIDTH = 12, 28
"""The last scores of a trial that are drawn, and the characters of its name."""

STOPPING = "stopping: what is finished is kept"
"""Takes the place of the time left after a signal."""

MAX_SHOWN = 16
"""So many running trials are shown; the others are counted."""


def live_view(state: SweepState) -> RenderableType:
    """Show counts, the time left and the running trials."""
    head = Text.assemble(
        "trials: ",
        (f"{state.num_finished} done", "green"),
        f", {len(state.running)} running, {max(0, state.num_left)} left",
        (f", {state.num_failed} failed" if state.num_failed else "", "red"),
        f"; {STOPPING if state.is_stopping else say_time_left(state.seconds_left)}",
    )
    return Group(head, running_view(state.running))


def running_view(running: Sequence[RunningTrial]) -> RenderableType:
    """Show each running trial in a line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True, max_width=NAME_WIDTH)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for one in running[:MAX_SHOWN]:
        table.add_row(
            Text(f"  {one.slot}"),
            Text(f"{one.row} seed {one.seed}"),
            f"epoch {one.num_epochs}/{one.max_epochs}",
            sparkline(one.scores[-SPARK_WIDTH:]),
            f"valid {one.score_name} {one.scores[-1]:.3f}" if one.scores else "",
        )
    more = len(running) - MAX_SHOWN
    return Group(table, Text(f"  and {more} more")) if more > 0 else table


def sparkline(scores: Sequence[float]) -> str:
    """Draw scores as bars, from the lowest of them to the highest."""
    if not scores:
        return ""
    low, high = min(scores), max(scores)
    step = (high - low) / (len(BARS) - 1) or 1.0
    return "".join(BARS[round((score - low) / step)] for score in scores)


def say_time_left(seconds: float | None) -> str:
    """Say the time left in words."""
    if seconds is None:
        return "time left: not known yet"
    return f"time left: about {say_duration(seconds)}"
