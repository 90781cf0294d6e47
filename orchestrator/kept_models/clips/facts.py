"""What `mmer-sweep predict --json` prints about one clip."""

import operator
from collections.abc import Sequence

from pydantic import Field

from corpora.source.rejects import Remark
from models.configs.base import Modality
from orchestrator.facts import Facts
from reports.ledger.record import Record
from reports.prediction.prediction import Prediction, WeightKind, valid_header, valid_score
from search_spaces.study import RowRef


class EmotionFacts(Facts):
    """The decision on one emotion or class."""

    probability: float
    """A fraction."""
    threshold: float | None
    """An emotion is present above it; chosen on the validation split. Classes have none."""
    present: bool
    """Whether the model says that the emotion is there; of classes, the most probable one is."""


class WeightFacts(Facts):
    """How much each modality counts."""

    kind: WeightKind
    """attention: weights of the decisions for this clip, together 1. sum: trained coefficients of
    the decisions, equal for every clip, of any sign. gates: how much of each modality passes for
    this clip, from 0 to 1, as the mean over features."""
    values: dict[Modality, float]
    """The weight by modality: text, audio, vision."""


class TrialFacts(Facts):
    """The trial that predicts."""

    key: str
    """The key of the trial."""
    rows: tuple[str, ...]
    """The rows that the trial belongs to, as STUDY/ROW."""
    seed: int
    """The seed of the trial."""
    streams: dict[str, int] = Field(default={}, exclude_if=operator.not_)
    """The seeds of random streams that differ from `seed`; left out if there are none."""
    system: str
    """The system of the model."""
    recipe: str
    """The recipe by which the clip was prepared."""
    corpus: str
    """The corpus that the trial was trained on."""
    valid_f1: float | None = Field(default=None, exclude_if=lambda score: score is None)
    """F1 on the validation split, a fraction; left out in a regression."""
    valid_ccc: float | None = Field(default=None, exclude_if=lambda score: score is None)
    """The concordance correlation on the validation split; only in a regression."""


class PredictionFacts(Facts):
    """A prediction for one clip."""

    clip: str
    """The name of the file."""
    seconds: float
    """The length of the clip; 0 for a text."""
    text: str
    """What is said, as the model was given it."""
    text_from: str | None
    """The source of the text, in words; null if there is no text."""
    emotions: dict[str, EmotionFacts]
    """The decision by emotion or class, in the corpus's order; empty in a regression."""
    targets: dict[str, float] = Field(default={}, exclude_if=operator.not_)
    """The predicted number by target; only in a regression."""
    weights: WeightFacts | None
    """The weights of the modalities; null if the model has none."""
    frames: int
    """The number of frames that were examined."""
    frames_with_face: int
    """The number of these frames that show a face."""
    remarks: tuple[Remark, ...]
    """What the clip lacks, or what is odd about it."""
    notes: tuple[str, ...]
    """What a reader should know about this prediction, in sentences."""
    trial: TrialFacts
    """What predicts: a finished trial, with its rows."""


def prediction_facts(
    prediction: Prediction, record: Record, rows: Sequence[RowRef]
) -> PredictionFacts:
    """Return what is printed about a prediction by a trial that belongs to some rows."""
    weights, trial = prediction.weights, record.trial
    score = {f"valid_{valid_header(record).lower()}": valid_score(record)}
    return PredictionFacts(
        clip=prediction.clip,
        seconds=prediction.seconds,
        text=prediction.text,
        text_from=prediction.text_from,
        emotions={
            one.emotion: EmotionFacts(
                probability=one.probability, threshold=one.threshold, present=one.present
            )
            for one in prediction.decisions
        },
        targets=dict(prediction.numbers),
        weights=weights and WeightFacts(kind=weights.kind, values=weights.values),
        frames=prediction.num_frames,
        frames_with_face=prediction.num_faces,
        remarks=prediction.remarks,
        notes=prediction.notes,
        trial=TrialFacts(
            key=record.key,
            rows=tuple(map(str, rows)),
            seed=trial.seed,
            streams=dict(trial.streams),
            system=trial.config.model.system,
            recipe=trial.corpus.recipe,
            corpus=trial.corpus.name,
            **score,
        ),
    )
