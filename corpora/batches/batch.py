"""Batches: the utterances that a model reads at once, prepared by a recipe."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """B utterances; frames and chunks are packed flat, `num_*` of each utterance in order.

    Lengths are plain numbers: nobody waits for a device to know them. All tensors lie on the device
    that computes with them.

    Shapes:
        tokens: (B, T), int64, padded; T is 0 without a tokenizer
        token_mask: (B, T), bool, True where a token is real
        faces: (sum(num_faces), 3, face_px, face_px), float, normalised
        num_faces: B numbers
        mels: (sum(num_chunks), 1, H, W), float, by the recipe: num_mels x chunk_frames of power, or
            chunk_frames x num_mels of log magnitude
        num_chunks: B numbers
        labels: (B, K), float: 0 or 1, or the values of K targets

    `LENGTHS` maps each packed field to the field that holds its lengths.
    """

    LENGTHS: ClassVar[Mapping[str, str]] = {"faces": "num_faces", "mels": "num_chunks"}

    tokens: Tensor
    token_mask: Tensor
    faces: Tensor
    num_faces: tuple[int, ...]
    mels: Tensor
    num_chunks: tuple[int, ...]
    labels: Tensor


@dataclass(frozen=True)
class HandcraftedBatch:
    """B utterances of hand-crafted features, packed flat, `num_*` rows of each in order.

    Lengths are plain numbers, as in `Batch`.

    Shapes:
        text, audio, vision: (sum(num_*), D), float, D by the manifest's `widths`
        num_text, num_audio, num_vision: B numbers
        labels: (B, K), float: 0 or 1, or the values of K targets

    `LENGTHS` is as in `Batch`.
    """

    LENGTHS: ClassVar[Mapping[str, str]] = {
        "text": "num_text",
        "audio": "num_audio",
        "vision": "num_vision",
    }

    text: Tensor
    num_text: tuple[int, ...]
    audio: Tensor
    num_audio: tuple[int, ...]
    vision: Tensor
    num_vision: tuple[int, ...]
    labels: Tensor


KindOfBatch = TypeVar("KindOfBatch", bound=Batch | HandcraftedBatch)


def split_batch(batch: KindOfBatch, size: int) -> Iterator[KindOfBatch]:
    """Yield the utterances in order, at most `size` at once; texts keep their padding."""
    if len(batch.labels) <= size:
        yield batch
        return
    parts: dict[str, Sequence[Any]] = {}
    for field in fields(batch):
        values = getattr(batch, field.name)
        if field.name in batch.LENGTHS:
            lengths = getattr(batch, batch.LENGTHS[field.name])
            parts[field.name] = values.split([sum(part) for part in _split(lengths, size)])
        elif isinstance(values, Tensor):
            parts[field.name] = values.split(size)
        else:
            parts[field.name] = _split(values, size)
    for values_of_part in zip(*parts.values(), strict=True):
        yield type(batch)(**dict(zip(parts, values_of_part, strict=True)))


def _split(lengths: tuple[int, ...], size: int) -> list[tuple[int, ...]]:
    return [lengths[first : first + size] for first in range(0, len(lengths), size)]
