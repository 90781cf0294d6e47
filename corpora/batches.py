"""Batches of a prepared corpus: gathered in device memory where it fits, else from its files."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import pyarrow as pa
import torch
from tokenizers import Tokenizer
from torch import Tensor

from corpora.errors import CorpusError
from corpora.handcrafted import MODALITIES
from corpora.manifest import Manifest
from corpora.prepared import split_file
from corpora.ragged import JpegColumn, MappedColumn, RaggedColumn, ResidentColumn
from corpora.read_ahead import read_ahead
from corpora.recipe import Recipe
from corpora.split import SPLITS, Split
from corpora.tokens import TokenSettings, encode, make_tokenizer

MAX_SHARE_OF_MEMORY = 0.4
"""A corpus that needs no more of a GPU's free memory is moved there whole."""


@dataclass(frozen=True)
class Batch:
    """B utterances; frames and chunks are packed flat, `num_*` of each utterance in order.

    Shapes:
        tokens: (B, T), int64, padded
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


AnyBatch = TypeVar("AnyBatch", Batch, HandcraftedBatch)
Gathered = TypeVar("Gathered", Batch, HandcraftedBatch, covariant=True)


class Gatherer(Protocol[Gathered]):
    """Makes batches of one split; `columns` hold what is large."""

    columns: dict[str, RaggedColumn]

    def gather(
        self, utterances: Tensor, labels: Tensor, frames: torch.Generator | None
    ) -> Gathered:
        """Make the batch of some utterances; without `frames` the middle candidates are taken."""


class CorpusSplit(Generic[AnyBatch]):
    """One split.

    Of several frames in a window training draws one anew every epoch, evaluation takes the middle.

    Attributes:
        ids: Utterances, in the order of the file.
        groups: The dialogue or video of each.
        labels: (U, K), 0 or 1.
    """

    def __init__(self, table: pa.Table, gatherer: Gatherer[AnyBatch], device: torch.device) -> None:
        self.ids: list[str] = table["utterance"].to_pylist()
        self.groups: list[str] = table["group"].to_pylist()
        self.labels = torch.tensor(table["labels"].to_pylist(), dtype=torch.float32).to(device)
        self._gatherer: Gatherer[AnyBatch] = gatherer
        self._device = device

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def num_bytes(self) -> int:
        """What the split's columns need in memory."""
        return sum(column.num_bytes for column in self._gatherer.columns.values())

    def move_to_device(self) -> None:
        """Hold all that is not encoded in the device's memory from now on."""
        columns = self._gatherer.columns
        for name, column in columns.items():
            if isinstance(column, MappedColumn):
                columns[name] = ResidentColumn(column, self._device)

    def in_random_order(self, batch_size: int, *, seed: int, epoch: int) -> Iterator[AnyBatch]:
        """Yield every utterance once, in an order that only `seed` and `epoch` decide."""
        order = _generator(f"{seed}/order/{epoch}")
        frames = _generator(f"{seed}/frames/{epoch}")
        return self._batches(torch.randperm(len(self), generator=order), batch_size, frames)

    def in_order(self, batch_size: int) -> Iterator[AnyBatch]:
        """Yield every utterance once, in the order of `ids`."""
        return self._batches(torch.arange(len(self)), batch_size, None)

    def _batches(
        self, order: Tensor, batch_size: int, frames: torch.Generator | None
    ) -> Iterator[AnyBatch]:
        batches = (
            self._gatherer.gather(indices, self.labels[indices.to(self._device)], frames)
            for indices in order.split(batch_size)
        )
        return read_ahead(batches) if self._device.type == "cuda" else batches


class _Pictures:
    """Gathers tokens, faces and spectrograms."""

    def __init__(
        self, table: pa.Table, recipe: Recipe, tokenizer: Tokenizer, device: torch.device
    ) -> None:
        self.columns: dict[str, RaggedColumn] = {
            "faces": _faces(table, recipe, device),
            "mels": _mapped(
                table, "num_chunks", "mels", (1, *recipe.spectrogram.chunk_shape), device
            ),
        }
        self._tokens, self._token_mask = encode(tokenizer, table["text"].to_pylist())
        shape = (3, 1, 1)
        self._mean = torch.tensor(recipe.face_mean, device=device).reshape(shape)
        self._std = torch.tensor(recipe.face_std, device=device).reshape(shape)
        self._device = device

    def gather(self, utterances: Tensor, labels: Tensor, frames: torch.Generator | None) -> Batch:
        tokens, mask = self._tokens[utterances], self._token_mask[utterances]
        longest = int(mask.sum(1).max())
        faces = _gather(self.columns["faces"], utterances, frames)
        return Batch(
            tokens=tokens[:, :longest].long().to(self._device),
            token_mask=mask[:, :longest].to(self._device),
            faces=(faces.float() - self._mean) / self._std,
            num_faces=self.columns["faces"].lengths[utterances].to(self._device),
            mels=_gather(self.columns["mels"], utterances),
            num_chunks=self.columns["mels"].lengths[utterances].to(self._device),
            labels=labels,
        )


