"""What is saved if the frozen groups of an encoder are computed once and not in each step?

Training steps of the rows of `modules`, `unimodal` and `sem` at the paper's scale: on pictures, and
on the maps that the frozen groups leave of them, by turns. Values are random; the checkpoints of
VGGish and ResNet18 are written with random values, because only those can be frozen.

    python -m benchmarks.frozen_prefix

Times are those of one core that this process had, so other programs count less. One batch is made
before. So what a step takes is without reading; that is measured apart: maps that lie in the page
cache, one picture after another.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import torch
from pydantic import JsonValue
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam

from benchmarks.drawn_batch import TASK, draw_batch
from benchmarks.measurement import Spread, markdown_table, this_machine
from corpora.batches.batch import Batch
from corpora.batches.map_column import MapColumn, bytes_per_map, laid_out
from corpora.recipes.pictures import XIA
from models.build import build
from models.builders.conv import LAYOUTS
from models.builders.prefix import build_prefix, let_read_maps
from models.configs.base import Modality, SystemConfig
from models.configs.conv import ConvConfig, ResnetConfig, VggishConfig
from models.configs.text import BertSizes
from models.groups import parameter_groups
from models.init import init_weights
from orchestrator.training.precision import Precision, autocast
from search_spaces.catalogue import find_study
from search_spaces.change import apply_change
from search_spaces.trial import TrialConfig

ROWS: dict[str, tuple[str, ...]] = {
    "modules": ("MER", "MER-SEM", "MER-MBT", "MER-SEM-MBT"),
    "sem": tuple(f"{name}, {number} SEM" for name in ("SER", "FER") for number in (0, 2, 4)),
}
"""The rows of `unimodal` are those of `sem` with 0 and 2; with 1 and 3 the frozen groups are the
same as with 0 and 2."""

FIELDS: dict[Modality, str] = {"audio": "mels", "vision": "faces"}
RANDOM_CONFIGS: dict[Modality, ConvConfig] = {
    "audio": VggishConfig(weights="random", frozen=()),
    "vision": ResnetConfig(weights="random", frozen=()),
}
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Measured:
    """One row with the maps of one modality.

    Attributes:
        groups: The frozen groups.
        numbers: How many numbers a map has, and a picture.
        prefix_s, pictures_s, maps_s: The frozen groups alone; a training step on pictures and on
            maps, in seconds.
        gain: How many times as fast a step on maps is.
        evaluation_gain: The same without gradients.
    """

    row: str
    modality: Modality
    groups: tuple[str, ...]
    numbers: tuple[int, int]
    prefix_s: Spread
    pictures_s: Spread
    maps_s: Spread
    gain: Spread
    evaluation_gain: Spread


def write_checkpoints(folder: Path) -> dict[str, JsonValue]:
    """Write random checkpoints; return the changes of a config that reads them."""
    changes: dict[str, JsonValue] = {
        "model.text.weights": "random",
        "model.text.sizes": BertSizes().model_dump(),
    }
    for modality, config in RANDOM_CONFIGS.items():
        parts = LAYOUTS[config.architecture](config).parts
        named = {name.replace(".", "/"): part for name, part in parts.items()}
        init_weights(nn.ModuleDict(named), seed=0)
        state = {
            f"{name}.{inner}": value
            for name, part in parts.items()
            for inner, value in part.state_dict().items()
        }
        path = folder / f"{modality}.pth"
        torch.save(state, path)
        changes[f"model.{modality}.weights"] = str(path)
    return changes


def measure(
    row: str, config: TrialConfig, batch: Batch, *, num_repeats: int, precision: Precision
) -> Measured:
    """Measure a row; the maps are those of faces, or of sound in a row without faces."""
    system = config.model
    modality: Modality = "vision" if "vision" in system.encoders else "audio"
    prefix = build_prefix(system, modality)
    pictures: Tensor = getattr(batch, FIELDS[modality])
    with torch.no_grad(), autocast(CPU, precision):
        maps = prefix.maps(pictures)
    trainers = {
        "pictures": _Trainer(system, config, batch, precision),
        "maps": _Trainer(system, config, _with(batch, modality, maps), precision, maps_of=modality),
    }
    for trainer in trainers.values():
        trainer.step_s()  # not counted: memory is allocated
    times: dict[str, list[float]] = {name: [] for name in ("prefix", *trainers)}
    evaluations: dict[str, list[float]] = {name: [] for name in trainers}
    for _ in range(num_repeats):
        for name, trainer in trainers.items():
            times[name].append(trainer.step_s())
            evaluations[name].append(trainer.evaluation_s())
        began_at = time.process_time()
        with torch.no_grad(), autocast(CPU, precision):
            prefix.maps(pictures)
        times["prefix"].append(time.process_time() - began_at)
    return Measured(
        row=row,
        modality=modality,
        groups=prefix.prefix,
        numbers=(maps[0].numel(), pictures[0].numel()),
        prefix_s=Spread.of(times["prefix"]),
        pictures_s=Spread.of(times["pictures"]),
        maps_s=Spread.of(times["maps"]),
        gain=_gain(times),
        evaluation_gain=_gain(evaluations),
    )


class _Trainer:
    """A model, its optimiser, and the one batch that it reads."""

    def __init__(
        self,
        system: SystemConfig,
        config: TrialConfig,
        batch: Batch,
        precision: Precision,
        *,
        maps_of: Modality | None = None,
    ) -> None:
        self.model = build(system, TASK)
        init_weights(self.model, seed=0)
        if maps_of is not None:
            let_read_maps(self.model, maps_of)
        rates = config.training
        groups = parameter_groups(
            self.model, base_lr=rates.learning_rate, pretrained_lr=rates.pretrained_learning_rate
        )
        self.optimizer = Adam([{**group} for group in groups], fused=True)
        self.batch, self.precision = batch, precision

    def step_s(self) -> float:
        began_at = time.process_time()
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(CPU, self.precision):
            logits = self.model.train()(self.batch)
        binary_cross_entropy_with_logits(logits, self.batch.labels).backward()
        self.optimizer.step()
        return time.process_time() - began_at

    def evaluation_s(self) -> float:
        began_at = time.process_time()
        with torch.inference_mode(), autocast(CPU, self.precision):
            self.model.eval()(self.batch)
        return time.process_time() - began_at


def _with(batch: Batch, modality: Modality, maps: Tensor) -> Batch:
    return replace(batch, faces=maps) if modality == "vision" else replace(batch, mels=maps)


def _gain(times: Mapping[str, Iterable[float]]) -> Spread:
    pairs = zip(times["pictures"], times["maps"], strict=True)
    return Spread.of(on_pictures / on_maps for on_pictures, on_maps in pairs)


def reading_ms(folder: Path, precision: Precision, *, num_maps: int = 200) -> float:
    """Measure how long the map of a face takes to be read from the page cache."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    shape = (128, 28, 28)
    file = folder / "maps"
    file.write_bytes(laid_out(torch.rand(num_maps, *shape).to(dtype)))
    column = MapColumn(file, torch.ones(num_maps, dtype=torch.int64), shape=shape, dtype=dtype)
    order, zeros = torch.randperm(num_maps), torch.zeros(num_maps, dtype=torch.int64)
    began_at = time.process_time()
    column.collect(order, zeros)
    return 1000 * (time.process_time() - began_at) / num_maps


