"""How fast is a training step beside that of a straightforward program, at the paper's scale?

    python -m benchmarks.plain_step [--batch-size 8] [--repeats 3]

The plain program is eager PyTorch in float32 with its default Adam. It pads pictures and sound to
the longest utterance of the batch, and text to 100 tokens; faces are given. Ours packs pictures and
sound, pads text to the longest, and takes steps in float32 and in bfloat16. All have the same
random weights and inputs, and take turns, on all cores.

Beside each step stands the machine's peak: the best product of square matrices in the same
precision, of any moment of the run. `benchmarks.flops` says how FLOPs are counted.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import click
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import pad

from benchmarks.drawn_batch import padded
from benchmarks.flops import flop_counter
from benchmarks.gpu_parts.trainee import SYSTEMS, Trainee, drawn, our_trainee, plain_trainee
from benchmarks.measurement import Spread, markdown_table, this_machine
from benchmarks.paper_step import DTYPES, MATRIX_SIZES, MatmulPeak
from benchmarks.system_costs import without_weights
from corpora.batches.batch import Batch
from orchestrator.training.precision import Precision
from search_spaces.study import ANY_CORPUS
from search_spaces.terms import Scale

CPU = torch.device("cpu")
NUM_TOKENS = 100
"""The plain program pads every text to so many tokens."""

PLAIN = "plain fp32"


@dataclass(frozen=True)
class Timed:
    """The steps of one system: seconds and FLOPs of each way, ours by the precision."""

    system: str
    seconds: Mapping[str, Sequence[float]]
    flops: Mapping[str, float]


def with_long_texts(batch: Batch, num_tokens: int) -> Batch:
    """Pad the texts of a batch to a number of tokens."""
    more = (0, num_tokens - batch.tokens.shape[1])
    return replace(batch, tokens=pad(batch.tokens, more), token_mask=pad(batch.token_mask, more))


def count_flops(trainee: Trainee, batch: Batch) -> float:
    """Count the FLOPs of a step, forward and backward; attention counts as its plain form."""
    with sdpa_kernel(SDPBackend.MATH), flop_counter() as counter:
        trainee.step(batch)
    return counter.get_total_flops()


def measure(
    batch_size: int, num_repeats: int, matrix_sizes: Sequence[int], scale: Scale = "paper"
) -> tuple[list[Timed], dict[Precision, float]]:
    """Time steps of each system in each way, by turns; also return the peaks, in FLOP/s."""
    peaks = {precision: MatmulPeak(dtype, matrix_sizes) for precision, dtype in DTYPES.items()}
    best: dict[Precision, float] = dict.fromkeys(peaks, 0.0)
    systems = []
    for name, baseline in SYSTEMS.items():
        config = without_weights(baseline[scale][ANY_CORPUS])
        batch = drawn(config, batch_size)
        plain_batch = with_long_texts(padded(batch), NUM_TOKENS)
        plain = plain_trainee(config, CPU)
        ways: dict[str, Callable[[], None]] = {PLAIN: partial(plain.step, plain_batch)}
        flops = {PLAIN: count_flops(plain, plain_batch)}
        for precision in DTYPES:
            ours = our_trainee(config, precision, CPU)
            ways[precision] = partial(ours.step, batch)
            flops[precision] = count_flops(our_trainee(config, "fp32", CPU), batch)
        for take_step in ways.values():
            take_step()  # libraries load and choose their kernels
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in track(range(num_repeats), name, transient=True):
            for precision, peak in peaks.items():
                best[precision] = max(best[precision], peak.flops_per_s())
            for way, take_step in ways.items():
                start = time.perf_counter()
                take_step()
                seconds[way].append(time.perf_counter() - start)
        systems.append(Timed(name, seconds, flops))
    return systems, best


def tabulate(systems: Sequence[Timed], peaks: Mapping[Precision, float]) -> Table:
    """Tabulate seconds a step, how many times as fast as the plain program, and shares of peaks."""
    table = markdown_table(
        *("system", "way", "s a step", "times as fast as plain", "GFLOP", "share of the peak")
    )
    for one in systems:
        for way, seconds in one.seconds.items():
            precision: Precision = "bf16" if way == "bf16" else "fp32"
            pairs = zip(one.seconds[PLAIN], seconds, strict=True)
            rates = (one.flops[way] / took / peaks[precision] for took in seconds)
            table.add_row(
                *(one.system, way if way == PLAIN else f"ours, {way}"),
                f"{Spread.of(seconds):.2f}",
                f"{Spread.of(plain / ours for plain, ours in pairs):.2f}",
                f"{one.flops[way] / 1e9:,.0f}",
                f"{Spread.of(rates):.0%}",
            )
    return table


@click.command()
@click.option("--batch-size", type=click.IntRange(min=1), default=8)
@click.option("--repeats", type=click.IntRange(min=1), default=3)
def main(batch_size: int, repeats: int) -> None:
    """Measure training steps beside those of a straightforward program."""
    machine = this_machine(libraries=("torch", "transformers"))
    systems, peaks = measure(batch_size, repeats, MATRIX_SIZES)
    told = ", ".join(f"{precision} {peak / 1e9:.0f}" for precision, peak in peaks.items())
    console = Console(highlight=False, width=200)
    console.print(f"{machine}\nmatmul peaks, GFLOP/s: {told}; batches of {batch_size}\n")
    console.print(tabulate(systems, peaks))


if __name__ == "__main__":
    main()
