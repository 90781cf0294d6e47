"""How fast do batches come from a prepared corpus on the CPU?

A synthetic corpus is prepared by the recipes `le`, which stores crops as pixels, and `xia`, which
stores them as JPEGs of 224 px. Each way reads the training split in order, by turns. `plain` is the
shortest code that makes the same batches: it decodes one picture after another, joins everything,
and normalises into new memory. Ours decodes with one thread, as in a trial on a CPU, or with
several, as in a trial on a GPU. torchvision's decoder is measured for comparison, and its pixels
are compared with Pillow's.

    python -m benchmarks.reading_speed
"""

import io
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import torch
from PIL import Image
from rich.console import Console
from torch import Tensor
from torchvision.io import decode_jpeg

from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from corpora.batches.corpus import CorpusSplit
from corpora.batches.gatherers import PictureGatherer, picture_columns
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, XIA, Recipe
from corpora.store.folders import recipe_folder, split_file
from corpora.synthetic.corpus import SyntheticConfig, write_synthetic

NAME = "read"
BATCH_SIZE = 32
CPU = torch.device("cpu")
PLAIN, TORCHVISION = "plain", "plain, torchvision's decoder"

Pictures = tuple[Tensor, Tensor]
"""The normalised faces and the spectrograms of a batch."""

Decode = Callable[[Sequence[bytes]], Tensor]


@dataclass(frozen=True)
class Measured:
    """Batches per second by recipe and way; `most_off` is that of torchvision, of 255 levels."""

    machine: Machine
    num_utterances: int
    batches_per_s: dict[str, dict[str, Spread]]
    most_off: int


def ours(table: pa.Table, recipe: Recipe, num_threads: int) -> Iterator[Pictures]:
    """Read a split as training does."""
    columns = picture_columns(table, recipe, num_threads=num_threads)
    gatherer = PictureGatherer(columns, recipe, table["text"].to_pylist(), None)
    for batch in CorpusSplit(table, gatherer, CPU).in_order(BATCH_SIZE):
        yield batch.faces, batch.mels


def plain(table: pa.Table, recipe: Recipe, decode: Decode) -> Iterator[Pictures]:
    """Read a split with only Arrow, Pillow and PyTorch; take the middle one of the candidates."""
    mean, std = (
        torch.tensor(values).reshape(3, 1, 1) for values in (recipe.face_mean, recipe.face_std)
    )
    for utterances in torch.arange(len(table)).split(BATCH_SIZE):
        rows = utterances.tolist()
        faces = torch.cat([_faces(table["faces"][row], recipe, decode) for row in rows])
        mels = torch.cat([torch.from_dlpack(table["mels"][row].values) for row in rows])
        yield (faces.float() - mean) / std, mels.reshape(-1, 1, *recipe.spectrogram.chunk_shape)


