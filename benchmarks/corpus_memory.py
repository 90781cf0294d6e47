"""Does the memory of a trial grow with its corpus?

A synthetic corpus is prepared once. Its files are then written again with 1, 4 and 16 copies of
every row under new names. A fresh process opens each of these corpora and reads epochs of batches.
With recipe `le`, another one also trains the tiny model on them.

    python -m benchmarks.corpus_memory

Private memory is memory that belongs to no file: resident minus shared. (The unique set size would
include pages of a mapped file if no other process reads it, though the system can drop them at any
time.) It is measured before the corpus is opened, when it is open, and as the maximum after any
batch that is still held. Mapped memory is how many more bytes of files the process maps than before
the corpus was opened. Every process reads the same number of batches, in as many epochs as needed:
among more batches, the largest one would be larger.
"""

import itertools
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psutil
import pyarrow as pa
import torch
from rich.console import Console
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from corpora.batches.batch import Batch
from corpora.batches.corpus import Corpus, load_corpus
from corpora.parsing.sealed import parse_sealed
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, XIA
from corpora.source.split import SPLITS
from corpora.store.folders import MANIFEST_FILE, recipe_folder, split_file
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from corpora.store.splits import hash_splits
from corpora.synthetic.corpus import SyntheticConfig, write_synthetic
from corpora.text.tokens import TokenSettings
from models.build import build
from models.init import init_weights
from models.task import Task
from orchestrator.training.loop import start_training
from search_spaces.systems.le import TINY

NAME = "copied"
TOKENS = TokenSettings(None, vocabulary=512, max_tokens=50)
READING, TRAINING = "reading", "training"
WORK = ((LE.name, READING), (XIA.name, READING), (LE.name, TRAINING))
"""The measured cases: a recipe, and the work on its batches."""

BATCH_SIZE = TINY.training.batch_size
NUM_BATCHES = 96
"""So many batches are read to watch the memory, and again to measure the speed."""

MIB = 2**20


@dataclass(frozen=True)
class Usage:
    """The memory that one process needs for a corpus of `num_utterances`, which are in three files.

    Attributes:
        num_utterances: The size of the corpus.
        file_bytes: The size of all three files.
        private_before_bytes: The private memory before the corpus is opened.
        private_open_bytes: The private memory when the corpus is open.
        private_most_bytes: The highest private memory after any batch.
        mapped_bytes: The highest mapped memory, minus that before the corpus is opened.
        batches_per_s: The reading speed on the training split.
    """

    num_utterances: int
    file_bytes: int
    private_before_bytes: int
    private_open_bytes: int
    private_most_bytes: int
    mapped_bytes: int
    batches_per_s: float


@dataclass(frozen=True)
class Growth:
    """The bytes for each additional utterance, from the smallest to the largest open corpus."""

    private_bytes: float
    file_bytes: float


@dataclass(frozen=True)
class Measured:
    """All measurements; usages by recipe and work, then by the number of copies."""

    machine: Machine
    usages: dict[str, dict[int, list[Usage]]]


def copy_rows(source: Path, target: Path, num_copies: int) -> None:
    """Write the files of a prepared corpus again, with several copies of each row under new names.

    The manifest still counts each row once.
    """
    target.mkdir(parents=True)
    manifest = parse_sealed((source / MANIFEST_FILE).read_bytes(), Manifest)
    for split in SPLITS:
        with pa.memory_map(str(split_file(source, split))) as memory:
            batches = list(_batches(pa.ipc.open_file(memory)))
            schema = batches[0].schema
            with pa.ipc.new_file(str(split_file(target, split)), schema) as writer:
                for copy in range(num_copies):
                    for batch in batches:
                        writer.write_batch(_renamed(batch, copy))
    manifest = manifest.model_copy(update={"sha256": hash_splits(target)})
    (target / MANIFEST_FILE).write_text(manifest.model_dump_json(), encoding="utf-8")


