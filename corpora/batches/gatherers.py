"""Gathering the batches of a split from its columns, for each kind of recipe."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeVar

import pyarrow as pa
import torch
from tokenizers import Tokenizer
from torch import Tensor

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.jpeg import JpegColumn
from corpora.batches.map_column import MapColumn
from corpora.batches.ragged import MappedColumn, RaggedColumn
from corpora.recipes.columns import (
    FACES,
    MELS,
    NUM_CHUNKS,
    NUM_FACES,
    count_column,
    features_column,
)
from corpora.recipes.handcrafted import MODALITIES
from corpora.recipes.pictures import Recipe
from corpora.text.tokens import encode, no_tokens

Gathered = TypeVar("Gathered", Batch, HandcraftedBatch)

Columns = dict[str, RaggedColumn]
"""The large columns of a split, by the field of a batch that they fill."""


class Gatherer(Protocol[Gathered]):
    """Makes batches of one split in two steps: `collect` on the host, `finish` on the device.

    Between the two steps a batch is copied to the device. Only its packed fields may still be raw
    then. `lengths` counts the steps of each utterance in each column, and its tokens: (U,) each.
    """

    columns: Columns
    lengths: dict[str, Tensor]

    def collect(
        self, utterances: Tensor, labels: Tensor, frames: torch.Generator | None
    ) -> Gathered:
        """Collect some utterances; without `frames`, take the middle candidates."""

    def finish(self, collected: Gathered) -> Gathered:
        """Make the batch on the device, which holds all its tensors now."""


class Moments(NamedTuple):
    """Mean and standard deviation of features over rows; a constant feature has the deviation 1.

    Shapes:
        mean, std: (D,), float32
    """

    mean: Tensor
    std: Tensor


class PictureGatherer:
    """Gathers tokens, faces and spectrograms.

    Attributes:
        maps: Read instead of the faces, if there are any.
    """

    maps: MapColumn | None = None

    def __init__(
        self,
        columns: Columns,
        recipe: Recipe,
        texts: Sequence[str],
        tokenizer: Tokenizer | None,
    ) -> None:
        self.columns = columns
        self._tokens, self._token_mask = encode(tokenizer, texts) if tokenizer else no_tokens(texts)
        self.lengths = _lengths_of(columns) | {"tokens": self._token_mask.sum(1)}
        self._mean, self._std = (
            torch.tensor(values).reshape(3, 1, 1) for values in (recipe.face_mean, recipe.face_std)
        )

    def collect(self, utterances: Tensor, labels: Tensor, frames: torch.Generator | None) -> Batch:
        """Collect some utterances; faces are not normalised yet."""
        tokens, mask = self._tokens[utterances], self._token_mask[utterances]
        longest = int(mask.sum(1).amax())
        faces, mels = self.maps or self.columns["faces"], self.columns["mels"]
        return Batch(
            tokens=tokens[:, :longest].long(),
            token_mask=mask[:, :longest],
            faces=_collect(faces, utterances, frames),
            num_faces=_numbers(faces.lengths[utterances]),
            mels=_collect(mels, utterances),
            num_chunks=_numbers(mels.lengths[utterances]),
            labels=labels,
        )

    def finish(self, collected: Batch) -> Batch:
        """Make the batch."""
        return replace(
            collected,
            faces=(
                self.maps.finish(collected.faces)
                if self.maps is not None
                else self._normalised(self.columns["faces"].finish(collected.faces))
            ),
            mels=self.columns["mels"].finish(collected.mels),
        )

    def faces_of(self, utterance: int, candidates: Sequence[int], device: torch.device) -> Tensor:
        """Return some candidates of each step of one utterance, as batches have them.

        Shapes:
            (steps x candidates, 3, face_px, face_px), all candidates of a step together
        """
        column, one = self.columns["faces"], torch.tensor([utterance])
        num_steps = int(column.lengths[utterance])
        each = [
            column.finish(column.collect(one, torch.full((num_steps,), candidate)).to(device))
            for candidate in candidates
        ]
        return self._normalised(torch.stack(each, dim=1).flatten(0, 1))

    def with_maps(self, maps: MapColumn) -> "PictureGatherer":
        """Return a gatherer that shares everything with this one, and reads maps for faces."""
        other = copy.copy(self)
        other.maps = maps
        return other

    def _normalised(self, faces: Tensor) -> Tensor:
        mean, std = (
            values.to(faces.device, non_blocking=True) for values in (self._mean, self._std)
        )
        return faces.float().sub_(mean).div_(std)


class FeatureGatherer:
    """Gathers hand-crafted features."""

    def __init__(self, table: pa.Table, widths: Mapping[str, int]) -> None:
        self._mapped: dict[str, MappedColumn] = {
            modality: _mapped(
                table, count_column(modality), features_column(modality), (widths[modality],)
            )
            for modality in MODALITIES
        }
        self.columns: Columns = dict(self._mapped)
        self.lengths = _lengths_of(self.columns)

    def moments(self) -> dict[str, Moments]:
        """Return mean and standard deviation of each feature of each modality, over all rows."""
        return {modality: _moments(column) for modality, column in self._mapped.items()}

    def collect(
        self, utterances: Tensor, labels: Tensor, frames: torch.Generator | None
    ) -> HandcraftedBatch:
        """Collect some utterances; there is nothing to draw."""
        text, audio, vision = (self.columns[modality] for modality in MODALITIES)
        return HandcraftedBatch(
            text=_collect(text, utterances),
            num_text=_numbers(text.lengths[utterances]),
            audio=_collect(audio, utterances),
            num_audio=_numbers(audio.lengths[utterances]),
            vision=_collect(vision, utterances),
            num_vision=_numbers(vision.lengths[utterances]),
            labels=labels,
        )

    def finish(self, collected: HandcraftedBatch) -> HandcraftedBatch:
        """Make the batch."""
        return replace(
            collected,
            text=self.columns["text"].finish(collected.text),
            audio=self.columns["audio"].finish(collected.audio),
            vision=self.columns["vision"].finish(collected.vision),
        )


def picture_columns(table: pa.Table, recipe: Recipe, *, num_threads: int) -> Columns:
    """Find faces and spectrograms in a split's file; `num_threads` threads decode JPEGs."""
    shape = (1, *recipe.spectrogram.chunk_shape)
    return {
        "faces": _faces(table, recipe, num_threads),
        "mels": _mapped(table, NUM_CHUNKS, MELS, shape),
    }


