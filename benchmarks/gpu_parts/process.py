"""Running a part in a process of its own, which is killed when its time is over."""

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from pkgutil import resolve_name

import psutil

from benchmarks.gpu_parts.figure import Figure, Setting

PREVIEW = 300
"""The most characters of an error that the table shows."""

LEAST_S = 1.0
"""With less time left, a part is not started."""

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["torch", "torchvision", "transformers", "models.build", "orchestrator.trial.run"]
)
"""The fork server loads these modules once for all parts. None of them may initialise CUDA when it
is loaded, as `torch.utils.benchmark` does: processes forked afterwards could not use a GPU."""


@dataclass(frozen=True)
class Part:
    """A function that yields figures, as `module:name`, and its time limit.

    An `optional` part does not fail if it runs out of time.
    """

    function: str
    limit_s: float
    optional: bool = False
    only_on_gpu: bool = False


@dataclass(frozen=True)
class Outcome:
    """The result of a part."""

    part: str
    seconds: float
    figures: Sequence[Figure]


def run_part(part: Part, setting: Setting, until: float) -> Outcome:
    """Run a part, at most until `until`, a time of `time.monotonic`; report failures and timeouts.

    If less time is left than the part's own limit, a timeout does not count as a failure.
    """
    name, start = part.function.rpartition(".")[2], time.monotonic()
    figures, log = (setting.storage / f"{name}.{suffix}" for suffix in ("jsonl", "log"))
    figures.touch()
    log.touch()
    limit_s = min(part.limit_s, until - start)
    code = None
    if limit_s >= LEAST_S:
        code = _run(_measure, (part.function, setting, figures, log), limit_s)
    found = [Figure(**json.loads(line)) for line in figures.read_text().splitlines()]
    if code is None:
        is_cut_short = limit_s < part.limit_s
        holds = None if part.optional or is_cut_short else False
        remark = f"not finished in {max(limit_s, 0):.0f} s"
        if is_cut_short:
            remark += ", as there was no more time left"
        found.append(Figure(name, 0, "", holds=holds, remark=remark))
    elif code:
        found.append(Figure(name, 0, "", holds=False, remark=_last_line(log)))
    return Outcome(name, time.monotonic() - start, found)


def _run(
    function: Callable[..., None], arguments: tuple[object, ...], limit_s: float
) -> int | None:
    """Return the exit code of a process; after the limit, kill it with its descendants: None."""
    process = CONTEXT.Process(target=function, args=arguments)
    process.start()
    process.join(limit_s)
    if process.exitcode is not None:
        return process.exitcode
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    process.join()
    return None


def _measure(function: str, setting: Setting, figures: Path, log: Path) -> None:
    """Write a line of JSON for each figure as soon as it is known; send all output to the log."""
    printed = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    with figures.open("w", encoding="utf-8") as file:
        for figure in resolve_name(function)(setting):
            file.write(json.dumps(asdict(figure)) + "\n")
            file.flush()


def _last_line(log: Path) -> str:
    """Return the last line that a process printed: its error."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:PREVIEW] if lines else "it said nothing"
