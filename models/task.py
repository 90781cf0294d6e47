"""What a model must know of the corpus that it is built for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from models.configs.base import Modality


@dataclass(frozen=True)
class Features:
    """The hand-crafted features of one modality, over all rows of the training split.

    Shapes:
        mean, std: (D,), float
    """

    mean: Tensor
    std: Tensor

    @property
    def width(self) -> int:
        """The number of features, D."""
        return len(self.mean)


@dataclass(frozen=True)
class Task:
    """What is to be told apart, and what it is told from.

    Attributes:
        emotions: Names, in the order of the logits.
        features: Of systems that read hand-crafted features.
        emotion_vectors: (K, D), vectors of the words that name the emotions, where a system reads
            them from a file.
    """

    emotions: tuple[str, ...]
    features: Mapping[Modality, Features] = field(default_factory=dict)
    emotion_vectors: Tensor | None = None

    @property
    def num_emotions(self) -> int:
        """K."""
        return len(self.emotions)
