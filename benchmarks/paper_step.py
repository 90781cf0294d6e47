"""How fast is a training step of Le's model at paper scale on this machine's CPU?

Steps in float32 and in bfloat16 autocast alternate, on all cores, with random weights and inputs of
the sizes of IEMOCAP. Between the steps, the machine's peak in products of square matrices is
measured.

    python -m benchmarks.paper_step

`torch.utils.flop_counter` counts the FLOPs: two for each multiplication in matrix products,
attention and convolutions, forward and backward, padded steps included. Multiplications with the
zeros around a picture are left out, because libraries need not do them. Everything else counts as
0: norms, activations, softmax, dropout, pooling, embeddings, biases, loss, optimizer.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam, Optimizer

from benchmarks.drawn_batch import TASK, draw_batch
from benchmarks.flops import flop_counter
from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from corpora.batches.batch import Batch
from corpora.recipes.pictures import LE
from models.builders.le import build_le
from models.configs.base import MODALITIES, RANDOM_WEIGHTS
from models.configs.le import LeConfig, LeTextConfig
from models.configs.text import AlbertSizes
from models.groups import parameter_groups
from models.init import init_weights
from models.parts.sequence import Padded
from models.systems.sequence_fusion import SequenceFusionModel
from orchestrator.training.precision import Precision
from search_spaces.training import TrainingConfig

PAPER = LeConfig(text=LeTextConfig(weights=RANDOM_WEIGHTS, sizes=AlbertSizes()))
TRAINING = TrainingConfig()

NUM_EMOTIONS = TASK.num_emotions
POSITIVE_WEIGHT = 4.0

DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}
MATRIX_SIZES = (1024, 2048, 4096)
MATMUL_S = 0.3
"""Matrices of each size are multiplied for at least this time; the best size gives the peak."""

FUSION, HEAD, OPTIMIZER = "fusion", "head", "optimizer"
PARTS = (*MODALITIES, FUSION, HEAD, OPTIMIZER)


class PartMeter:
    """Assigns seconds or FLOPs of a meter to the part of the step that is running.

    In the forward pass, a part runs from its call to the call of the next part. In the backward
    pass, it runs from the moment when the gradient of its output is complete: autograd goes through
    the parts one after the other.
    """

    def __init__(self, read: Callable[[], float]) -> None:
        self.spent = dict.fromkeys(PARTS, 0.0)
        self._read = read
        self._part: str | None = None
        self._since = 0.0

    def begin(self, part: str | None) -> None:
        """End the part that has been running, and start another one; None at the end."""
        now = self._read()
        if self._part is not None:
            self.spent[self._part] += now - self._since
        self._part, self._since = part, now

    @contextmanager
    def watching(self, model: SequenceFusionModel) -> Iterator[None]:
        """Follow the parts of a model while they are called and differentiated."""
        handles = []
        parts = {**model.branches, FUSION: model.fusion, HEAD: model.head}
        for name, part in parts.items():
            handles += [
                part.register_forward_pre_hook(partial(self._called, name)),
                part.register_forward_hook(partial(self._returned, name)),
            ]
        yield
        for handle in handles:
            handle.remove()

    def _called(self, name: str, _: nn.Module, inputs: object) -> None:
        self.begin(name)

    def _returned(self, name: str, _: nn.Module, inputs: object, output: Padded | Tensor) -> None:
        states = output.states if isinstance(output, Padded) else output
        states.register_hook(lambda gradient: self.begin(name))


class MatmulPeak:
    """The rate of products of square matrices, the best of several sizes."""

    def __init__(self, dtype: torch.dtype, sizes: Sequence[int]) -> None:
        self._operands = [torch.rand(2, size, size).to(dtype) for size in sizes]

    def flops_per_s(self) -> float:
        """Measure the rate."""
        return max(self._rate(left, right) for left, right in self._operands)

    def _rate(self, left: Tensor, right: Tensor) -> float:
        product = left @ right
        num_products, start = 0, time.perf_counter()
        while (elapsed_s := time.perf_counter() - start) < MATMUL_S:
            torch.mm(left, right, out=product)
            num_products += 1
        return 2 * len(left) ** 3 * num_products / elapsed_s


@dataclass(frozen=True)
class Sizes:
    """The contents of one batch; `num_token_slots` includes the padding."""

    num_utterances: int
    num_faces: int
    num_chunks: int
    num_tokens: int
    num_token_slots: int


@dataclass(frozen=True)
class Step:
    """One training step, and the matmul peak of the same precision just before it."""

    parts_s: dict[str, float]
    peak_flops_per_s: float

    @property
    def step_s(self) -> float:
        """The time of all parts together."""
        return sum(self.parts_s.values())


@dataclass(frozen=True)
class Measured:
    """All measurements; `flops` by part."""

    machine: Machine
    num_threads: int
    num_parameters: int
    batch: Sizes
    flops: dict[str, float]
    steps: dict[Precision, list[Step]]

    def peak_flops_per_s(self, precision: Precision) -> float:
        """Return the highest peak: disturbances can only lower a measurement."""
        return max(step.peak_flops_per_s for step in self.steps[precision])


def synthetic_batch(num_utterances: int, config: LeConfig, *, seed: int = 0) -> Batch:
    """Draw a batch of utterances, of the sizes that recipe `le` gives to them.

    Raises:
        ValueError: If the text encoder has pretrained weights: its vocabulary is unknown here.
    """
    if config.text.sizes is None:
        raise ValueError("text.sizes is None: the vocabulary is unknown; choose weights 'random'")
    return draw_batch(num_utterances, LE, config.text.sizes.vocabulary, seed=seed)


def take_step(
    model: SequenceFusionModel,
    optimizer: Optimizer,
    batch: Batch,
    precision: Precision,
    meter: PartMeter,
) -> None:
    """Take the step of `orchestrator.training.loop.train`; the loss belongs to the head."""
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")
    weights = torch.full((NUM_EMOTIONS,), POSITIVE_WEIGHT)
    with meter.watching(model):
        with autocast:
            logits = model(batch)
        loss = binary_cross_entropy_with_logits(logits, batch.labels, pos_weight=weights)
        meter.begin(OPTIMIZER)
        optimizer.zero_grad(set_to_none=True)
        meter.begin(HEAD)
        loss.backward()
        meter.begin(OPTIMIZER)
        optimizer.step()
        meter.begin(None)


def count_flops(model: SequenceFusionModel, optimizer: Optimizer, batch: Batch) -> dict[str, float]:
    """Count the FLOPs of a step by part.

    The counter does not know the CPU's fused attention, so plain attention replaces it; it has the
    same number of FLOPs.
    """
    counter = flop_counter()
    with sdpa_kernel(SDPBackend.MATH), counter:
        meter = PartMeter(counter.get_total_flops)
        take_step(model, optimizer, batch, "fp32", meter)
    return meter.spent


def measure(
    config: LeConfig, *, batch_size: int, num_repeats: int, matrix_sizes: Sequence[int]
) -> Measured:
    """Measure steps of both precisions by turns; the first step of each is not timed."""
    machine = this_machine(libraries=("torch", "transformers"))
    model = build_le(config, TASK).train()
    init_weights(model, seed=0)
    groups = parameter_groups(
        model, base_lr=TRAINING.learning_rate, pretrained_lr=TRAINING.pretrained_learning_rate
    )
    optimizer = Adam([{**group} for group in groups], fused=True)
    batch = synthetic_batch(batch_size, config)
    peaks = {precision: MatmulPeak(dtype, matrix_sizes) for precision, dtype in DTYPES.items()}
    flops = count_flops(model, optimizer, batch)
    steps: dict[Precision, list[Step]] = {precision: [] for precision in DTYPES}
    take_step(model, optimizer, batch, "bf16", PartMeter(time.perf_counter))
    for _ in track(range(num_repeats), "measuring", transient=True):
        for precision, peak in peaks.items():
            peak_flops_per_s, meter = peak.flops_per_s(), PartMeter(time.perf_counter)
            take_step(model, optimizer, batch, precision, meter)
            steps[precision].append(Step(meter.spent, peak_flops_per_s))
    return Measured(
        machine=machine,
        num_threads=torch.get_num_threads(),
        num_parameters=sum(parameter.numel() for parameter in model.parameters()),
        batch=sizes_of(batch),
        flops=flops,
        steps=steps,
    )


def sizes_of(batch: Batch) -> Sizes:
    """Count the contents of a batch."""
    return Sizes(
        num_utterances=len(batch.labels),
        num_faces=len(batch.faces),
        num_chunks=len(batch.mels),
        num_tokens=int(batch.token_mask.sum()),
        num_token_slots=batch.tokens.numel(),
    )


def show(measured: Measured, console: Console) -> None:
    """Print two tables: whole steps, and their parts."""
    flops, batch = sum(measured.flops.values()), measured.batch
    console.print(
        f"{measured.machine}; {measured.num_threads} threads\n"
        f"{measured.num_parameters / 1e6:.1f} M parameters; {batch.num_utterances} utterances, "
        f"{batch.num_faces} faces, {batch.num_chunks} chunks, {batch.num_tokens} tokens "
        f"({batch.num_token_slots} with padding); {flops / 1e9:,.0f} GFLOP a step; "
        f"n = {len(measured.steps['fp32'])}, median (least to most)\n",
        soft_wrap=True,
    )
    whole = markdown_table(
        "precision", "s/step", "utterances/s", "GFLOP/s", "matmul peak, GFLOP/s", "share of peak"
    )
    for precision, steps in measured.steps.items():
        rates = [flops / step.step_s for step in steps]
        peak = measured.peak_flops_per_s(precision)
        whole.add_row(
            precision,
            f"{Spread.of(step.step_s for step in steps):.2f}",
            f"{Spread.of(batch.num_utterances / step.step_s for step in steps):.2f}",
            f"{Spread.of(rate / 1e9 for rate in rates):.0f}",
            f"{peak / 1e9:.0f}",
            f"{Spread.of(rate / peak for rate in rates):.0%}",
        )
    console.print(whole)
    console.print(f"bf16 is faster by a factor of {_gain(measured):.2f}\n")
    console.print(_parts_table(measured))


def _gain(measured: Measured) -> Spread:
    pairs = zip(measured.steps["fp32"], measured.steps["bf16"], strict=True)
    return Spread.of(fp32.step_s / bf16.step_s for fp32, bf16 in pairs)


def _parts_table(measured: Measured) -> Table:
    """Lay out the parts: the median of their seconds, and their share of the peak."""
    headers = (f"{precision} {what}" for precision in DTYPES for what in ("s", "share of peak"))
    table = markdown_table("part", "GFLOP", *headers)
    for part in PARTS:
        flops = measured.flops[part]
        cells = []
        for precision, steps in measured.steps.items():
            seconds = Spread.of(step.parts_s[part] for step in steps).median
            share = flops / seconds / measured.peak_flops_per_s(precision)
            cells += [f"{seconds:.2f}", f"{share:.0%}" if flops else ""]
        table.add_row(part, f"{flops / 1e9:,.1f}", *cells)
    return table


@click.command()
@click.option("--batch-size", type=click.IntRange(min=1), default=TRAINING.batch_size)
@click.option("--repeats", type=click.IntRange(min=1), default=5)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write this file.")
def main(batch_size: int, repeats: int, json_file: Path | None) -> None:
    """Measure a training step of Le's model at paper scale."""
    measured = measure(PAPER, batch_size=batch_size, num_repeats=repeats, matrix_sizes=MATRIX_SIZES)
    show(measured, Console(highlight=False, width=200))
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
