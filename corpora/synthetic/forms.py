"""The forms of the synthetic corpus: what an utterance's emotions make of its labels."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpora.source.label_space import LabelSpace
from corpora.source.task import TaskKind

EMOTIONS: tuple[str, ...] = ("anger", "disgust", "fear", "happy", "sad", "surprise")
PRIORS = (0.22, 0.18, 0.12, 0.40, 0.27, 0.13)
"""How likely an utterance has each emotion; where it has just one, in proportion to these."""

WEIGHTS = (-1.4, -0.9, -1.1, 2.2, -1.7, 0.6)
"""What each emotion adds to the sentiment of an utterance."""

SENTIMENT = LabelSpace(("sentiment",), "regression", (-3.0, 3.0))
CLASS_COLUMN = "class"

LABELS: NDArray[np.int64] = np.array(list(itertools.product((0, 1), repeat=len(EMOTIONS))))
"""All combinations of emotions: (64, 6)."""


@dataclass(frozen=True)
class SyntheticForm:
    """One form of the corpus.

    Attributes:
        space: What the labels mean.
        patterns: The emotions that an utterance can have, 0 or 1: (Y, 6).
        prior: How likely each pattern is: (Y,).
        labels: The labels of an utterance with each pattern: (Y, K).
    """

    space: LabelSpace
    patterns: NDArray[np.int64]
    prior: NDArray[np.float64]
    labels: NDArray[np.float64]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the CSV that hold the labels."""
        return (CLASS_COLUMN,) if self.space.task == "multiclass" else self.space.names

    def cells(self, emotions: tuple[int, ...]) -> list[object]:
        """Return the cells of these columns for an utterance with some emotions, 0 or 1 each."""
        (row,) = np.flatnonzero((self.patterns == emotions).all(1))
        labels = self.labels[row]
        if self.space.task == "multiclass":
            return [self.space.names[int(labels.argmax())]]
        return [float(label) if self.space.task == "regression" else int(label) for label in labels]


def sentiment_of(patterns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Add up the weights of emotions, at most 3 and at least -3: (Y, 6) -> (Y,)."""
    low, high = SENTIMENT.range or (-np.inf, np.inf)
    return np.clip((patterns @ np.array(WEIGHTS)).round(1), low, high)


def _independent() -> NDArray[np.float64]:
    chances: NDArray[np.float64] = np.where(LABELS == 1, PRIORS, 1 - np.array(PRIORS)).prod(1)
    return chances


_ONE_EACH = np.eye(len(EMOTIONS), dtype=np.int64)

FORMS: Mapping[TaskKind, SyntheticForm] = {
    "multilabel": SyntheticForm(LabelSpace(EMOTIONS), LABELS, _independent(), LABELS.astype(float)),
    "multiclass": SyntheticForm(
        LabelSpace(EMOTIONS, "multiclass"),
        _ONE_EACH,
        np.array(PRIORS) / sum(PRIORS),
        _ONE_EACH.astype(float),
    ),
    "regression": SyntheticForm(SENTIMENT, LABELS, _independent(), sentiment_of(LABELS)[:, None]),
}
"""By task."""
