"""Shows the state of a storage; fits into 80 columns, and needs no colour."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.live.state import SweepState
from orchestrator.live.view import live_view
from orchestrator.status.drivers import SilentDriver
from orchestrator.status.facts import StatusFacts, StudyStatus
from orchestrator.storage.driver import host_of

GIB = 2**30


def status_view(status: StatusFacts) -> RenderableType:
    """Show what runs, how far each study is, what failed, the disk and MLflow."""
    parts: list[RenderableType] = [_sweep_view(sweep) for sweep in status.sweeps]
    parts += [
        Text(f"{_say_driver(driver)}: a sweep starts, measures, or writes its tables")
        for driver in status.starting
    ]
    parts += [Text(_say_silent(one)) for one in status.silent]
    if not Path(status.storage).exists():
        parts.append(Text(f"There is no folder {status.storage} yet."))
    elif not (status.sweeps or status.starting):
        parts.append(Text("Nothing runs."))
    parts.append(_studies_table(status.studies))
    for group in status.failures:
        parts.append(Text(f"{len(group.trials)} failed: {group.meaning}", style="red"))
    if status.failures:
        parts.append(Text("`mmer-sweep status --failures` lists them with what helps."))
    parts.append(Text(_say_disk(status)))
    if not (status.sweeps or status.starting):  # they deliver it themselves
        parts += [
            Text(f"MLflow may lack something: {uri}; `mmer-sweep sync` delivers it")
            for uri in status.mlflow_behind
        ]
    return Group(*parts)


def _sweep_view(sweep: SweepState) -> RenderableType:
    began = datetime.fromisoformat(sweep.started_at)
    head = f"{', '.join(sweep.names)} on {sweep.corpus} ({sweep.scale}), since "
    head += f"{began:%Y-%m-%d %H:%M} UTC, driven by {_say_driver(sweep.driver)}"
    lines: list[RenderableType] = [Text(head, style="bold"), live_view(sweep)]
    if sweep.num_waiting_for_mlflow:
        lines.append(Text(f"  trials that wait for MLflow: {sweep.num_waiting_for_mlflow}"))
    return Group(*lines)


def _say_silent(one: SilentDriver) -> str:
    """Say that a driver shows no life, and what to do."""
    if one.is_dead:
        return f"{_say_driver(one.driver)}: a sweep ended before it was done; run its command again"
    since = f" since {one.seen_at}" if one.seen_at else ""
    return (
        f"{_say_driver(one.driver)}: silent{since}; it is dead, or does not reach the storage: "
        "its trials may be trained by whoever runs the command again"
    )


def _say_driver(driver: str) -> str:
    """Name a driver by its machine and process; its whole name also has namespace and boot."""
    _, process, _ = driver.rsplit(":", 2)
    return f"{host_of(driver).rsplit('-', 2)[0]}, process {process}"


def _studies_table(studies: Iterable[StudyStatus]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for header in ("study", "corpus", "scale"):
        table.add_column(header)
    for header in ("trials", "finished", "failed"):
        table.add_column(header, justify="right")
    for one in studies:
        numbers = (one.num_trials, one.num_finished, one.num_failed)
        table.add_row(one.study, one.corpus, one.scale, *map(str, numbers))
    return table if table.row_count else Text("No study was run in this storage.")


def _say_disk(status: StatusFacts) -> str:
    part = status.free_bytes / max(1, status.total_bytes)
    free, total = status.free_bytes / GIB, status.total_bytes / GIB
    return f"disk: {free:.1f} of {total:.1f} GiB free ({part:.0%}), {status.storage}"
