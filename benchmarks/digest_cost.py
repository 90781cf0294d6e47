"""What does it cost to check the files of a prepared corpus when they are opened?

Three files of random bytes stand for the splits. They are in the page cache, as after `prepare`. A
file is hashed when it is opened first, and again only if its size or its time of change differ.

    python -m benchmarks.digest_cost [--gib 2] [--repeats 5]
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console

from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from corpora.preparation.known import SYNTHETIC_RECIPES
from corpora.source.names import SYNTHETIC
from corpora.source.split import SPLITS
from corpora.store.folders import split_file
from corpora.store.manifest import Manifest, Shared
from corpora.store.splits import CHECKED_FILE, check_splits, hash_splits

SHARES = {"train": 0.7, "valid": 0.1, "test": 0.2}
BLOCK_BYTES = 2**24


@dataclass(frozen=True)
class Measured:
    """The rate of the hashing, and the time of a check that finds its note; `gib` are all files."""

    machine: Machine
    gib: float
    first_gib_per_s: Spread
    noted_ms: Spread


def write_files(folder: Path, gib: float) -> Manifest:
    """Write the splits of a corpus, and return a manifest that names their digests."""
    for split in SPLITS:
        with split_file(folder, split).open("wb") as file:
            for _ in range(round(SHARES[split] * gib * 2**30 / BLOCK_BYTES)):
                file.write(os.urandom(BLOCK_BYTES))
    return Manifest(
        name=SYNTHETIC,
        kind=SYNTHETIC,
        fingerprint="",
        recipe=SYNTHETIC_RECIPES["le"],
        emotions=(),
        splits={},
        widths={},
        shared=Shared(num_groups=0, num_speakers=0),
        rejects=(),
        left_out={},
        libraries={},
        sha256=hash_splits(folder),
    )


def measure(gib: float, num_repeats: int) -> Measured:
    """Time checks with and without a note, by turns."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        manifest = write_files(folder, gib)
        first_s, noted_ms = [], []
        for _ in range(num_repeats):
            (folder / CHECKED_FILE).unlink()
            first_s.append(_seconds(lambda: check_splits(folder, manifest)))
            noted_ms.append(1000 * _seconds(lambda: check_splits(folder, manifest)))
    rates = Spread.of(gib / seconds for seconds in first_s)
    return Measured(this_machine(libraries=("pyarrow",)), gib, rates, Spread.of(noted_ms))


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@click.command()
@click.option("--gib", default=2.0, show_default=True, help="The size of the files in all.")
@click.option("--repeats", default=5, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="A JSON file to write.")
def main(gib: float, repeats: int, output: Path | None) -> None:
    """Measure, and print a table."""
    console = Console(highlight=False, width=120)
    measured = measure(gib, repeats)
    table = markdown_table("", "GiB/s", "ms")
    table.add_row("opened first: hashed", f"{measured.first_gib_per_s:.2f}", "")
    table.add_row("opened again: noted", "", f"{measured.noted_ms:.2f}")
    console.print(table)
    console.print(str(measured.machine))
    if output is not None:
        output.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
