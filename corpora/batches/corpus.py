"""Batches of a prepared corpus: gathered in device memory if it fits there, else from its files."""

import copy
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Self, TypeVar

import pyarrow as pa
import torch
from tokenizers import Tokenizer
from torch import Tensor

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.gatherers import (
    Columns,
    FeatureGatherer,
    Gatherer,
    Moments,
    PictureGatherer,
    picture_columns,
)
from corpora.batches.ragged import MappedColumn, ResidentColumn
from corpora.batches.transfer import num_threads, on_device
from corpora.recipes.columns import GROUP, LABELS, TEXT, UTTERANCE
from corpora.recipes.pictures import Recipe
from corpora.source.errors import CorpusError
from corpora.source.label_space import Range
from corpora.source.split import Split
from corpora.source.task import TaskKind
from corpora.store.folds import FoldView
from corpora.store.manifest import Manifest
from corpora.store.splits import open_splits
from corpora.text.tokens import TokenSettings, make_tokenizer

MAX_SHARE_OF_MEMORY = 0.1
"""Each process moves a corpus into GPU memory if the corpus needs at most this share.

The share is of all memory, not of what is free or allowed. So a trial beside others decides as its
probe did alone.
"""


AnyBatch = TypeVar("AnyBatch", Batch, HandcraftedBatch)


class CorpusSplit(Generic[AnyBatch]):
    """One split.

    A window may have several candidate frames. Training draws one of them anew in every epoch;
    evaluation takes the middle one.

    Attributes:
        ids: Utterances, in the order of the file.
        groups: The dialogue or video of each.
        labels: (U, K), 0 or 1, or the values of K targets, on the device.
        gatherer: Makes its batches.
    """

    def __init__(self, table: pa.Table, gatherer: Gatherer[AnyBatch], device: torch.device) -> None:
        self.ids: list[str] = table[UTTERANCE].to_pylist()
        self.groups: list[str] = table[GROUP].to_pylist()
        self._labels = torch.tensor(table[LABELS].to_pylist(), dtype=torch.float32)
        self.labels = self._labels.to(device)
        self.gatherer: Gatherer[AnyBatch] = gatherer
        self._device = device

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> dict[str, Tensor]:
        """The length of each utterance in each input, such as frames or tokens: (U,) each."""
        return self.gatherer.lengths

    @property
    def columns(self) -> Columns:
        """The large columns: faces and spectrograms, or features."""
        return self.gatherer.columns

    @property
    def num_bytes(self) -> int:
        """The size in bytes of the columns that can be moved to the device."""
        return sum(column.num_bytes for column in self._movable().values())

    def move_to_device(self) -> None:
        """Keep all columns that are not encoded in the device's memory from now on."""
        for name, column in self._movable().items():
            self.columns[name] = ResidentColumn(column, self._device)

    def _movable(self) -> dict[str, MappedColumn]:
        """Return the columns that are mapped and not encoded."""
        return {
            name: column
            for name, column in self.columns.items()
            if isinstance(column, MappedColumn)
        }

    def gathered_by(self, gatherer: Gatherer[AnyBatch]) -> Self:
        """Return the same split, whose batches another gatherer makes."""
        other = copy.copy(self)
        other.gatherer = gatherer
        return other

    def random_order(self, *, seed: int, epoch: int, weights: Tensor | None = None) -> Tensor:
        """Return the order of an epoch, (U,); it depends on the arguments only.

        Args:
            seed: The seed of the trial.
            epoch: The number of the epoch.
            weights: (U,), if utterances are drawn by them, with replacement.
        """
        generator = _generator(f"{seed}/order/{epoch}")
        if weights is not None:
            return torch.multinomial(weights, len(self), replacement=True, generator=generator)
        return torch.randperm(len(self), generator=generator)

    def in_random_order(
        self, batch_size: int, *, seed: int, epoch: int, weights: Tensor | None = None
    ) -> Iterator[AnyBatch]:
        """Yield the utterances of an epoch in their order: each once, without `weights`."""
        order = self.random_order(seed=seed, epoch=epoch, weights=weights)
        return self._batches(order, batch_size, _generator(f"{seed}/frames/{epoch}"))

    def in_given_order(self, order: Tensor, batch_size: int) -> Iterator[AnyBatch]:
        """Yield utterances in a given order, as training reads them; it may repeat some."""
        return self._batches(order, batch_size, _generator("frames"))

    def in_order(self, batch_size: int) -> Iterator[AnyBatch]:
        """Yield every utterance once, in the order of `ids`."""
        return self._batches(torch.arange(len(self)), batch_size, None)

    def _batches(
        self, order: Tensor, batch_size: int, frames: torch.Generator | None
    ) -> Iterator[AnyBatch]:
        collected = (
            self.gatherer.collect(indices, self._labels[indices], frames)
            for indices in order.split(batch_size)
        )
        return on_device(collected, self._device, self.gatherer.finish)


