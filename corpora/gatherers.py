"""How the batches of a split are gathered from its columns, by the kind of its recipe."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

import pyarrow as pa
import torch
from tokenizers import Tokenizer
from torch import Tensor

from corpora.batch import Batch, HandcraftedBatch
from corpora.handcrafted import MODALITIES
from corpora.ragged import JpegColumn, MappedColumn, RaggedColumn
from corpora.recipe import Recipe
from corpora.tokens import encode, no_tokens

Gathered = TypeVar("Gathered", Batch, HandcraftedBatch, covariant=True)


class Gatherer(Protocol[Gathered]):
    """Makes batches of one split; `columns` hold what is large.

    `lengths` are the steps of each utterance in each column, and its tokens: (U,) each.
    """

    columns: dict[str, RaggedColumn]
    lengths: dict[str, Tensor]

    def gather(
        self, utterances: Tensor, labels: Tensor, frames: torch.Generator | None
    ) -> Gathered:
        """Make the batch of some utterances; without `frames` the middle candidates are taken."""


class Moments(NamedTuple):
    """Of some features over some rows; a feature that never varies has the deviation 1.

    Shapes:
        mean, std: (D,), float32
    """

    mean: Tensor
    std: Tensor


class PictureGatherer:
    """Gathers tokens, faces and spectrograms."""

    def __init__(
        self,
        table: pa.Table,
        recipe: Recipe,
        tokenizer: Tokenizer | None,
        device: torch.device,
    ) -> None:
        self.columns: dict[str, RaggedColumn] = {
            "faces": _faces(table, recipe, device),
            "mels": _mapped(
                table, "num_chunks", "mels", (1, *recipe.spectrogram.chunk_shape), device
            ),
        }
        texts = table["text"].to_pylist()
        self._tokens, self._token_mask = encode(tokenizer, texts) if tokenizer else no_tokens(texts)
        self.lengths = _lengths_of(self.columns) | {"tokens": self._token_mask.sum(1)}
        shape = (3, 1, 1)
        self._mean = torch.tensor(recipe.face_mean, device=device).reshape(shape)
        self._std = torch.tensor(recipe.face_std, device=device).reshape(shape)
        self._device = device

    def gather(self, utterances: Tensor, labels: Tensor, frames: torch.Generator | None) -> Batch:
        """Make the batch of some utterances."""
        tokens, mask = self._tokens[utterances], self._token_mask[utterances]
        longest = int(mask.sum(1).amax())
        faces = _gather(self.columns["faces"], utterances, frames)
        return Batch(
            tokens=tokens[:, :longest].long().to(self._device),
            token_mask=mask[:, :longest].to(self._device),
            faces=(faces.float() - self._mean) / self._std,
            num_faces=_numbers(self.columns["faces"].lengths[utterances]),
            mels=_gather(self.columns["mels"], utterances),
            num_chunks=_numbers(self.columns["mels"].lengths[utterances]),
            labels=labels,
        )


class FeatureGatherer:
    """Gathers hand-crafted features."""

    def __init__(self, table: pa.Table, widths: Mapping[str, int], device: torch.device) -> None:
        self._mapped = {
            modality: _mapped(
                table, f"num_{modality}", f"{modality}_features", (widths[modality],), device
            )
            for modality in MODALITIES
        }
        self.columns: dict[str, RaggedColumn] = dict(self._mapped)
        self.lengths = _lengths_of(self.columns)
        self._device = device

    def moments(self) -> dict[str, Moments]:
        """Return mean and standard deviation of each feature of each modality, over all rows."""
        return {modality: _moments(column) for modality, column in self._mapped.items()}

    def gather(
        self, utterances: Tensor, labels: Tensor, frames: torch.Generator | None
    ) -> HandcraftedBatch:
        """Make the batch of some utterances; there is nothing to draw."""
        text, audio, vision = (self.columns[modality] for modality in MODALITIES)
        return HandcraftedBatch(
            text=_gather(text, utterances),
            num_text=_numbers(text.lengths[utterances]),
            audio=_gather(audio, utterances),
            num_audio=_numbers(audio.lengths[utterances]),
            vision=_gather(vision, utterances),
            num_vision=_numbers(vision.lengths[utterances]),
            labels=labels,
        )


def _moments(column: MappedColumn) -> Moments:
    """Read the file twice, in the order of its rows, so that no more than one is in memory."""
    utterances = range(len(column.lengths))
    num_rows = int(column.lengths.sum())
    mean = sum(column.row(u)[:, 0].double().sum(0) for u in utterances) / num_rows
    squares = sum((column.row(u)[:, 0].double() - mean).square().sum(0) for u in utterances)
    std = torch.as_tensor(squares / num_rows).sqrt()
    return Moments(mean=torch.as_tensor(mean).float(), std=torch.where(std > 0, std, 1.0).float())


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


def _lengths_of(columns: Mapping[str, RaggedColumn]) -> dict[str, Tensor]:
    return {name: column.lengths for name, column in columns.items()}


def _lengths(column: pa.ChunkedArray) -> Tensor:
    return torch.tensor(column.to_numpy(), dtype=torch.int64)


def _numbers(lengths: Tensor) -> tuple[int, ...]:
    return tuple(lengths.tolist())