class _Features:
    """Gathers hand-crafted features."""

    def __init__(self, table: pa.Table, widths: Mapping[str, int], device: torch.device) -> None:
        self.columns: dict[str, RaggedColumn] = {
            modality: _mapped(
                table, f"num_{modality}", f"{modality}_features", (widths[modality],), device
            )
            for modality in MODALITIES
        }
        self._device = device

    def gather(
        self, utterances: Tensor, labels: Tensor, frames: torch.Generator | None
    ) -> HandcraftedBatch:
        text, audio, vision = (self.columns[modality] for modality in MODALITIES)
        return HandcraftedBatch(
            text=_gather(text, utterances),
            num_text=text.lengths[utterances].to(self._device),
            audio=_gather(audio, utterances),
            num_audio=audio.lengths[utterances].to(self._device),
            vision=_gather(vision, utterances),
            num_vision=vision.lengths[utterances].to(self._device),
            labels=labels,
        )


@dataclass(frozen=True)
class Corpus(Generic[AnyBatch]):
    """A prepared corpus, ready to be trained on."""

    manifest: Manifest
    splits: dict[Split, CorpusSplit[AnyBatch]]

    @property
    def positive_weights(self) -> Tensor:
        """Those of the training split: (K,)."""
        return positive_weights(self.splits["train"].labels)


def positive_weights(labels: Tensor) -> Tensor:
    """Return negatives over positives of each emotion (Le et al., eq. 9).

    An emotion without negatives would weigh nothing; it weighs as one with a single negative.

    Shapes:
        labels: (U, K), 0 or 1 -> (K,)
    """
    positives = labels.sum(0)
    return (len(labels) - positives).clamp(min=1) / positives


def load_corpus(
    folder: Path, manifest: Manifest, tokens: TokenSettings, device: torch.device
) -> Corpus[Batch]:
    """Open a corpus prepared by a recipe of pictures; its texts are tokenised on the way.

    On a GPU it is moved into the device's memory once, if it fits. Else, and on the CPU, batches
    are read from the mapped files: the page cache holds them once for all trials of a machine.

    Raises:
        CorpusError: If it holds hand-crafted features.
    """
    recipe = manifest.recipe
    if not isinstance(recipe, Recipe):
        raise CorpusError(f"corpus '{manifest.name}', recipe '{recipe.name}', holds no pictures")
    tables = {split: _read(split_file(folder, split)) for split in SPLITS}
    tokenizer = make_tokenizer(tokens, tables["train"]["text"].to_pylist())
    splits = {
        split: CorpusSplit(table, _Pictures(table, recipe, tokenizer, device), device)
        for split, table in tables.items()
    }
    return _moved_if_it_fits(Corpus(manifest, splits), device)


def load_handcrafted(
    folder: Path, manifest: Manifest, device: torch.device
) -> Corpus[HandcraftedBatch]:
    """Open a corpus of hand-crafted features, as `load_corpus` does."""
    tables = {split: _read(split_file(folder, split)) for split in SPLITS}
    splits = {
        split: CorpusSplit(table, _Features(table, manifest.widths, device), device)
        for split, table in tables.items()
    }
    return _moved_if_it_fits(Corpus(manifest, splits), device)


def _read(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def _moved_if_it_fits(corpus: Corpus[AnyBatch], device: torch.device) -> Corpus[AnyBatch]:
    if device.type == "cuda":
        free_bytes, _ = torch.cuda.mem_get_info(device)
        num_bytes = sum(split.num_bytes for split in corpus.splits.values())
        if num_bytes <= MAX_SHARE_OF_MEMORY * free_bytes:
            for split in corpus.splits.values():
                split.move_to_device()
    return corpus


def _faces(table: pa.Table, recipe: Recipe, device: torch.device) -> RaggedColumn:
    lengths = _lengths(table["num_faces"])
    num_candidates = len(recipe.candidates)
    if recipe.storage == "jpeg":
        return JpegColumn(table["faces"], lengths, num_candidates=num_candidates, device=device)
    shape = (3, recipe.face_px, recipe.face_px)
    return MappedColumn(
        table["faces"], lengths, num_candidates=num_candidates, shape=shape, device=device
    )


def _mapped(
    table: pa.Table, lengths: str, values: str, shape: Sequence[int], device: torch.device
) -> MappedColumn:
    return MappedColumn(table[values], _lengths(table[lengths]), shape=shape, device=device)


def _gather(
    column: RaggedColumn, utterances: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Gather steps; of several candidates one at random, or the middle one without a generator."""
    num_steps = int(column.lengths[utterances].sum())
    count = column.num_candidates
    if generator is None or count == 1:
        choices = torch.full((num_steps,), count // 2)
    else:
        choices = torch.randint(count, (num_steps,), generator=generator)
    return column.gather(utterances, choices)


def _generator(name: str) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))


def _lengths(column: pa.ChunkedArray) -> Tensor:
    return torch.tensor(column.to_numpy(), dtype=torch.int64)
