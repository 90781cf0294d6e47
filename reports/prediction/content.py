"""What pictures and pages show of a prediction: plain arrays, numbers and sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpora.forms.seen import Seen
from models.configs.base import Modality
from reports.figures.style import Drawing
from reports.ledger.record import Record
from reports.prediction.prediction import Prediction
from search_spaces.study import RowRef


@dataclass(frozen=True)
class SeenFace:
    """A picture that the model read, and the time of its window.

    Shapes:
        crop: (face_px, face_px, 3), uint8, RGB
    """

    time_s: float
    crop: NDArray[np.uint8]
    is_face: bool


@dataclass(frozen=True)
class WithoutModality:
    """What the model predicts of the clip if it lacks a modality.

    `values` are probabilities, or numbers in a regression, by emotion or target; `present` are the
    decisions, empty in a regression.
    """

    modality: Modality
    values: Mapping[str, float]
    present: Mapping[str, bool]


@dataclass(frozen=True)
class ClipContent:
    """All that is shown of one prediction.

    Attributes:
        prediction: The prediction.
        record: The record of the trial that predicts.
        rows: The rows that the trial belongs to.
        seen: What the recipe saw and heard, of the modalities that the model reads.
        faces: The pictures that the model read, in order; some of them if there are many.
        num_faces: How many it read.
        tokens: The text as the model read it, if it reads tokens.
        without: What withholding each modality changes; empty if the model reads a single one.
        drawings: What the model attends to.
        notes: Why something is not shown.
    """

    prediction: Prediction
    record: Record
    rows: tuple[RowRef, ...]
    seen: Seen
    faces: tuple[SeenFace, ...]
    num_faces: int
    tokens: tuple[str, ...]
    without: tuple[WithoutModality, ...]
    drawings: tuple[Drawing, ...]
    notes: tuple[str, ...]

    @property
    def values(self) -> dict[str, float]:
        """The probability of each emotion, or the number of each target."""
        decisions = self.prediction.decisions
        return {one.emotion: one.probability for one in decisions} or dict(self.prediction.numbers)


def summary(prediction: Prediction) -> str:
    """Say in a line what is predicted: the emotions that are present, or the numbers."""
    if prediction.numbers:
        return ", ".join(f"{target} {number:.2f}" for target, number in prediction.numbers.items())
    present = [one.emotion for one in prediction.decisions if one.present]
    return ", ".join(present) if present else "no emotion is present"
