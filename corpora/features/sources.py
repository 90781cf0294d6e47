"""Sources of hand-crafted features besides the media."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from corpora.checkpoints.files import Checkpoint
from corpora.recipes.handcrafted import Handcrafted
from corpora.source.utterance import Modality
from corpora.text.word_vectors import WordVectors


class PublishedSource(Protocol):
    """Features that somebody else has made, by utterance."""

    @property
    def digest(self) -> str:
        """The SHA-256 of all that decides them."""

    def features(self, utterance_id: str) -> Handcrafted | None:
        """Look an utterance up; None if some modality lacks it."""


@dataclass(frozen=True)
class FeatureSources:
    """What recipes of hand-crafted features need besides the media.

    Attributes:
        words: Vectors for the words of our own features.
        published: Features from files.
        encoders: The checkpoints whose states stand for features, by modality. They are files: each
            process loads its own encoder.
    """

    words: WordVectors | None = None
    published: PublishedSource | None = None
    encoders: Mapping[Modality, Checkpoint] = field(default_factory=dict)


NO_FEATURE_SOURCES = FeatureSources()
