"""Batches of a prepared corpus that lies whole in the memory of the device that trains."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from tokenizers import Tokenizer
from torch import Tensor

from corpora.manifest import Manifest
from corpora.prepared import split_file
from corpora.recipe import Recipe
from corpora.tokens import TokenSettings, encode, make_tokenizer
from corpora.utterance import SPLITS, Split


@dataclass(frozen=True)
class Batch:
    """B utterances; frames and chunks are packed flat, `num_*` of each utterance in order.

    Shapes:
        tokens: (B, T), int64, padded
        token_mask: (B, T), bool, True where a token is real
        faces: (sum(num_faces), 3, face_px, face_px), float, normalised
        num_faces: (B,), int64
        mels: (sum(num_chunks), 1, num_mels, chunk_frames), float, power
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


class ResidentSplit:
    """One split in device memory; batches are gathered there.

    Attributes:
        ids: Utterances, in the order of the file.
        groups: The speaker, dialogue or video of each.
        labels: (U, K), 0 or 1.
    """

    def __init__(
        self, path: Path, recipe: Recipe, tokenizer: Tokenizer, device: torch.device
    ) -> None:
        with pa.memory_map(str(path)) as file:
            table = pa.ipc.open_file(file).read_all()
            self.ids: list[str] = table["utterance"].to_pylist()
            self.groups: list[str] = table["group"].to_pylist()
            self._tokens, self._token_mask = encode(tokenizer, table["text"].to_pylist())
            self.labels = torch.tensor(table["labels"].to_pylist(), dtype=torch.float32).to(device)
            size = recipe.face_px
            self._faces = _flat(table["faces"]).reshape(-1, 3, size, size).to(device)
            chunk = (1, recipe.num_mels, recipe.chunk_frames)
            self._mels = _flat(table["mels"]).reshape(-1, *chunk).to(device)
            self._num_faces = torch.tensor(table["num_faces"].to_numpy(), dtype=torch.int64)
            self._num_chunks = torch.tensor(table["num_chunks"].to_numpy(), dtype=torch.int64)
        self._first_face = self._num_faces.cumsum(0) - self._num_faces
        self._first_chunk = self._num_chunks.cumsum(0) - self._num_chunks
        shape = (3, 1, 1)
        self._mean = torch.tensor(recipe.face_mean, device=device).reshape(shape)
        self._std = torch.tensor(recipe.face_std, device=device).reshape(shape)
        self._device = device

    def __len__(self) -> int:
        return len(self.ids)

    def in_random_order(self, batch_size: int, *, seed: int, epoch: int) -> Iterator[Batch]:
        """Yield every utterance once, in an order that only `seed` and `epoch` decide."""
        generator = torch.Generator().manual_seed(zlib.crc32(f"{seed}/order/{epoch}".encode()))
        return self._batches(torch.randperm(len(self), generator=generator), batch_size)

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """Yield every utterance once, in the order of `ids`."""
        return self._batches(torch.arange(len(self)), batch_size)

    def _batches(self, order: Tensor, batch_size: int) -> Iterator[Batch]:
        for indices in order.split(batch_size):
            yield self._gather(indices)

    def _gather(self, indices: Tensor) -> Batch:
        tokens, mask = self._tokens[indices], self._token_mask[indices]
        longest = int(mask.sum(1).max())
        num_faces, num_chunks = self._num_faces[indices], self._num_chunks[indices]
        faces = self._faces[_spans(self._first_face[indices], num_faces).to(self._device)]
        chunks = _spans(self._first_chunk[indices], num_chunks).to(self._device)
        return Batch(
            tokens=tokens[:, :longest].to(self._device),
            token_mask=mask[:, :longest].to(self._device),
            faces=(faces.float() - self._mean) / self._std,
            num_faces=num_faces.to(self._device),
            mels=self._mels[chunks],
            num_chunks=num_chunks.to(self._device),
            labels=self.labels[indices.to(self._device)],
        )


@dataclass(frozen=True)
class ResidentCorpus:
    """A prepared corpus in device memory."""

    manifest: Manifest
    splits: dict[Split, ResidentSplit]

    @property
    def positive_weights(self) -> Tensor:
        """Negatives over positives of each emotion in the training split: (K,) (Le et al., eq. 9).

        An emotion without negatives would weigh nothing; it weighs as one with a single negative.
        """
        labels = self.splits["train"].labels
        positives = labels.sum(0)
        return (len(labels) - positives).clamp(min=1) / positives


def load_corpus(
    folder: Path, manifest: Manifest, tokens: TokenSettings, device: torch.device
) -> ResidentCorpus:
    """Load a prepared corpus into a device's memory; its texts are tokenised on the way."""
    tokenizer = make_tokenizer(tokens, _texts(split_file(folder, "train")))
    splits = {
        split: ResidentSplit(split_file(folder, split), manifest.recipe, tokenizer, device)
        for split in SPLITS
    }
    return ResidentCorpus(manifest, splits)


def _texts(path: Path) -> list[str]:
    with pa.memory_map(str(path)) as file:
        texts: list[str] = pa.ipc.open_file(file).read_all()["text"].to_pylist()
        return texts


def _flat(column: pa.ChunkedArray) -> Tensor:
    """Concatenate a list column's values."""
    return torch.from_numpy(np.concatenate([chunk.flatten() for chunk in column.chunks]))


def _spans(first: Tensor, count: Tensor) -> Tensor:
    """List the indices `first[i] .. first[i] + count[i] - 1` of every i, one after another."""
    offsets = count.cumsum(0) - count
    steps = torch.arange(int(count.sum())) - offsets.repeat_interleave(count)
    return first.repeat_interleave(count) + steps
