"""What a model predicts for one clip, and its form as lines of CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from corpora.source.rejects import Remark
from models.configs.base import Modality
from reports.forms.plain import csv_cell
from reports.ledger.record import MAIN_HEADER, MAIN_METRIC, Record, Result

WeightKind = Literal["attention", "sum", "gates"]

CSV_DECIMALS = 6


@dataclass(frozen=True)
class EmotionDecision:
    """One emotion or class.

    An emotion is `present` if its probability is above the trial's threshold. Classes have no
    threshold: the one with the highest probability is present.
    """

    emotion: str
    probability: float
    threshold: float | None
    present: bool


@dataclass(frozen=True)
class ModalityWeights:
    """How much each modality counts.

    Attributes:
        kind: "attention": the weights of the decisions for this clip; they add up to 1. "sum": the
            trained coefficients of the decisions, equal for every clip, positive or negative.
            "gates": how much of each modality passes for this clip, from 0 to 1, as the mean over
            features.
        values: The weights by modality, in our order.
    """

    kind: WeightKind
    values: dict[Modality, float]


@dataclass(frozen=True)
class Prediction:
    """What a model predicts for one clip.

    Attributes:
        clip: The name of the clip.
        seconds: The length of the clip.
        text: The text that the model read.
        text_from: The source of the text, in words; None if there is no text.
        decisions: The decisions in the order of the corpus's emotions or classes.
        numbers: The predicted number of each target, if the task is regression.
        weights: The weights of the modalities; None if the model has none.
        num_frames: The number of frames that were examined.
        num_faces: The number of these frames that show a face.
        remarks: What the clip lacks.
        notes: What a reader should know about this prediction.
    """

    clip: str
    seconds: float
    text: str
    text_from: str | None
    decisions: tuple[EmotionDecision, ...]
    numbers: Mapping[str, float]
    weights: ModalityWeights | None
    num_frames: int
    num_faces: int
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...]


def valid_score(record: Record) -> float:
    """Return the main validation score of the epoch that a trial predicts with; 0 without one."""
    best = record.result.best
    return best.main_score if best else 0.0


def valid_header(record: Record) -> str:
    """Name the metric of `valid_score`: F1, or CCC if the task is regression."""
    return MAIN_HEADER[MAIN_METRIC[record.result.task]]


def csv_header(result: Result, weighed: Sequence[Modality]) -> list[object]:
    """Name the columns: the clip, two for each emotion, one for each modality with a weight.

    A target has one column.
    """
    names = result.emotions
    if result.task == "regression":
        pairs = list(names)
    else:
        pairs = [name for emotion in names for name in (emotion, f"{emotion}_present")]
    return ["file", *map(csv_cell, pairs), *(f"weight_{modality}" for modality in weighed)]


def csv_row(prediction: Prediction) -> list[object]:
    """Write the line of one clip: probabilities, decisions (0 or 1) and weights, or numbers."""
    pairs = [*map(_number, prediction.numbers.values())]
    pairs += [
        cell
        for decision in prediction.decisions
        for cell in (_number(decision.probability), str(int(decision.present)))
    ]
    weights = prediction.weights.values.values() if prediction.weights else ()
    return [csv_cell(prediction.clip), *pairs, *map(_number, weights)]


def _number(value: float) -> str:
    return f"{value:.{CSV_DECIMALS}f}"