@dataclass(frozen=True)
class Corpus(Generic[AnyBatch]):
    """A prepared corpus, ready to be trained on.

    Attributes:
        manifest: What it holds; its splits are those before any folds.
        splits: Its utterances.
        tokenizer: The tokenizer of its texts, if they were tokenised.
        moments: Mean and standard deviation of hand-crafted features, by modality, over the
            training split.
    """

    manifest: Manifest
    splits: dict[Split, CorpusSplit[AnyBatch]]
    tokenizer: Tokenizer | None = None
    moments: Mapping[str, Moments] = field(default_factory=dict)

    @property
    def has_maps(self) -> bool:
        """Whether its batches hold maps of a model's first layers instead of faces."""
        gatherer = self.splits["train"].gatherer
        return isinstance(gatherer, PictureGatherer) and gatherer.maps is not None

    @property
    def task(self) -> TaskKind:
        """What its labels are."""
        return self.manifest.task

    @property
    def label_range(self) -> Range | None:
        """The lowest and highest value of its targets, where they are known."""
        return self.manifest.label_range

    @property
    def positive_weights(self) -> Tensor:
        """The positive weights of the training split, of a multilabel corpus: (K,).

        Raises:
            ValueError: If the corpus has another task.
        """
        if self.task != "multilabel":
            raise ValueError(f"a {self.task} corpus has no positive weights")
        return positive_weights(self.splits["train"].labels)

    @property
    def class_counts(self) -> Tensor:
        """The number of training utterances of each class, of a multiclass corpus: (K,), above 0.

        Raises:
            ValueError: If the corpus has another task.
        """
        if self.task != "multiclass":
            raise ValueError(f"a {self.task} corpus has no classes")
        return self.splits["train"].labels.sum(0)


AnySplit = CorpusSplit[Batch] | CorpusSplit[HandcraftedBatch]
AnyCorpus = Corpus[Batch] | Corpus[HandcraftedBatch]


def positive_weights(labels: Tensor) -> Tensor:
    """Return negatives over positives of each emotion (Le et al., eq. 9).

    An emotion without negatives would have the weight 0; it is treated as if it had one negative.

    Shapes:
        labels: (U, K), 0 or 1 -> (K,)
    """
    positives = labels.sum(0)
    return (len(labels) - positives).clamp(min=1) / positives


def load_corpus(
    folder: Path,
    manifest: Manifest,
    tokens: TokenSettings | None,
    device: torch.device,
    *,
    fold: FoldView | None = None,
    like: Corpus[Batch] | None = None,
) -> Corpus[Batch]:
    """Open a corpus that a recipe of pictures prepared, and tokenise its texts if asked.

    On a GPU the corpus is moved into the device's memory once, if it fits. Otherwise batches are
    read from the mapped files, which the page cache holds once for all trials of a machine.

    Args:
        folder: Holds its files.
        manifest: Belongs to them.
        tokens: How texts are tokenised; None leaves them out.
        device: The device that computes with the batches.
        fold: The fold that is tested, if the splits are those of folds.
        like: The same corpus on the same device, perhaps with another tokenizer. The two share all
            large columns.

    Raises:
        CorpusError: If it holds hand-crafted features, or if the folds are not those of its
            utterances.
        DamagedCorpusError: If a file is not the one that the manifest describes.
    """
    recipe = manifest.recipe
    if not isinstance(recipe, Recipe):
        raise CorpusError(
            f"corpus '{manifest.name}', recipe '{recipe.name}', holds no pictures; choose a recipe "
            "of pictures"
        )
    tables = _open_tables(folder, manifest, fold)
    texts = {split: table[TEXT].to_pylist() for split, table in tables.items()}
    tokenizer = make_tokenizer(tokens, texts["train"]) if tokens is not None else None
    splits = {}
    for split, table in tables.items():
        columns = (
            like.splits[split].columns
            if like is not None
            else picture_columns(table, recipe, num_threads=num_threads(device))
        )
        gatherer = PictureGatherer(columns, recipe, texts[split], tokenizer)
        splits[split] = CorpusSplit(table, gatherer, device)
    corpus = Corpus(manifest, splits, tokenizer)
    return corpus if like is not None else _moved_if_it_fits(corpus, device)


def load_handcrafted(
    folder: Path, manifest: Manifest, device: torch.device, *, fold: FoldView | None = None
) -> Corpus[HandcraftedBatch]:
    """Open a corpus of hand-crafted features, as `load_corpus` does."""
    tables = _open_tables(folder, manifest, fold)
    gatherers = {split: FeatureGatherer(table, manifest.widths) for split, table in tables.items()}
    splits = {
        split: CorpusSplit(tables[split], gatherer, device) for split, gatherer in gatherers.items()
    }
    moments = gatherers["train"].moments()
    return _moved_if_it_fits(Corpus(manifest, splits, moments=moments), device)


def _open_tables(folder: Path, manifest: Manifest, fold: FoldView | None) -> dict[Split, pa.Table]:
    tables = open_splits(folder, manifest)
    return tables if fold is None else fold.of(tables)


def _moved_if_it_fits(corpus: Corpus[AnyBatch], device: torch.device) -> Corpus[AnyBatch]:
    if device.type == "cuda":
        total_bytes = torch.cuda.get_device_properties(device).total_memory
        num_bytes = sum(split.num_bytes for split in corpus.splits.values())
        if num_bytes <= MAX_SHARE_OF_MEMORY * total_bytes:
            for split in corpus.splits.values():
                split.move_to_device()
    return corpus


def _generator(name: str) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))
