"""Sources of hand-crafted features besides the media."""

from dataclasses import dataclass

from corpora.features.published import DaiFeatures
from corpora.text.word_vectors import WordVectors


@dataclass(frozen=True)
class FeatureSources:
    """What recipes of hand-crafted features need besides the media.

    Attributes:
        words: Vectors for the words of our own features.
        published: Features from files.
    """

    words: WordVectors | None = None
    published: DaiFeatures | None = None


NO_FEATURE_SOURCES = FeatureSources()
