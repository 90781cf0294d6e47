"""The labels of a split in numbers: how many have each emotion, how targets are distributed."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from corpora.source.label_space import LabelSpace, Range
from corpora.source.utterance import Utterance

NUM_BARS = 12
"""So many parts a histogram has: half a point each of a target from -3 to 3."""

LabelRow = tuple[float, ...]


class TargetCounts(BaseModel):
    """How the values of a target are distributed over the utterances of a split.

    `std` is that of the population. `histogram` counts the values in parts of equal width from
    `low` to `high`, which are the same for all splits of a corpus.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    std: float
    minimum: float
    maximum: float
    low: float
    high: float
    histogram: tuple[int, ...]


def count_positives(labels: LabelSpace, rows: Sequence[LabelRow]) -> dict[str, int]:
    """Count the utterances that have each emotion or class; targets have none."""
    if labels.task == "regression":
        return {}
    sums = np.array(rows, dtype=int).sum(axis=0).tolist()
    return dict(zip(labels.names, sums, strict=True))


def count_targets(
    labels: LabelSpace, rows: Sequence[LabelRow], bounds: Sequence[Range]
) -> dict[str, TargetCounts]:
    """Describe the values of each target, within the bounds of each; emotions have none."""
    if labels.task != "regression":
        return {}
    values = np.array(rows, dtype=float)
    return {
        name: TargetCounts(
            mean=float(of_target.mean()),
            std=float(of_target.std()),
            minimum=float(of_target.min()),
            maximum=float(of_target.max()),
            low=low,
            high=high,
            histogram=tuple(np.histogram(of_target, NUM_BARS, (low, high))[0].tolist()),
        )
        for name, of_target, (low, high) in zip(labels.names, values.T, bounds, strict=True)
    }


def bounds_of(labels: LabelSpace, utterances: Sequence[Utterance]) -> list[Range]:
    """Return the range of each target: the known one, else that of its values."""
    if labels.range is not None:
        return [labels.range] * len(labels.names)
    values = np.array([utterance.labels for utterance in utterances], dtype=float)
    return [(float(of_target.min()), float(of_target.max())) for of_target in values.T]
