"""A trial: a resolved config on a corpus with a seed, named by the hash of all that decides it."""

import hashlib
import operator
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from models.configs.base import Config, later
from models.configs.le import LeConfig
from models.configs.system import System
from search_spaces.identity import canonical_json, identity_of
from search_spaces.training import TrainingConfig

KEY_SCHEMA = 1
"""Raised when every config means another computation than before, so that all keys differ.

If only one system computes something else, raise the `revision` of its config.
"""

KEY_DIGITS = 24

Stream = Literal["init", "order", "dropout"]
"""A random stream of a trial: initial weights, order of the utterances, and dropout."""


class TrialConfig(Config):
    """All that a row can change."""

    model: System = LeConfig()
    training: TrainingConfig = TrainingConfig()


class FoldRef(Config):
    """The fold of a corpus that is tested: its number from 1 on, of `count`, and its name.

    `digest` names which utterance is in which fold.
    """

    number: PositiveInt
    count: PositiveInt
    name: str
    digest: str


class CorpusRef(Config):
    """A prepared corpus by name and recipe, and the fingerprint of its source and settings.

    With a `fold` the splits are not those of the files: that fold is the test split.
    """

    name: str
    recipe: str
    fingerprint: str
    fold: FoldRef | None = later(None)

    @property
    def content(self) -> str:
        """The name of all that its splits hold."""
        return self.fingerprint if self.fold is None else self._content_of(self.fold.number)

    @property
    def every_content(self) -> tuple[str, ...]:
        """The same for each fold of the corpus; its own if there are none."""
        count = 0 if self.fold is None else self.fold.count
        return tuple(map(self._content_of, range(1, count + 1))) or (self.content,)

    def _content_of(self, number: int) -> str:
        dealt = self.fold.digest[:KEY_DIGITS] if self.fold else ""
        return f"{self.fingerprint}-{dealt}-{number}"


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
        """The seed, those of streams that have another one, and the fold, as in `0, init 2`."""
        streams = (f"{name} {seed}" for name, seed in self.streams.items())
        fold = [f"fold {self.corpus.fold.name}"] if self.corpus.fold else []
        return ", ".join([str(self.seed), *streams, *fold])

    @cached_property
    def key(self) -> str:
        """The content hash that names the trial in the ledger and in MLflow."""
        config = identity_of(self.config)
        for encoder in self.config.model.pretrained_encoders:
            config["model"][encoder]["weights"] = None
        identity: dict[str, object] = {
            "schema": KEY_SCHEMA,
            "config": config,
            "corpus": self.corpus.content,
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
