"""Does every reader end damaged and hostile inputs in a result, or in an error of ours?

Each reader of `tests.fuzzing.readers` gets so many inputs, in a process of its own: an input that
ends the process, or keeps it busy, is a fault too, and the next process goes on after it. One
input may take 5 s of processor time, and ask for 2 GiB of memory.

    python -m benchmarks.fuzzing [--inputs 4000] [--seed 1] [--reader NAME] [--keep FOLDER]
"""

import logging
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import markdown_table, this_machine
from tests.fuzzing import readers
from tests.fuzzing.readers import READERS
from tests.fuzzing.trying import Reader, place_of, try_input, try_many

SILENCE_S = 120.0
"""A process that says nothing for so long hangs in a library, where no limit reaches it."""

LIBRARIES = ("hypothesis", "numpy", "pyarrow", "av", "pillow", "h5py", "pydantic", "torch")

CURRENT = "current"
"""The file that holds the input that is being read, in case that it ends the process."""


@dataclass
class Tried:
    """How the inputs of a reader ended.

    Attributes:
        kinds: How many were read, refused, and faults.
        slowest_s: The most processor time of one.
        wall_s: What all took, with starting processes and drawing inputs.
        faults: The shortest input of each fault, by the fault.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    wall_s: float = 0.0
    faults: dict[str, bytes] = field(default_factory=dict)

    def add_fault(self, name: str, content: bytes) -> None:
        """Keep the shortest input of each fault."""
        if len(content) < len(self.faults.get(name, content + b" ")):
            self.faults[name] = content


def of_name(name: str) -> Reader:
    """Find a reader in the process that needs it: none can be sent there."""
    return READERS[name]


def try_reader(find: Callable[[], Reader], num: int, seed: int) -> Tried:
    """Give a reader inputs; after one that ends its process, go on with others."""
    tried, begin_s = Tried(), time.monotonic()
    while (left := num - tried.kinds.total()) > 0:
        with tempfile.TemporaryDirectory() as folder:
            end = _try_in_process(find, left, seed, Path(folder), tried)
            if end is None:
                break
            current = Path(folder) / CURRENT
            if not current.is_file():
                raise RuntimeError(f"no input was tried, see the error above ({end})")
            tried.kinds["fault"] += 1
            tried.add_fault(end, current.read_bytes())
        seed += 1
    tried.wall_s = time.monotonic() - begin_s
    return tried


def _try_in_process(
    find: Callable[[], Reader], num: int, seed: int, folder: Path, tried: Tried
) -> str | None:
    """Try inputs in a new process; return what ended it too early, if anything did."""
    context = get_context("forkserver")
    context.set_forkserver_preload([readers.__name__])
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_try, args=(find, num, seed, folder, there))
    process.start()
    there.close()
    end = None
    try:
        while here.poll(SILENCE_S):
            kind, cpu_s, fault, content = here.recv()
            tried.kinds[kind] += 1
            tried.slowest_s = max(tried.slowest_s, cpu_s)
            if fault:
                tried.add_fault(fault, content)
        end = f"no end within {SILENCE_S:g} s"
        process.kill()
    except EOFError:
        process.join()
        if process.exitcode:
            end = f"the process ends: {_name_of(process.exitcode)}"
    finally:
        process.join()
        here.close()
    return end


def _name_of(exitcode: int) -> str:
    return signal.Signals(-exitcode).name if exitcode < 0 else f"exit code {exitcode}"


def _try(
    find: Callable[[], Reader], num: int, seed: int, folder: Path, answers: Connection
) -> None:
    logging.disable(logging.CRITICAL)
    reader, work, num_left = find(), folder / "work", num
    work.mkdir()

    def judge(content: bytes) -> None:
        nonlocal num_left
        if num_left == 0:  # Hypothesis draws several at once
            return
        num_left -= 1
        (folder / CURRENT).write_bytes(content)
        outcome = try_input(reader, work, content)
        fault = place_of(outcome.error) if outcome.error is not None else ""
        answers.send((outcome.kind, outcome.cpu_s, fault, content if fault else b""))

    while num_left:
        try_many(reader, work, num_left, judge, of_seed=seed)
        seed += 1_000
    answers.close()


@click.command(help=__doc__)
@click.option("--inputs", "num", default=4_000, show_default=True, help="For each reader.")
@click.option("--seed", default=1, show_default=True)
@click.option("--reader", "names", multiple=True, help="Only readers whose names hold this.")
@click.option("--keep", type=click.Path(path_type=Path), help="Where the inputs of faults go.")
def main(num: int, seed: int, names: tuple[str, ...], keep: Path | None) -> None:
    """Try all readers, and print a table."""
    chosen = [name for name in READERS if not names or any(part in name for part in names)]
    told = Console(stderr=True)
    every = {}
    for name in chosen:
        every[name] = try_reader(partial(of_name, name), num, seed)
        told.print(
            f"{name}: {dict(every[name].kinds)}, {every[name].wall_s:.0f} s", highlight=False
        )
        for place, (fault, content) in enumerate(every[name].faults.items()):
            told.print(f"  {fault}: {content[:80]!r}", highlight=False, markup=False)
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{name.replace(' ', '-')}-{place}").write_bytes(content)
    console = Console(width=120)
    console.print(str(this_machine(libraries=LIBRARIES)), highlight=False)
    console.print(to_table(every))
    sys.exit(any(tried.faults for tried in every.values()))


def to_table(every: Mapping[str, Tried]) -> Table:
    """Show how the inputs of each reader ended."""
    table = markdown_table(
        "reader", "inputs", "read", "refused", "faults", "s", "slowest, ms of processor"
    )
    total = Tried()
    for name, tried in every.items():
        table.add_row(name, *_figures(tried))
        total.kinds += tried.kinds
        total.wall_s += tried.wall_s
        total.slowest_s = max(total.slowest_s, tried.slowest_s)
    table.add_row("all", *_figures(total))
    return table


def _figures(tried: Tried) -> list[str]:
    counts = [tried.kinds.total(), *(tried.kinds[kind] for kind in ("read", "refused", "fault"))]
    times = [f"{tried.wall_s:.0f}", f"{1000 * tried.slowest_s:.0f}"]
    return [*(f"{count:,}" for count in counts), *times]


if __name__ == "__main__":
    main()
