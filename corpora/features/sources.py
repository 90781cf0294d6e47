"""Sources of hand-crafted features besides the media."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from corpora.checkpoints.files import Checkpoint
from corpora.features.published import DaiFeatures
from corpora.recipes.handcrafted import Modality
from corpora.text.word_vectors import WordVectors


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
    published: DaiFeatures | None = None
    encoders: Mapping[Modality, Checkpoint] = field(default_factory=dict)


NO_FEATURE_SOURCES = FeatureSources()
