"""A sweep without Ray whose calls to the system fail or wait, and whose clock jumps.

    python -m benchmarks.trouble.failing_sweep PLACE MOST SEED

`benchmarks.faults` starts it below the library of `benchmarks.trouble.shim`. All libraries are
loaded once; each sweep is a forked process.
"""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from typing import NamedTuple

from rich.console import Console

from benchmarks.measurement import Spread, markdown_table
from benchmarks.trouble.command import Ended, in_fork
from benchmarks.trouble.crash_sweep import fresh, sweep
from benchmarks.trouble.laid_storage import Workplace
from benchmarks.trouble.shim import CALLS, CHANGING, READING, Shim, Trouble
from benchmarks.trouble.sweeps.aftermath import Finished, contents, differing
from corpora.errors import UserError
from orchestrator.cli import EXIT_INTERRUPTED, EXIT_TERMINATED
from orchestrator.cluster.stop_signals import Terminated, raise_terminated
from reports.ledger.files import DAMAGED_SUFFIX

LIMIT_S = 900.0
TOLD = 1
"""The exit status of a process that says what is wrong, as the command does."""

STOPPED = (-SIGKILL, EXIT_TERMINATED, EXIT_INTERRUPTED)
"""Those of a process to which a signal came."""

NUM_PROCESSES = 3
"""How many processes meet trouble on one storage, one after the other."""

Drawn = Callable[[random.Random, Mapping[str, int]], Trouble]
"""Draws a trouble for a sweep that makes so many calls of each kind."""


def some(calls: Sequence[str], error: int, *, is_done: bool = False) -> Drawn:
    """Hit a few calls in a hundred, from one on."""

    def drawn(rng: random.Random, num_calls: Mapping[str, int]) -> Trouble:
        first, rate = _draw_call(rng, calls, num_calls), rng.randint(50, 500)
        return Trouble(tuple(calls), error, per_10000=rate, is_done=is_done, first=first)

    return drawn


def burst(calls: Sequence[str], error: int) -> Drawn:
    """Hit some calls in a row: each that is tried again takes a pause, so they last seconds."""

    def drawn(rng: random.Random, num_calls: Mapping[str, int]) -> Trouble:
        first, num = _draw_call(rng, calls, num_calls), rng.randint(1, 6)
        return Trouble(tuple(calls), error, first=first, num=num)

    return drawn


def stop(signum: signal.Signals) -> Drawn:
    """Send a signal before one call."""

    def drawn(rng: random.Random, num_calls: Mapping[str, int]) -> Trouble:
        return Trouble(CALLS, signum=signum, first=_draw_call(rng, CALLS, num_calls), num=1)

    return drawn


def _draw_call(rng: random.Random, calls: Sequence[str], num_calls: Mapping[str, int]) -> int:
    return rng.randrange(sum(num_calls[call] for call in calls))


def slow(rng: random.Random, num_calls: Mapping[str, int]) -> Trouble:
    """Let a tenth of all calls wait."""
    return Trouble(CALLS, per_10000=1000, delay_s=rng.uniform(0.001, 0.05))


def jump(rng: random.Random, num_calls: Mapping[str, int]) -> Trouble:
    """Set the clock some days ahead or back; the process after it has the right one again."""
    return Trouble(clock_offset_s=rng.choice((-1, 1)) * rng.randint(3600, 10 * 86400))


KINDS: Mapping[str, Drawn] = {
    "EIO, of all calls": some(CALLS, errno.EIO),
    "EIO, but the change is made": some(CHANGING, errno.EIO, is_done=True),
    "ENOSPC, some calls in a row": burst(
        ("write", "open to write", "fsync", "rename", "link", "mkdir"), errno.ENOSPC
    ),
    "EROFS, some calls in a row": burst(CHANGING, errno.EROFS),
    "EIO, of reading": some(READING, errno.EIO),
    "ESTALE, of all calls": some(CALLS, errno.ESTALE),
    **{f"{one.name} before a call": stop(one) for one in (SIGKILL, SIGTERM, SIGINT)},
    "delays": slow,
    "clock that jumps": jump,
}
"""In the order in which storages meet them."""


@dataclass(frozen=True)
class Troubled:
    """A storage on which processes met trouble, and then one that did not.

    Attributes:
        kind: What happened.
        num_injected: Calls that failed or waited, or wrong times that were told.
        num_refused: Processes that ended and said why.
        num_stopped: Processes that ended by a signal.
        tracebacks: What the others printed that did not come to their end.
        lost: Records that were there after one process, and gone after a later one.
        repeated: Records that were written again.
        differing: Results, predictions, models, plans and tables that are not as they should be.
        set_aside: Files that were taken for damaged.
        recovery_s: What the last process took.
    """

    kind: str
    num_injected: int
    num_refused: int
    num_stopped: int
    tracebacks: tuple[str, ...]
    lost: int
    repeated: int
    differing: tuple[str, ...]
    set_aside: tuple[str, ...]
    recovery_s: float

    @property
    def is_good(self) -> bool:
        """Whether all is as if nothing had happened."""
        wrong = (self.tracebacks, self.lost, self.repeated, self.differing, self.set_aside)
        return not any(wrong)


