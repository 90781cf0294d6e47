"""What a model reads: the packed tensors of some utterances."""

from typing import Protocol

from torch import Tensor


class Inputs(Protocol):
    """B utterances; frames and chunks are packed flat, `num_*` of each utterance in order.

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
    def num_faces(self) -> Tensor:
        """(B,), int64."""

    @property
    def mels(self) -> Tensor:
        """(sum(num_chunks), 1, num_mels, chunk_frames), float, power."""

    @property
    def num_chunks(self) -> Tensor:
        """(B,), int64."""