def _faces(stored: pa.Scalar, recipe: Recipe, decode: Decode) -> Tensor:
    if recipe.storage == "jpeg":
        num_candidates = len(recipe.candidates)
        middle = range(num_candidates // 2, len(stored.values), num_candidates)
        return decode([stored.values[index].as_py() for index in middle])
    return torch.from_dlpack(stored.values).reshape(-1, 3, recipe.face_px, recipe.face_px)


def by_pillow(jpegs: Sequence[bytes]) -> Tensor:
    """Decode one picture after another: (N, 3, H, W)."""
    pictures = [np.array(Image.open(io.BytesIO(jpeg))) for jpeg in jpegs]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def by_torchvision(jpegs: Sequence[bytes]) -> Tensor:
    """Decode all pictures in one call: (N, 3, H, W)."""
    files = [torch.frombuffer(bytearray(jpeg), dtype=torch.uint8) for jpeg in jpegs]
    return torch.stack(decode_jpeg(files))


def ways_to_read(
    table: pa.Table, recipe: Recipe, threads: Sequence[int]
) -> dict[str, Callable[[], Iterator[Pictures]]]:
    """List the ways to read a recipe; several threads are only for encoded pictures."""
    ways: dict[str, Callable[[], Iterator[Pictures]]]
    ways = {PLAIN: partial(plain, table, recipe, by_pillow)}
    if recipe.storage != "jpeg":
        return ways | {"ours": partial(ours, table, recipe, 1)}
    for number in threads:
        name = f"ours, {number} thread{'s' if number > 1 else ''}"
        ways[name] = partial(ours, table, recipe, number)
    return ways | {TORCHVISION: partial(plain, table, recipe, by_torchvision)}


def measure_split(
    table: pa.Table, recipe: Recipe, threads: Sequence[int], num_repeats: int
) -> dict[str, Spread]:
    """Measure batches per second of a split in every way, by turns, after one round of warm-up.

    Raises:
        ValueError: If our batches are not bit-identical to the plain ones.
    """
    ways = ways_to_read(table, recipe, threads)
    for name, read in ways.items():
        is_equal = all(map(_are_equal, ways[PLAIN](), read()))
        if not is_equal and name != TORCHVISION:
            raise ValueError(f"recipe '{recipe.name}', {name}: batches differ from the plain ones")
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(num_repeats):
        for name, read in ways.items():
            start = time.perf_counter()
            num_batches = sum(1 for _ in read())
            rates[name].append(num_batches / (time.perf_counter() - start))
    return {name: Spread.of(values) for name, values in rates.items()}


def _are_equal(one: Pictures, other: Pictures) -> bool:
    return all(map(torch.equal, one, other))


def most_off(table: pa.Table) -> int:
    """Return the largest difference between a pixel of torchvision and the same one of Pillow."""
    jpegs = [jpeg for row in table["faces"] for jpeg in row.values.to_pylist()]
    return int((by_torchvision(jpegs).int() - by_pillow(jpegs).int()).abs().max())


def measure(num_utterances: int, threads: Sequence[int], *, num_repeats: int) -> Measured:
    """Prepare a corpus and read its training split."""
    machine = this_machine(libraries=("pillow", "pyarrow", "torch", "torchvision"))
    torch.set_num_threads(1)  # as in a trial
    with tempfile.TemporaryDirectory(prefix="reading-") as folder, warnings.catch_warnings():
        # torchvision deprecates its decoder in favour of TorchCodec, but it still works.
        warnings.filterwarnings("ignore", message="The image decoding and encoding cap")
        tables = _prepared(Path(folder), num_utterances)
        return Measured(
            machine=machine,
            num_utterances=len(tables[LE.name]),
            batches_per_s={
                recipe.name: measure_split(tables[recipe.name], recipe, threads, num_repeats)
                for recipe in (LE, XIA)
            },
            most_off=most_off(tables[XIA.name]),
        )


def _prepared(folder: Path, num_utterances: int) -> dict[str, pa.Table]:
    config = SyntheticConfig(num_utterances=num_utterances)
    write_synthetic(folder / "media", config, num_workers=os.cpu_count() or 1)
    prepare(read_clips(folder / "media"), (LE, XIA), name=NAME, storage=folder)
    return {
        recipe.name: read_table(split_file(recipe_folder(folder, NAME, recipe.name), "train"))
        for recipe in (LE, XIA)
    }


def read_table(path: Path) -> pa.Table:
    """Map the file of a split into memory."""
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def show(measured: Measured, console: Console) -> None:
    """Print the speed of every way."""
    some = measured.batches_per_s[LE.name][PLAIN]
    console.print(
        f"{measured.machine}\n{measured.num_utterances} utterances in batches of {BATCH_SIZE}; "
        f"n = {some.num}, median (least to most); torchvision's pixels differ from Pillow's by "
        f"{measured.most_off} of 255 at most\n",
        soft_wrap=True,
    )
    table = markdown_table("recipe", "way", "batches/s", "times plain")
    for recipe, rates in measured.batches_per_s.items():
        for way, rate in rates.items():
            times = rate.median / rates[PLAIN].median
            table.add_row(f"`{recipe}`", way, f"{rate:.1f}", f"{times:.2f}")
    console.print(table)


@click.command()
@click.option("--utterances", type=click.IntRange(min=24), default=96, show_default=True)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    multiple=True,
    default=(1, 2, 4),
    show_default=True,
    help="A number of threads; repeat the option for each number.",
)
@click.option("--repeats", type=click.IntRange(min=1), default=9, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write this file.")
def main(utterances: int, threads: tuple[int, ...], repeats: int, json_file: Path | None) -> None:
    """Measure how fast batches come from a prepared corpus."""
    measured = measure(utterances, threads, num_repeats=repeats)
    show(measured, Console(highlight=False, width=200))
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
