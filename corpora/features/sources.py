"""Sources of hand-crafted features besides the media."""

from dataclasses import dataclass
from typing import Protocol

from corpora.recipes.handcrafted import Handcrafted
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
    """

    words: WordVectors | None = None
    published: PublishedSource | None = None


NO_FEATURE_SOURCES = FeatureSources()
