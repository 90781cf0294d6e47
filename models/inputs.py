"""What a model reads: the packed tensors of some utterances."""

from typing import Protocol

from torch import Tensor


class Inputs(Protocol):
    """B utterances; frames and chunks are packed flat, `num_*` of each utterance in order.

    Every utterance has at least one token, one face and one chunk.

    Shapes:
        tokens: (B, T), int64, padded
        token_mask: (B, T), bool, True where a token is real
        faces: (sum(num_faces), 3, face_px, face_px), float, normalised
        num_faces: (B,), int64
        mels: (sum(num_chunks), 1, num_mels, chunk_frames), float, power
        num_chunks: (B,), int64
    """

    @property
    def tokens(self) -> Tensor: ...  # noqa: D102

    @property
    def token_mask(self) -> Tensor: ...  # noqa: D102

    @property
    def faces(self) -> Tensor: ...  # noqa: D102

    @property
    def num_faces(self) -> Tensor: ...  # noqa: D102

    @property
    def mels(self) -> Tensor: ...  # noqa: D102

    @property
    def num_chunks(self) -> Tensor: ...  # noqa: D102