def show(measured: Iterable[Measured], precision: Precision, console: Console) -> None:
    """Print one line a row."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    table = markdown_table(
        *("row", "maps of", "KiB a map", "numbers of the picture", "s/step", "frozen groups alone"),
        *("s/step on maps", "gain", "gain without gradients"),
    )
    for one in measured:
        of_map, of_picture = one.numbers
        table.add_row(
            one.row,
            f"{one.modality}, {one.groups[0]} to {one.groups[-1]}",
            f"{bytes_per_map((of_map,), dtype) / 2**10:.0f}",
            f"{of_map / of_picture:.2f}",
            f"{one.pictures_s:.2f}",
            f"{one.prefix_s:.2f}",
            f"{one.maps_s:.2f}",
            f"{one.gain:.2f}",
            f"{one.evaluation_gain:.2f}",
        )
    console.print(table)


def configs_of(rows: Collection[str]) -> dict[str, TrialConfig]:
    """Return the configs of some rows, or of all if none is named."""
    return {
        row: config
        for study, names in ROWS.items()
        for row, config in find_study(study).configs("iemocap", "paper").items()
        if row in names and (not rows or row in rows)
    }


@click.command()
@click.argument("rows", type=click.Choice(list(chain.from_iterable(ROWS.values()))), nargs=-1)
@click.option("--batch-size", type=click.IntRange(min=1), default=2)
@click.option("--repeats", type=click.IntRange(min=1), default=3)
@click.option("--precision", type=click.Choice(["fp32", "bf16"]), default="bf16")
def main(rows: tuple[str, ...], batch_size: int, repeats: int, precision: Precision) -> None:
    """Measure steps on pictures and on maps, of ROWS or of all."""
    console = Console(highlight=False, width=200)
    torch.set_num_threads(1)
    console.print(f"{this_machine(libraries=('torch',))}; 1 thread", soft_wrap=True)
    batch = draw_batch(batch_size, XIA, BertSizes().vocabulary)
    console.print(f"{batch_size} utterances, {len(batch.faces)} faces and chunks; n = {repeats}\n")
    with TemporaryDirectory() as folder:
        changes = write_checkpoints(Path(folder))
        measured = [
            measure(
                row, apply_change(config, changes), batch, num_repeats=repeats, precision=precision
            )
            for row, config in track(configs_of(rows).items(), "measuring", transient=True)
        ]
        show(measured, precision, console)
        milliseconds = reading_ms(Path(folder), precision)
    console.print(f"\nThe map of a face is read from the page cache in {milliseconds:.2f} ms.")


if __name__ == "__main__":
    main()
