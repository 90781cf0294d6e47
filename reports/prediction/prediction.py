"""What a model says of one clip, and its forms for other programs: JSON and CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from corpora.source.rejects import Remark
from models.configs.base import Modality
from reports.ledger.record import Record
from search_spaces.study import RowRef

WeightKind = Literal["attention", "sum", "gates"]

CSV_DECIMALS = 6


@dataclass(frozen=True)
class EmotionDecision:
    """One emotion: it is `present` where its probability is above the trial's threshold."""

    emotion: str
    probability: float
    threshold: float
    present: bool


@dataclass(frozen=True)
class ModalityWeights:
    """How much each modality counts.

    Attributes:
        kind: "attention" weighs decisions for this clip and adds up to 1; "sum" holds the trained
            coefficients of the decisions, the same for every clip and of either sign; "gates" says
            how far, from 0 to 1, each modality passes for this clip, the mean over features.
        values: By modality, in our order.
    """

    kind: WeightKind
    values: dict[Modality, float]


@dataclass(frozen=True)
class Prediction:
    """What a model says of one clip.

    Attributes:
        clip: Names it.
        seconds: How long it lasts.
        text: What the model read.
        text_from: Where that is from, in words; None if there was none.
        decisions: In the order of the corpus's emotions.
        weights: None where the model has none.
        num_frames: Frames that were looked at.
        num_faces: Those of them that show a face.
        remarks: What the clip lacks.
        notes: What a reader should know of this prediction.
    """

    clip: str
    seconds: float
    text: str
    text_from: str | None
    decisions: tuple[EmotionDecision, ...]
    weights: ModalityWeights | None
    num_frames: int
    num_faces: int
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...]


def valid_f1(record: Record) -> float:
    """Return the mean F1 on validation of the epoch that a trial predicts with; 0 without one."""
    best = record.result.best
    return best.valid["f1"] if best else 0.0


def to_json(prediction: Prediction, record: Record, rows: Sequence[RowRef]) -> dict[str, object]:
    """Make the object that `mmer-sweep predict --json` prints.

        {
          "clip": "talk.mp4", "seconds": 4.2,
          "text": "oh well", "text_from": "talk.srt, beside the clip" or null,
          "emotions": {"happy": {"probability": 0.61, "threshold": 0.45, "present": true}, ...},
          "weights": null or {"kind": "attention", "values": {"text": 0.4, "audio": 0.6}},
          "frames": 5, "frames_with_face": 4,
          "remarks": ["no_sound"], "notes": ["..."],
          "trial": {"key": "...", "rows": ["components/full"], "seed": 0, "system": "le",
                    "recipe": "le", "corpus": "mine", "valid_f1": 0.58}
        }

    `kind` is that of `ModalityWeights`, `remarks` those of `corpora.source.rejects.Remark`; `notes`
    are sentences. Probabilities, thresholds and F1 are shares of 1.

    Args:
        prediction: What to write.
        record: Of the trial that predicts.
        rows: What the trial stands for.
    """
    weights = prediction.weights
    return {
        "clip": prediction.clip,
        "seconds": prediction.seconds,
        "text": prediction.text,
        "text_from": prediction.text_from,
        "emotions": {
            decision.emotion: {
                "probability": decision.probability,
                "threshold": decision.threshold,
                "present": decision.present,
            }
            for decision in prediction.decisions
        },
        "weights": weights and {"kind": weights.kind, "values": weights.values},
        "frames": prediction.num_frames,
        "frames_with_face": prediction.num_faces,
        "remarks": list(prediction.remarks),
        "notes": list(prediction.notes),
        "trial": {
            "key": record.key,
            "rows": [str(row) for row in rows],
            "seed": record.trial.seed,
            "system": record.trial.config.model.system,
            "recipe": record.trial.corpus.recipe,
            "corpus": record.trial.corpus.name,
            "valid_f1": valid_f1(record),
        },
    }


def csv_header(emotions: Sequence[str], weighed: Sequence[Modality]) -> list[str]:
    """Name the columns: the clip, two an emotion, one a modality that has a weight."""
    pairs = [name for emotion in emotions for name in (emotion, f"{emotion}_present")]
    return ["file", *pairs, *(f"weight_{modality}" for modality in weighed)]


def csv_row(prediction: Prediction) -> list[str]:
    """Write the line of one clip: probabilities, decisions (0 or 1) and weights."""
    pairs = [
        cell
        for decision in prediction.decisions
        for cell in (_number(decision.probability), str(int(decision.present)))
    ]
    weights = prediction.weights.values.values() if prediction.weights else ()
    return [prediction.clip, *pairs, *map(_number, weights)]


def _number(value: float) -> str:
    return f"{value:.{CSV_DECIMALS}f}"
