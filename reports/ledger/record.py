"""What a finished trial leaves: its record, and the predictions that every number comes from."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, JsonValue

from corpora.source.split import Split
from corpora.source.task import TaskKind
from models.configs.base import Config, later
from search_spaces.trial import Trial

EVALUATED_SPLITS: tuple[Split, ...] = ("valid", "test")
RECORD_SCHEMA = 1

MAIN_METRIC: Mapping[TaskKind, str] = {
    "multilabel": "f1",
    "multiclass": "f1",
    "regression": "ccc",
}
"""The metric by which models are compared on validation, for each kind of task."""

MAIN_HEADER: Mapping[str, str] = {"f1": "F1", "ccc": "CCC"}


def dtype_of_labels(task: TaskKind) -> type[np.number[Any]]:
    """Return the type of the labels of a kind of task in predictions."""
    return np.float32 if task == "regression" else np.int8


class Epoch(Config):
    """One pass over the training split, and the validation scores after it.

    `valid` maps each metric to its mean over the emotions, at thresholds fitted on the same split;
    undefined metrics are left out. `auxiliary_losses` are those that the model returned beside its
    logits, as means over the training split. No value may be infinite or NaN: JSON has no such
    numbers, so the record could not be read again.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    epoch: int
    train_loss: float
    valid_loss: float
    valid: dict[str, float]
    auxiliary_losses: dict[str, float] = later({})

    @property
    def main_metric(self) -> str:
        """The metric by which models are compared on validation."""
        return next(metric for metric in MAIN_HEADER if metric in self.valid)

    @property
    def main_score(self) -> float:
        """The validation score by which models are compared; higher is better."""
        return self.valid[self.main_metric]

    @property
    def told_score(self) -> str:
        """The validation score in words, as in `F1 0.571`."""
        return f"{MAIN_HEADER[self.main_metric]} {self.main_score:.3f}"


class Result(Config):
    """What the trial's key decides: equal keys on equal hardware give equal results.

    `emotions` are the classes if `task` is "multiclass", and the targets if it is "regression".
    `thresholds` are in their order; only "multilabel" has them. `predictions_sha256` is the digest
    of the predictions file. `macs` are the multiply-accumulates on the reference clip, 4.8 s and 32
    tokens. `valid_f1_without_text` is the validation F1 at the same thresholds if every text is
    empty; None if the model reads no text.

    A training has diverged if its loss or a probability is not finite: `epochs` then holds the
    epochs before `diverged_at_epoch`. If none of them gives a model, `best_epoch` is -1 and no
    emotion is predicted.
    """

    emotions: tuple[str, ...]
    task: TaskKind = later("multilabel")
    epochs: tuple[Epoch, ...]
    best_epoch: int
    thresholds: tuple[float, ...]
    num_parameters: int
    num_parameters_without_embeddings: int | None = None
    macs: int | None = None
    valid_f1_without_text: float | None = None
    predictions_sha256: str
    diverged_at_epoch: int | None = None

    @property
    def best(self) -> Epoch | None:
        """The epoch whose model predicts; None if the training diverged before it had a model."""
        return self.epochs[self.best_epoch] if self.best_epoch >= 0 else None

    @property
    def has_diverged(self) -> bool:
        """Whether the training ended because its numbers were no longer finite."""
        return self.diverged_at_epoch is not None


class Circumstances(Config):
    """The conditions under which a trial was trained: they are recorded, but not part of the key.

    Attributes:
        study: The study that the trial was trained for; other studies may share the trial.
        row: The row of that study.
        code_digest: The digest of the source that decides the result, comments not counted; None in
            records from before it was known.
        recipe: The settings of the prepared corpus; the corpus's fingerprint is a digest of them
            too.
        model_sha256: The digest of the trained model's file; None if the model was not kept.
        micro_batches: Pairs (epoch, size): from this epoch on, batches were split to this size.
            Empty if no batch was split.
        peak_memory_mib: The peak of the process in training; None if unknown.
        peak_gpu_memory_mib: The peak of the GPU in training; None if unknown.
        is_deterministic: Whether `--deterministic` allowed only algorithms that give equal results
            each time. The record mentions it only if it is true.
    """

    study: str
    row: str
    code_version: str
    code_digest: str | None = Field(default=None, exclude_if=operator.not_)
    device: str
    precision: Literal["fp32", "bf16"]
    num_threads: int
    libraries: dict[str, str]
    recipe: dict[str, JsonValue] = Field(default={})
    host: str
    started_at: str = Field(description="ISO 8601, UTC")
    wall_s: float
    training_s: float
    resumed_from_epochs: tuple[int, ...] = ()
    model_sha256: str | None = None
    micro_batches: tuple[tuple[int, int], ...] = ()
    peak_memory_mib: float | None = None
    peak_gpu_memory_mib: float | None = None
    cpu_s: float | None = None
    is_deterministic: bool = Field(default=False, exclude_if=operator.not_)


class Record(Config):
    """One finished trial."""

    schema_version: int = RECORD_SCHEMA
    key: str
    trial: Trial
    result: Result
    circumstances: Circumstances


@dataclass(frozen=True)
class Predictions:
    """One split's predictions of a trial.

    Shapes:
        ids: (U,), the utterances
        groups: (U,), the dialogue, video or speaker of each utterance
        labels: (U, K), 0 or 1; numbers in float32 if the task is regression
        probabilities: (U, K), in [0, 1], each row of sum 1 if the task is multiclass; the predicted
            numbers if it is regression
    """

    ids: NDArray[np.str_]
    groups: NDArray[np.str_]
    labels: NDArray[np.number[Any]]
    probabilities: NDArray[np.float32]
