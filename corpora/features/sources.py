"""Sources of hand-crafted features besides the media."""

<<<<<<< HEAD
from collections.abc import Mapping
from dataclasses import dataclass, field

from corpora.checkpoints.files import Checkpoint
from corpora.features.published import DaiFeatures
from corpora.recipes.handcrafted import Modality
=======
from dataclasses import dataclass
from typing import Protocol

from corpora.recipes.handcrafted import Handcrafted
>>>>>>> feats
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
<<<<<<< HEAD
    published: DaiFeatures | None = None
    encoders: Mapping[Modality, Checkpoint] = field(default_factory=dict)
=======
    published: PublishedSource | None = None
>>>>>>> feats


NO_FEATURE_SOURCES = FeatureSources()