def tell_and_end(place: Workplace, storage: Path) -> None:
    """Sweep; end as the command would after an error or a signal."""
    signal.signal(SIGTERM, raise_terminated)
    signal.signal(SIGINT, signal.default_int_handler)
    try:
        sweep(place, storage)
    except KeyboardInterrupt as stopped:
        sys.exit(EXIT_TERMINATED if isinstance(stopped, Terminated) else EXIT_INTERRUPTED)
    except (UserError, OSError) as error:  # those of which the command prints only the message
        print(error)
        sys.exit(TOLD)


class Undisturbed(NamedTuple):
    """What a sweep leaves that nothing happens to, and how many calls of each kind it makes."""

    whole: Mapping[str, object]
    num_calls: Mapping[str, int]


def meet(place: Workplace, kind: str, rng: random.Random, expected: Undisturbed) -> Troubled:
    """Let processes meet trouble on a storage, one after the other, and then a last one none."""
    shim, storage = Shim.preloaded(), fresh(place)
    ends: list[Ended] = []
    lost = repeated = 0
    before = sum(shim.counts().values())
    for _ in range(NUM_PROCESSES):
        finished = Finished.now(storage)
        trouble = KINDS[kind](rng, expected.num_calls)
        with shim.trouble(trouble, rng.randrange(2**32)):
            ends.append(in_fork(lambda: tell_and_end(place, storage), LIMIT_S))
        lost, repeated = lost + finished.lost(), repeated + finished.repeated()
    finished, start = Finished.now(storage), time.monotonic()
    last = in_fork(lambda: sweep(place, storage), LIMIT_S)
    return Troubled(
        kind=kind,
        num_injected=sum(shim.counts().values()) - before,
        num_refused=sum(end.code == TOLD and not end.is_traceback for end in ends),
        num_stopped=sum(end.code in STOPPED for end in ends),
        tracebacks=tuple(
            end.err or f"exit status {end.code}: {end.out}"
            for end in (*ends, last)
            if end.is_traceback or end.code not in (0, TOLD, *STOPPED) or (end is last and end.code)
        ),
        lost=lost + finished.lost(),
        repeated=repeated + finished.repeated(),
        differing=differing(contents(storage), expected.whole),
        set_aside=tuple(p.name for p in storage.rglob(f"*{DAMAGED_SUFFIX}")),
        recovery_s=time.monotonic() - start,
    )


def undisturbed(place: Workplace) -> Undisturbed:
    """Sweep once, and count the calls."""
    shim, storage = Shim.preloaded(), fresh(place)
    before = shim.counts()
    with shim.trouble(Trouble(CALLS)):  # each is counted, and none fails
        ended = in_fork(lambda: sweep(place, storage), LIMIT_S)
    if ended.code:
        raise RuntimeError(f"the undisturbed process failed: {ended}")
    counts = {name: number - before[name] for name, number in shim.counts().items()}
    return Undisturbed(contents(storage), counts)


def meet_all(place: Workplace, most: int, rng: random.Random) -> Iterator[Troubled]:
    """Go through the kinds in turn, for so many storages."""
    expected = undisturbed(place)
    for number in range(most):
        yield meet(place, [*KINDS][number % len(KINDS)], rng, expected)


def in_preloaded_process(place: Workplace, most: int, seed: int) -> Iterator[Troubled]:
    """Run `meet_all` in a process below the library."""
    shim = Shim.built(place.folder)
    command = [sys.executable, "-m", __name__, str(place.folder), str(most), str(seed)]
    environment = os.environ | shim.environment(place.folder / "tried")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Troubled(**json.loads(line))
    if process.returncode:
        raise RuntimeError(f"the process ended with status {process.returncode}")


def show_troubled(all_of_them: Sequence[Troubled], console: Console) -> None:
    """Print what came of it, by kind."""
    table = markdown_table(
        *("kind", "storages", "processes refused", "stopped", "calls hit", "lost", "repeated"),
        *("differing", "set aside", "tracebacks", "last process, s"),
    )
    for kind in Counter(one.kind for one in all_of_them):
        of_kind = [one for one in all_of_them if one.kind == kind]
        table.add_row(
            kind,
            str(len(of_kind)),
            str(sum(one.num_refused for one in of_kind)),
            str(sum(one.num_stopped for one in of_kind)),
            f"{sum(one.num_injected for one in of_kind):,}",
            str(sum(one.lost for one in of_kind)),
            str(sum(one.repeated for one in of_kind)),
            str(sum(len(one.differing) for one in of_kind)),
            str(sum(len(one.set_aside) for one in of_kind)),
            str(sum(len(one.tracebacks) for one in of_kind)),
            f"{Spread.of(one.recovery_s for one in of_kind):.1f}",
        )
    console.print(table)


def main() -> None:
    """Print each storage as a line of JSON."""
    folder, most, seed = sys.argv[1:]
    for one in meet_all(Workplace(Path(folder)), int(most), random.Random(int(seed))):
        print(json.dumps(asdict(one)), flush=True)


if __name__ == "__main__":
    main()
