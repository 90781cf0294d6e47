"""What a model must know about the corpus that it is built for, and what it returns."""

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
class PictureScale:
    """How faces were normalised: (pixel - mean) / std, per RGB channel on the 0-255 scale."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class Task:
    """What a model predicts, and what it must know about its inputs.

    Attributes:
        emotions: Names, in the order of the logits.
        features: Hand-crafted features by modality, for systems that read them.
        faces: How the faces of the corpus were normalised, if it holds any.
        emotion_vectors: (K, D), vectors of the words that name the emotions, if a system reads
            them from a file.
    """

    emotions: tuple[str, ...]
    features: Mapping[Modality, Features] = field(default_factory=dict)
    emotion_vectors: Tensor | None = None
    faces: PictureScale | None = None

    @property
    def num_emotions(self) -> int:
        """K."""
        return len(self.emotions)


@dataclass(frozen=True)
class Outputs:
    """What a model returns that is trained for more than its logits.

    Attributes:
        logits: (B, K).
        losses: Further losses, the mean over the batch each, by name: (). The training adds them to
            the loss of the logits (`TrainingConfig.auxiliary_losses`).
    """

    logits: Tensor
    losses: Mapping[str, Tensor] = field(default_factory=dict)


def outputs_of(output: Tensor | Outputs) -> Outputs:
    """Return what a model returned; most models return their logits alone."""
    return output if isinstance(output, Outputs) else Outputs(output)
