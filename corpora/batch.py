"""What a model is given at once: some utterances, prepared by a recipe."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, TypeVar

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """B utterances; frames and chunks are packed flat, `num_*` of each utterance in order.

    Lengths stay in the host's memory, where they are known without a wait; all else lies where it
    is computed with.

    Shapes:
        tokens: (B, T), int64, padded; T is 0 where no tokenizer was asked for
        token_mask: (B, T), bool, True where a token is real
        faces: (sum(num_faces), 3, face_px, face_px), float, normalised
        num_faces: (B,), int64
        mels: (sum(num_chunks), 1, H, W), float, by the recipe: num_mels x chunk_frames of power, or
            chunk_frames x num_mels of log magnitude
        num_chunks: (B,), int64
        labels: (B, K), float, 0 or 1

    `LENGTHS` names the field with the lengths of each that is packed.
    """

    LENGTHS: ClassVar[Mapping[str, str]] = {"faces": "num_faces", "mels": "num_chunks"}

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

    Lengths stay in the host's memory, as in `Batch`.

    Shapes:
        text, audio, vision: (sum(num_*), D), float, D by the manifest's `widths`
        num_text, num_audio, num_vision: (B,), int64
        labels: (B, K), float, 0 or 1

    `LENGTHS` is as in `Batch`.
    """

    LENGTHS: ClassVar[Mapping[str, str]] = {
        "text": "num_text",
        "audio": "num_audio",
        "vision": "num_vision",
    }

    text: Tensor
    num_text: Tensor
    audio: Tensor
    num_audio: Tensor
    vision: Tensor
    num_vision: Tensor
    labels: Tensor


KindOfBatch = TypeVar("KindOfBatch", bound=Batch | HandcraftedBatch)


def split_batch(batch: KindOfBatch, size: int) -> Iterator[KindOfBatch]:
    """Yield the utterances in order, at most `size` at once; texts stay as padded as they are."""
    if len(batch.labels) <= size:
        yield batch
        return
    parts = {}
    for field in fields(batch):
        values: Tensor = getattr(batch, field.name)
        if field.name in batch.LENGTHS:
            lengths: Tensor = getattr(batch, batch.LENGTHS[field.name])
            parts[field.name] = values.split([int(part.sum()) for part in lengths.split(size)])
        else:
            parts[field.name] = values.split(size)
    for values_of_part in zip(*parts.values(), strict=True):
        yield type(batch)(**dict(zip(parts, values_of_part, strict=True)))
