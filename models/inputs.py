"""What models read: the packed tensors of some utterances."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from models.configs.base import Modality
from models.parts.sequence import Lengths


class Inputs(Protocol):
    """B utterances of pictures; frames and chunks are packed flat, `num_*` of each in order.

    Every utterance has at least one token, one face and one chunk.
    """

    @property
    def tokens(self) -> Tensor:
        """(B, T), int64, padded."""

    @property
    def token_mask(self) -> Tensor:
        """(B, T), bool, True where a token is real."""

    @property
    def faces(self) -> Tensor:
        """(sum(num_faces), 3, face_px, face_px), float, normalised."""

    @property
    def num_faces(self) -> Lengths:
        """B numbers."""

    @property
    def mels(self) -> Tensor:
        """(sum(num_chunks), 1, H, W), float, power or its logarithm by the recipe."""

    @property
    def num_chunks(self) -> Lengths:
        """B numbers."""


class FeatureInputs(Protocol):
    """B utterances of hand-crafted features, packed flat, at least one row of each modality."""

    @property
    def text(self) -> Tensor:
        """(sum(num_text), D), float."""

    @property
    def num_text(self) -> Lengths:
        """B numbers."""

    @property
    def audio(self) -> Tensor:
        """(sum(num_audio), D), float."""

    @property
    def num_audio(self) -> Lengths:
        """B numbers."""

    @property
    def vision(self) -> Tensor:
        """(sum(num_vision), D), float."""

    @property
    def num_vision(self) -> Lengths:
        """B numbers."""


READ: dict[Modality, Callable[[Inputs], tuple[Tensor, Tensor | Lengths]]] = {
    "text": lambda inputs: (inputs.tokens, inputs.token_mask),
    "audio": lambda inputs: (inputs.mels, inputs.num_chunks),
    "vision": lambda inputs: (inputs.faces, inputs.num_faces),
}
"""What the branch of a modality reads."""

READ_FEATURES: dict[Modality, Callable[[FeatureInputs], tuple[Tensor, Lengths]]] = {
    "text": lambda inputs: (inputs.text, inputs.num_text),
    "audio": lambda inputs: (inputs.audio, inputs.num_audio),
    "vision": lambda inputs: (inputs.vision, inputs.num_vision),
}
"""What the branch of a modality reads, in systems on hand-crafted features."""