def _moments(column: MappedColumn) -> Moments:
    """Read the file twice, row by row, so that memory never holds more than one row."""
    utterances = range(len(column.lengths))
    num_rows = int(column.lengths.sum())
    mean = sum(column.row(u)[:, 0].double().sum(0) for u in utterances) / num_rows
    squares = sum((column.row(u)[:, 0].double() - mean).square().sum(0) for u in utterances)
    std = torch.as_tensor(squares / num_rows).sqrt()
    return Moments(mean=torch.as_tensor(mean).float(), std=torch.where(std > 0, std, 1.0).float())


def _faces(table: pa.Table, recipe: Recipe, num_threads: int) -> RaggedColumn:
    lengths = _lengths(table[NUM_FACES])
    num_candidates, side_px = len(recipe.candidates), recipe.face_px
    if recipe.storage == "jpeg":
        return JpegColumn(
            table[FACES],
            lengths,
            side_px=side_px,
            num_candidates=num_candidates,
            num_threads=num_threads,
        )
    shape = (3, side_px, side_px)
    return MappedColumn(table[FACES], lengths, num_candidates=num_candidates, shape=shape)


def _mapped(table: pa.Table, lengths: str, values: str, shape: Sequence[int]) -> MappedColumn:
    return MappedColumn(table[values], _lengths(table[lengths]), shape=shape)


def _collect(
    column: RaggedColumn, utterances: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Collect steps: a random candidate of each, or the middle one without a generator."""
    num_steps = int(column.lengths[utterances].sum())
    count = column.num_candidates
    if generator is None or count == 1:
        choices = torch.full((num_steps,), count // 2)
    else:
        choices = torch.randint(count, (num_steps,), generator=generator)
    return column.collect(utterances, choices)


def _lengths_of(columns: Mapping[str, RaggedColumn]) -> dict[str, Tensor]:
    return {name: column.lengths for name, column in columns.items()}


def _lengths(column: pa.ChunkedArray) -> Tensor:
    return torch.tensor(column.to_numpy(), dtype=torch.int64)


def _numbers(lengths: Tensor) -> tuple[int, ...]:
    return tuple(lengths.tolist())
