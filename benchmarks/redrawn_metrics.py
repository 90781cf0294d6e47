"""What does it cost to compute each metric again on a redrawn test set?

The split is as large as that of CMU-MOSEI: 4,662 utterances with six emotions, classes or one
number. A verdict beyond the split needs 1,000 redrawn sets for each trial. Metrics of counts and of
classes are summed by cluster instead, which takes less.

    python -m benchmarks.redrawn_metrics [--repeats 5]
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from corpora.source.task import TaskKind
from reports.scores.metrics import compute, inputs_of
from reports.scores.redrawn import is_redrawn
from reports.statistics.variance import NUM_RESAMPLES
from search_spaces.metrics.registry import BUILT_IN, metric_for

NUM_UTTERANCES, NUM_EMOTIONS = 4662, 6

Split = tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]
"""Labels, predictions and thresholds."""


@dataclass(frozen=True)
class Measured:
    """The milliseconds that each metric takes on one test set, by name."""

    machine: Machine
    ms: Mapping[str, Spread]


def draw(task: TaskKind, num_utterances: int) -> Split:
    """Draw a split of random labels and predictions."""
    rng = np.random.default_rng(0)
    shape = (num_utterances, NUM_EMOTIONS)
    match task:
        case "multilabel":
            labels = (rng.random(shape) < 0.2).astype(np.int8)
            return labels, rng.random(shape, np.float32), np.full(NUM_EMOTIONS, 0.5)
        case "multiclass":
            labels = np.eye(NUM_EMOTIONS, dtype=np.int8)[rng.integers(0, NUM_EMOTIONS, shape[0])]
            return labels, rng.random(shape, np.float32), np.zeros(0)
        case "regression":
            numbers = np.round(3 * rng.normal(size=(num_utterances, 1))) / 3
            noise = rng.normal(size=numbers.shape)
            return numbers.astype(np.float32), (numbers + noise).astype(np.float32), np.zeros(0)


def measure(num_utterances: int, num_repeats: int) -> Measured:
    """Time each metric on the first kind of task that admits it."""
    return Measured(
        this_machine(libraries=("numpy", "scikit-learn")),
        {name: _time(name, num_utterances, num_repeats) for name in BUILT_IN},
    )


def _time(name: str, num_utterances: int, num_repeats: int) -> Spread:
    task = BUILT_IN[name].tasks[0]
    metric, (labels, predicted, thresholds) = metric_for(name, task), draw(task, num_utterances)
    chosen = np.random.default_rng(1).integers(0, num_utterances, num_utterances)
    took_ms = []
    for _ in range(num_repeats + 1):  # the first loads scikit-learn
        start = time.perf_counter()
        inputs = inputs_of(metric, labels[chosen], predicted[chosen], thresholds)
        compute(metric, inputs, labels.shape[1])
        took_ms.append(1000 * (time.perf_counter() - start))
    return Spread.of(took_ms[1:])


@click.command()
@click.option("--repeats", default=5, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="A JSON file to write.")
def main(repeats: int, output: Path | None) -> None:
    """Measure, and print a table."""
    console = Console(highlight=False, width=120)
    measured = measure(NUM_UTTERANCES, repeats)
    table = markdown_table("metric", "ms a test set", f"s for {NUM_RESAMPLES:,}", "redrawn")
    for name, spread in measured.ms.items():
        in_all = f"{spread.median * NUM_RESAMPLES / 1000:.1f}"
        table.add_row(
            f"`{name}`", f"{spread:.2f}", in_all, "yes" if is_redrawn(BUILT_IN[name]) else "no"
        )
    console.print(table)
    console.print(str(measured.machine))
    if output is not None:
        output.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
