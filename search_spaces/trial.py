"""A trial: a resolved config on a corpus with a seed, named by the hash of all that decides it."""

import hashlib
import operator
from functools import cached_property
from typing import Literal, Self

from pydantic import ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from models.configs.base import Config, Rate, later
from models.configs.le import LeConfig
from models.configs.system import System
from search_spaces.identity import canonical_json, identity_of

KEY_SCHEMA = 1
"""Raised when every config means another computation than before, so that all keys differ.

If only one system computes something else, raise the `revision` of its config.
"""

KEY_DIGITS = 24

Stream = Literal["init", "order", "dropout"]
"""A random stream of a trial: initial weights, order of the utterances, and dropout."""


class TrainingConfig(Config):
    """How a model is trained; defaults are those of Le et al. on IEMOCAP.

    `learning_rate` falls to 0 along a cosine over all steps (`schedule`), after a linear rise over
    the share `warmup` of them; with "plateau" it falls when the validation loss stops falling. If
    `patience` is given, training stops after so many epochs without a better one. The paper does
    not state warm-up, weight decay and gradient clipping (all off), nor how the epoch (`selection`)
    and the `thresholds` are chosen (both on the validation split); "fixed" thresholds are 0.5. The
    code base of EmoEmbs chooses the epoch by WAcc or accuracy at fixed thresholds. `precision`
    "auto" is bfloat16 autocast if the device has native bfloat16 arithmetic, else float32; the
    record says which it was.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    max_epochs: PositiveInt = 25
    batch_size: PositiveInt = 32
    learning_rate: PositiveFloat = 5e-4
    pretrained_learning_rate: PositiveFloat = 5e-5
    schedule: Literal["cosine", "constant", "plateau"] = "cosine"
    warmup: Rate = 0.0
    patience: PositiveInt | None = None
    weight_decay: float = Field(default=0.0, ge=0)
    clip_norm: PositiveFloat | None = None
    selection: Literal["best_valid_f1", "best_valid_wacc", "best_valid_acc", "last"] = (
        "best_valid_f1"
    )
    thresholds: Literal["valid_f1", "fixed"] = "valid_f1"
    precision: Literal["auto", "fp32", "bf16"] = "auto"

    @model_validator(mode="after")
    def _patience_needs_a_best_epoch(self) -> Self:
        if self.patience is not None and self.selection == "last":
            raise ValueError(
                "patience waits for a better epoch, but selection is 'last'; choose "
                "selection 'best_valid_f1' or patience None"
            )
        return self

    @model_validator(mode="after")
    def _plateau_does_not_warm_up(self) -> Self:
        if self.warmup and self.schedule == "plateau":
            raise ValueError("schedule 'plateau' has no warm-up; choose warmup 0")
        return self


class TrialConfig(Config):
    """All that a row can change."""

    model: System = LeConfig()
    training: TrainingConfig = TrainingConfig()


class CorpusRef(Config):
    """A prepared corpus by name and recipe, and the fingerprint of its source and settings."""

    name: str
    recipe: str
    fingerprint: str


class Trial(Config):
    """One model to train; trials of equal key are one trial.

    `weights` maps each pretrained file to its SHA-256, empty for random weights. The key holds
    those hashes instead of the place where the files lie. `code` is empty, unless the trial was
    trained before, by other code, and is trained anew: then it is the digest of the new code.
    `streams` is empty, unless some random streams have other seeds than `seed`: then it has these.
    """

    config: TrialConfig
    corpus: CorpusRef
    seed: NonNegativeInt
    weights: dict[str, str] = Field(default={})
    code: str = Field(default="", exclude_if=operator.not_)
    streams: dict[Stream, NonNegativeInt] = later({})

    @model_validator(mode="after")
    def _streams_differ(self) -> Self:
        for stream, seed in self.streams.items():
            if seed == self.seed:
                raise ValueError(
                    f"stream '{stream}' has the seed {seed}, which all streams have; leave it out"
                )
        return self

    def seed_of(self, stream: Stream) -> int:
        """Return the seed of a random stream."""
        return self.streams.get(stream, self.seed)

    @property
    def last_seed(self) -> int:
        """The highest seed of its streams."""
        return max([self.seed, *self.streams.values()])

    @property
    def seed_text(self) -> str:
        """The seed, and those of the streams that have another one, as in `0, init 2`."""
        return ", ".join(
            [str(self.seed), *(f"{name} {seed}" for name, seed in self.streams.items())]
        )

    @cached_property
    def key(self) -> str:
        """The content hash that names the trial in the ledger and in MLflow."""
        config = identity_of(self.config)
        for encoder in self.config.model.pretrained_encoders:
            config["model"][encoder]["weights"] = None
        identity: dict[str, object] = {
            "schema": KEY_SCHEMA,
            "config": config,
            "corpus": self.corpus.fingerprint,
            "seed": self.seed,
            "weights": sorted(self.weights.values()),
        }
        if self.config.model.revision > 1:
            identity["revision"] = self.config.model.revision
        if self.code:
            identity["code"] = self.code
        if self.streams:
            identity["streams"] = self.streams
        return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:KEY_DIGITS]
