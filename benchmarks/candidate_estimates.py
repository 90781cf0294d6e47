"""What is cheaper for the candidates of a search: to measure each, or to estimate most of them?

    python -m benchmarks.candidate_estimates STORAGE --scale tiny --points 40

Points of the space `architecture` are drawn at random and measured, on a corpus that STORAGE holds.
Then some of them are taken for known, and the others are estimated from them, again and again:

- fields: as a search does it, from the fields of the points (`orchestrator/candidates/estimate.py`)
- size: from the parameters and the multiply-accumulates of the models, by least squares
- mean: the mean of the known ones of the same system

An error is an estimate divided by the measurement. The time of a step is that of the processor, so
other programs hardly change it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import click
import numpy as np
from rich.console import Console

from benchmarks.measurement import markdown_table, this_machine
from corpora.preparation.known import know_corpus
from corpora.store.prepared import read_manifest
from models.build import build
from models.macs import count_parameters
from models.task import Task
from orchestrator.candidates.estimate import Drawn, Estimate, Sample, regress
from orchestrator.cluster.machines import THIS_MACHINE
from orchestrator.cluster.session import training_session
from orchestrator.forecast.measure import measure
from orchestrator.search.points import Points
from orchestrator.search.sampling import draw_at_random
from orchestrator.training.reference_clip import macs_of
from reports.ledger.probe import Probe, architecture_of
from search_spaces.catalogue import find_space
from search_spaces.terms import Scale

NUM_KNOWN = (6, 10, 16)
NUM_SPLITS = 40

TINY_RIDGE = 0.01
"""It keeps least squares solvable if all known candidates have one system."""


class Case(NamedTuple):
    """A measured point, and its model's parameters and multiply-accumulates in millions.

    The third number of the size tells the systems apart.
    """

    sample: Sample
    size: tuple[float, float, float]


class Figures(NamedTuple):
    """What is estimated: memory in MiB, and the processor time of a step in seconds."""

    memory_mib: float
    step_s: float


Estimator = Callable[[Case], Figures]
"""Estimates what a case takes."""


def figures_of(probe: Probe) -> Figures:
    """Take from a probe what is estimated."""
    return Figures(probe.memory_mib, probe.step_s)


def without_others(probe: Probe) -> Probe:
    """Take the time of the processor as the time of a step: other programs took the rest."""
    return probe.model_copy(update={"step_s": probe.step_s * (probe.cpu_share or 1.0)})


def by_fields(known: Sequence[Case]) -> Estimator:
    """Learn as a search does."""
    learned = Estimate([case.sample for case in known])
    return lambda new: figures_of(learned.probe_of(new.sample.drawn))


def by_size(known: Sequence[Case]) -> Estimator:
    """Learn from parameters, multiply-accumulates and the system, by least squares."""
    sizes = np.array([case.size for case in known])
    values = np.array([figures_of(case.sample.probe) for case in known])
    return lambda new: Figures(*regress(sizes, values, np.array(new.size), TINY_RIDGE).tolist())


def by_mean(known: Sequence[Case]) -> Estimator:
    """Learn only which system takes how much."""

    def estimate(new: Case) -> Figures:
        system = new.sample.drawn.point.system
        alike = [case for case in known if case.sample.drawn.point.system == system] or known
        figures = [figures_of(case.sample.probe) for case in alike]
        return Figures(*np.mean(figures, axis=0).tolist())

    return estimate


LEARNERS: dict[str, Callable[[Sequence[Case]], Estimator]] = {
    "fields": by_fields,
    "size": by_size,
    "mean": by_mean,
}


def errors(
    cases: Sequence[Case], num_known: int, learn: Callable[[Sequence[Case]], Estimator]
) -> Iterator[tuple[float, float]]:
    """Yield the errors of memory and time for all cases that are not known, for many splits."""
    rng = np.random.default_rng(0)
    for _ in range(NUM_SPLITS):
        order = rng.permutation(len(cases))
        estimate = learn([cases[index] for index in order[:num_known]])
        for index in order[num_known:]:
            estimated, true = estimate(cases[index]), figures_of(cases[index].sample.probe)
            yield estimated.memory_mib / true.memory_mib, estimated.step_s / true.step_s


def size_of(drawn: Drawn, storage: Path) -> tuple[float, float, float]:
    """Build a candidate's model and count."""
    trial = drawn.trial
    manifest = read_manifest(storage, trial.corpus.name, trial.corpus.recipe)
    model = build(trial.config.model, Task(emotions=manifest.emotions))
    macs = macs_of(model, trial, manifest)
    return count_parameters(model) / 1e6, macs / 1e6, float(drawn.point.system == "xia")


@click.command()
@click.argument("storage", type=click.Path(path_type=Path, exists=True))
@click.option("--corpus", default="synthetic", show_default=True)
@click.option("--scale", type=click.Choice(["tiny", "small"]), default="tiny", show_default=True)
@click.option("--points", "num_points", type=click.IntRange(min=8), default=40, show_default=True)
def main(storage: Path, corpus: str, scale: Scale, num_points: int) -> None:
    """Measure points, and estimate them from each other."""
    console, storage = Console(width=120), storage.absolute()
    console.print(str(this_machine(libraries=["torch", "ray"])))
    points = Points(find_space("architecture"), know_corpus(corpus, storage), scale)
    every = draw_at_random(points, 0, range(num_points))
    drawn = list({architecture_of(one.trial): one for one in every}.values())
    with training_session(storage, THIS_MACHINE) as session:
        began_at = time.perf_counter()
        probes = measure(session, [one.trial for one in drawn])
    measured_s = time.perf_counter() - began_at
    began_at = time.perf_counter()
    sizes = [size_of(one, storage) for one in drawn]
    counted_s = time.perf_counter() - began_at
    cases = [
        Case(Sample(one, without_others(probes[architecture_of(one.trial)])), size)
        for one, size in zip(drawn, sizes, strict=True)
    ]
    console.print(
        f"{len(cases)} architectures: {measured_s:.0f} s to measure (or to read, if they were "
        f"measured before), {counted_s / len(cases):.2f} s each to count parameters and MACs"
    )
    table = markdown_table("estimated by", "known", "memory", "lowest", "time", "lowest")
    for name, learn in LEARNERS.items():
        for num_known in NUM_KNOWN:
            if num_known < len(cases):
                memory, seconds = zip(*errors(cases, num_known, learn), strict=True)
                table.add_row(name, str(num_known), *_summary(memory), *_summary(seconds))
    console.print(table)


def _summary(ratios: Sequence[float]) -> tuple[str, str]:
    """Write the median error in percent, and the lowest estimate in relation to the truth."""
    return f"{median(abs(ratio - 1) for ratio in ratios):.1%}", f"{min(ratios):.2f}"


if __name__ == "__main__":
    main()
