"""What a model is given at once: some utterances, prepared by a recipe."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """B utterances; frames and chunks are packed flat, `num_*` of each utterance in order.

    Shapes:
        tokens: (B, T), int64, padded; T is 0 where no tokenizer was asked for
        token_mask: (B, T), bool, True where a token is real
        faces: (sum(num_faces), 3, face_px, face_px), float, normalised
        num_faces: (B,), int64
        mels: (sum(num_chunks), 1, H, W), float, by the recipe: num_mels x chunk_frames of power, or
            chunk_frames x num_mels of log magnitude
        num_chunks: (B,), int64
        labels: (B, K), float, 0 or 1
    """

    tokens: Tensor
    token_mask: Tensor
    faces: Tensor
    num_faces: Tensor
    mels: Tensor
    num_chunks: Tensor
    labels: Tensor


@dataclass(frozen=True)
class HandcraftedBatch:
    """B utterances of hand-crafted features, packed flat, `num_*` rows of each in order.

    Shapes:
        text, audio, vision: (sum(num_*), D), float, D by the manifest's `widths`
        num_text, num_audio, num_vision: (B,), int64
        labels: (B, K), float, 0 or 1
    """

    text: Tensor
    num_text: Tensor
    audio: Tensor
    num_audio: Tensor
    vision: Tensor
    num_vision: Tensor
    labels: Tensor