def _batches(reader: pa.ipc.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
    for index in range(reader.num_record_batches):
        yield reader.get_batch(index)


def _renamed(batch: pa.RecordBatch, copy: int) -> pa.RecordBatch:
    names = [f"{name}-{copy}" for name in batch.column("utterance").to_pylist()]
    place = batch.schema.get_field_index("utterance")
    return batch.set_column(place, batch.schema.field(place), pa.array(names))


def use_corpus(storage: Path, recipe: str, work: str) -> Usage:
    """Open a corpus, read batches of its training split, and watch this process's memory."""
    torch.set_num_threads(1)  # as in a trial
    process = psutil.Process()
    private_before, mapped_before = _memory(process)
    folder, manifest = recipe_folder(storage, NAME, recipe), read_manifest(storage, NAME, recipe)
    corpus = load_corpus(folder, manifest, TOKENS, torch.device("cpu"))
    private_open, _ = _memory(process)
    take = _training_step(corpus) if work == TRAINING else _hold
    seen = []
    for batch in _epochs(corpus):
        take(batch)
        seen.append(_memory(process))
    private, mapped = (max(values) for values in zip(*seen, strict=True))
    start = time.perf_counter()
    for batch in _epochs(corpus):
        take(batch)
    elapsed_s = time.perf_counter() - start
    return Usage(
        num_utterances=sum(len(split) for split in corpus.splits.values()),
        file_bytes=sum(split_file(folder, split).stat().st_size for split in SPLITS),
        private_before_bytes=private_before,
        private_open_bytes=private_open,
        private_most_bytes=private,
        mapped_bytes=mapped - mapped_before,
        batches_per_s=NUM_BATCHES / elapsed_s,
    )


def _hold(batch: Batch) -> None:
    """Hold a batch and do nothing with it."""


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Return the resident memory without a file, and the resident memory of mapped files."""
    memory = process.memory_info()
    return memory.rss - memory.shared, memory.shared


def _epochs(corpus: Corpus[Batch]) -> Iterator[Batch]:
    """Yield batches of the training split, epoch after epoch."""
    split = corpus.splits["train"]
    batches = (
        batch
        for epoch in itertools.count()
        for batch in split.in_random_order(BATCH_SIZE, seed=0, epoch=epoch)
    )
    return itertools.islice(batches, NUM_BATCHES)


def _training_step(corpus: Corpus[Batch]) -> Callable[[Batch], None]:
    """Return a function that trains the tiny model as `orchestrator.training.loop.train` does."""
    model = build(TINY.model, Task(emotions=corpus.manifest.emotions))
    init_weights(model, seed=0)
    state = start_training(model, corpus, TINY.training, seed=0)
    weights = corpus.positive_weights

    def step(batch: Batch) -> None:
        loss = binary_cross_entropy_with_logits(model(batch), batch.labels, pos_weight=weights)
        state.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        state.optimizer.step()

    return step


def growth_of(usages: dict[int, list[Usage]]) -> Growth:
    """Compare the medians of the largest and the smallest corpus."""
    small, large = usages[min(usages)], usages[max(usages)]
    more = large[0].num_utterances - small[0].num_utterances
    private = (Spread.of(use.private_open_bytes for use in uses).median for uses in (small, large))
    least, most = private
    return Growth(
        private_bytes=(most - least) / more,
        file_bytes=(large[0].file_bytes - small[0].file_bytes) / more,
    )


def measure(num_utterances: int, copies: Sequence[int], *, num_repeats: int) -> Measured:
    """Prepare and copy a corpus; use each copy in a fresh process, by turns."""
    machine = this_machine(libraries=("pyarrow", "torch"))
    usages: dict[str, dict[int, list[Usage]]] = {}
    with tempfile.TemporaryDirectory(prefix="memory-") as folder:
        storages = _copied_corpora(Path(folder), num_utterances, copies)
        for _ in range(num_repeats):
            for recipe, work in WORK:
                for num_copies, storage in storages.items():
                    with ProcessPoolExecutor(
                        1, multiprocessing.get_context("spawn")
                    ) as fresh_process:
                        usage = fresh_process.submit(use_corpus, storage, recipe, work).result()
                    of_work = usages.setdefault(f"`{recipe}`, {work}", {})
                    of_work.setdefault(num_copies, []).append(usage)
    return Measured(machine, usages)


def _copied_corpora(folder: Path, num_utterances: int, copies: Sequence[int]) -> dict[int, Path]:
    """Prepare a synthetic corpus and copy its rows; each copy has a storage of its own."""
    media, once = folder / "media", folder / "once"
    config = SyntheticConfig(num_utterances=num_utterances)
    write_synthetic(media, config, num_workers=os.cpu_count() or 1)
    prepare(read_clips(media), (LE, XIA), name=NAME, storage=once)
    storages = {num_copies: folder / f"times-{num_copies}" for num_copies in copies}
    for num_copies, storage in storages.items():
        for recipe in (LE.name, XIA.name):
            copy_rows(
                recipe_folder(once, NAME, recipe), recipe_folder(storage, NAME, recipe), num_copies
            )
    return storages


def show(measured: Measured, console: Console) -> None:
    """Print the memory for each corpus, and the cost of an additional utterance."""
    some = next(iter(next(iter(measured.usages.values())).values()))
    console.print(
        f"{measured.machine}\nn = {len(some)}, median (least to most); "
        f"{NUM_BATCHES} batches of {BATCH_SIZE}\n",
        soft_wrap=True,
    )
    table = markdown_table(
        "recipe and work",
        "copies",
        "utterances",
        "files, MiB",
        "private before, MiB",
        "open, MiB",
        "most, MiB",
        "mapped, MiB",
        "batches/s",
    )
    for work, of_work in measured.usages.items():
        for num_copies, uses in of_work.items():
            table.add_row(
                work,
                str(num_copies),
                str(uses[0].num_utterances),
                f"{uses[0].file_bytes / MIB:.1f}",
                f"{Spread.of(use.private_before_bytes / MIB for use in uses):.1f}",
                f"{Spread.of(use.private_open_bytes / MIB for use in uses):.1f}",
                f"{Spread.of(use.private_most_bytes / MIB for use in uses):.0f}",
                f"{Spread.of(use.mapped_bytes / MIB for use in uses):.0f}",
                f"{Spread.of(use.batches_per_s for use in uses):.1f}",
            )
    console.print(table)
    for work, of_work in measured.usages.items():
        growth = growth_of(of_work)
        console.print(
            f"{work}: an utterance more is {growth.file_bytes / 1024:.1f} KiB of file and "
            f"{growth.private_bytes / 1024:.1f} KiB of private memory when it is open"
        )


@click.command()
@click.option("--utterances", type=click.IntRange(min=24), default=48, show_default=True)
@click.option(
    "--copies",
    type=click.IntRange(min=1),
    multiple=True,
    default=(1, 4, 16),
    show_default=True,
    help="A number of copies of each row; repeat the option for each size.",
)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write this file.")
def main(utterances: int, copies: tuple[int, ...], repeats: int, json_file: Path | None) -> None:
    """Measure how the memory of a trial grows with its corpus."""
    if len(set(copies)) < 2:
        raise click.UsageError("--copies: give two or more different sizes to compare")
    measured = measure(utterances, copies, num_repeats=repeats)
    show(measured, Console(highlight=False, width=200))
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
