"""What a finished trial leaves: its record, and the predictions that every number comes from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, JsonValue

from corpora.split import Split
from models.configs.base import Config
from search_spaces.trial import Trial

EVALUATED_SPLITS: tuple[Split, ...] = ("valid", "test")
RECORD_SCHEMA = 1


class Epoch(Config):
    """One pass over the training split, and the validation scores after it.

    `valid` maps a metric to its mean over the emotions, at thresholds fitted on the same split; a
    metric that is undefined there is left out. No value may be infinite or not a number: JSON has
    none, so such a record could not be read again.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    epoch: int
    train_loss: float
    valid_loss: float
    valid: dict[str, float]


class Result(Config):
    """What the trial's key decides: equal keys on equal hardware give equal results.

    `thresholds` follow `emotions`; `predictions_sha256` is that of the predictions file; `macs` are
    the multiply-accumulates at the reference clip, 4.8 s and 32 tokens; `valid_f1_without_text` is
    the validation F1 at the same thresholds where every text is empty, None if no text is read.
    """

    emotions: tuple[str, ...]
    epochs: tuple[Epoch, ...]
    best_epoch: int
    thresholds: tuple[float, ...]
    num_parameters: int
    num_parameters_without_embeddings: int | None = None
    macs: int | None = None
    valid_f1_without_text: float | None = None
    predictions_sha256: str


class Circumstances(Config):
    """Under what conditions it came about: recorded, not hashed into the key.

    `study` and `row` are those that the trial was trained for; others may share it. `recipe` holds
    the settings that its corpus was prepared by, which the corpus's fingerprint stands for;
    `model_sha256` is that of the trained model's file, if it was kept.
    """

    study: str
    row: str
    code_version: str
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
        ids, groups: (U,), the utterance and the dialogue, video or speaker it belongs to
        labels: (U, K), 0 or 1
        probabilities: (U, K), in [0, 1]
    """

    ids: NDArray[np.str_]
    groups: NDArray[np.str_]
    labels: NDArray[np.int8]
    probabilities: NDArray[np.float32]
