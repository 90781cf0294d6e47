"""Estimates what a candidate takes from the measurements of others of its space.

A ridge regression of the logarithms on the fields of the points. It needs no model, so it costs
nothing: counting a model's multiply-accumulates needs the model itself, which takes as long as a
measurement does (`benchmarks/README.md` has the figures).
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from orchestrator.cluster.packing import peak_mib
from reports.ledger.probe import Probe, architecture_of
from search_spaces.space import SYSTEM, Point
from search_spaces.trial import Trial

RIDGE = 3.0
"""How strongly effects of fields are pulled to 0, in units of one measurement each."""

UNKNOWN = 2.0
"""By what factor an estimate may be wrong if there is a single measurement."""

SECONDS = ("start_s", "step_s", "valid_s", "end_s")
LEAST = 1e-6
"""A figure of 0 has no logarithm."""


class Drawn(NamedTuple):
    """A candidate: its point of the space, and its trial."""

    point: Point
    trial: Trial


class Sample(NamedTuple):
    """A candidate that was measured, and what it takes."""

    drawn: Drawn
    probe: Probe


class Estimate:
    """What candidates of a space take, learned from some that were measured.

    `memory_factor` is by how much the memory of one of these was underestimated at most when it was
    estimated from all others, at least 1. `time_factor` is by how much the time of a trial was
    wrong then, as the geometric mean.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Learn from samples; there is at least one."""
        self._samples = samples
        self.memory_factor = self.time_factor = UNKNOWN
        if len(samples) > 1:
            pairs = [
                (sample, _estimate([*samples[:index], *samples[index + 1 :]], sample.drawn))
                for index, sample in enumerate(samples)
            ]
            self.memory_factor = max(
                1.0, *(peak_mib(sample.probe) / peak_mib(estimated) for sample, estimated in pairs)
            )
            logs = [
                math.log(_trial_s(sample.drawn, sample.probe) / _trial_s(sample.drawn, estimated))
                for sample, estimated in pairs
            ]
            self.time_factor = math.exp(sum(map(abs, logs)) / len(logs))

    def probe_of(self, drawn: Drawn) -> Probe:
        """Return what the measurement of a candidate would find, without any margin."""
        return _estimate(self._samples, drawn)

    def probe_with_margin(self, drawn: Drawn) -> Probe:
        """Return the same with so much memory that none of the samples would be underestimated."""
        probe = self.probe_of(drawn)
        memory = {name: value * self.memory_factor for name, value in _memory_of(probe).items()}
        return probe.model_copy(update=memory)


def _estimate(samples: Sequence[Sample], drawn: Drawn) -> Probe:
    features = [_features_of(sample.drawn.point) for sample in samples]
    names = sorted({name for each in features for name in each})
    known = np.array([[each.get(name, 0.0) for name in names] for each in features])
    own = _features_of(drawn.point)
    new = np.array([own.get(name, 0.0) for name in names])
    figures = [_figures_of(sample.probe) for sample in samples]
    logs = np.log([[max(value, LEAST) for value in each.values()] for each in figures])
    values = np.exp(regress(known, logs, new)).tolist()
    like, probe = samples[0]
    num_utterances = probe.num_steps * like.trial.config.training.batch_size
    update = {
        **dict(zip(figures[0], values, strict=True)),
        "architecture": architecture_of(drawn.trial),
        "num_steps": math.ceil(num_utterances / drawn.trial.config.training.batch_size),
    }
    return probe.model_copy(update=update)


def regress(
    known: np.ndarray, values: np.ndarray, new: np.ndarray, ridge: float = RIDGE
) -> np.ndarray:
    """Predict values by ridge regression on standardised features; the mean is not shrunk.

    Shapes:
        known: (samples, features), values: (samples, figures), new: (features,) -> (figures,)
    """
    centre, spread = known.mean(axis=0), known.std(axis=0)
    spread[spread == 0] = 1.0
    scaled, mean = (known - centre) / spread, values.mean(axis=0)
    squares = scaled.T @ scaled + ridge * np.eye(len(centre))
    weights = np.linalg.solve(squares, scaled.T @ (values - mean))  # (features, figures)
    return np.asarray(mean + (new - centre) / spread @ weights)


def _features_of(point: Point) -> Mapping[str, float]:
    """Return a number as it is, and 1 for each chosen option.

    Values of a logarithmic range are rates, which change neither time nor memory.
    """
    chosen = {SYSTEM: point.system, **point.values}
    return {
        name if isinstance(value, int) else f"{name}={value}": value
        if isinstance(value, int)
        else 1.0
        for name, value in chosen.items()
        if not isinstance(value, float)
    }


def _figures_of(probe: Probe) -> dict[str, float]:
    return {**_memory_of(probe), **{name: getattr(probe, name) for name in SECONDS}}


def _memory_of(probe: Probe) -> dict[str, float]:
    on_gpu = {} if probe.gpu_memory_mib is None else {"gpu_memory_mib": probe.gpu_memory_mib}
    return {"memory_mib": probe.memory_mib, **on_gpu}


def _trial_s(drawn: Drawn, probe: Probe) -> float:
    return probe.trial_s(drawn.trial.config.training.max_epochs)
