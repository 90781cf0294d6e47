"""Batches of a prepared corpus: gathered in device memory where it fits, else from its files."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

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
from corpora.recipes.pictures import Recipe
from corpora.source.errors import CorpusError
from corpora.source.split import SPLITS, Split
from corpora.store.folders import split_file
from corpora.store.manifest import Manifest
from corpora.text.tokens import TokenSettings, make_tokenizer

MAX_SHARE_OF_MEMORY = 0.1
"""A corpus that needs no more of a GPU's memory is moved there whole, by each process for itself.

It is a share of all memory, whatever is free or allowed: so a trial among others does as its probe
did alone.
"""


AnyBatch = TypeVar("AnyBatch", Batch, HandcraftedBatch)


class CorpusSplit(Generic[AnyBatch]):
    """One split.

    Of several frames in a window training draws one anew every epoch, evaluation takes the middle.

    Attributes:
        ids: Utterances, in the order of the file.
        groups: The dialogue or video of each.
        labels: (U, K), 0 or 1, on the device.
    """

    def __init__(self, table: pa.Table, gatherer: Gatherer[AnyBatch], device: torch.device) -> None:
        self.ids: list[str] = table["utterance"].to_pylist()
        self.groups: list[str] = table["group"].to_pylist()
        self._labels = torch.tensor(table["labels"].to_pylist(), dtype=torch.float32)
        self.labels = self._labels.to(device)
        self._gatherer: Gatherer[AnyBatch] = gatherer
        self._device = device

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> dict[str, Tensor]:
        """How much each utterance has of what a model reads, such as frames or tokens: (U,)."""
        return self._gatherer.lengths

    @property
    def columns(self) -> Columns:
        """What is large."""
        return self._gatherer.columns

    @property
    def num_bytes(self) -> int:
        """What of the split can be moved to the device, in bytes."""
        return sum(column.num_bytes for column in self._movable().values())

    def move_to_device(self) -> None:
        """Hold all that is not encoded in the device's memory from now on."""
        for name, column in self._movable().items():
            self.columns[name] = ResidentColumn(column, self._device)

    def _movable(self) -> dict[str, MappedColumn]:
        """Return the columns that are mapped and not encoded."""
        return {
            name: column
            for name, column in self.columns.items()
            if isinstance(column, MappedColumn)
        }

    def random_order(self, *, seed: int, epoch: int) -> Tensor:
        """Return the order of an epoch, which only `seed` and `epoch` decide: (U,)."""
        return torch.randperm(len(self), generator=_generator(f"{seed}/order/{epoch}"))

    def in_random_order(self, batch_size: int, *, seed: int, epoch: int) -> Iterator[AnyBatch]:
        """Yield every utterance once, in the order of an epoch."""
        order = self.random_order(seed=seed, epoch=epoch)
        return self._batches(order, batch_size, _generator(f"{seed}/frames/{epoch}"))

    def in_given_order(self, order: Tensor, batch_size: int) -> Iterator[AnyBatch]:
        """Yield the utterances of an order, as often as it names them, as training reads them."""
        return self._batches(order, batch_size, _generator("frames"))

    def in_order(self, batch_size: int) -> Iterator[AnyBatch]:
        """Yield every utterance once, in the order of `ids`."""
        return self._batches(torch.arange(len(self)), batch_size, None)

    def _batches(
        self, order: Tensor, batch_size: int, frames: torch.Generator | None
    ) -> Iterator[AnyBatch]:
        collected = (
            self._gatherer.collect(indices, self._labels[indices], frames)
            for indices in order.split(batch_size)
        )
        return on_device(collected, self._device, self._gatherer.finish)


@dataclass(frozen=True)
class Corpus(Generic[AnyBatch]):
    """A prepared corpus, ready to be trained on.

    Attributes:
        manifest: What it holds.
        splits: Its utterances.
        tokenizer: Made its tokens, if any were asked for.
        moments: Of hand-crafted features, by modality, over the training split.
    """

    manifest: Manifest
    splits: dict[Split, CorpusSplit[AnyBatch]]
    tokenizer: Tokenizer | None = None
    moments: Mapping[str, Moments] = field(default_factory=dict)

    @property
    def positive_weights(self) -> Tensor:
        """Those of the training split: (K,)."""
        return positive_weights(self.splits["train"].labels)


AnySplit = CorpusSplit[Batch] | CorpusSplit[HandcraftedBatch]
AnyCorpus = Corpus[Batch] | Corpus[HandcraftedBatch]


def positive_weights(labels: Tensor) -> Tensor:
    """Return negatives over positives of each emotion (Le et al., eq. 9).

    An emotion without negatives would weigh nothing; it weighs as one with a single negative.

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
    like: Corpus[Batch] | None = None,
) -> Corpus[Batch]:
    """Open a corpus prepared by a recipe of pictures; its texts are tokenised on the way, if asked.

    On a GPU it is moved into the device's memory once, if it fits. Else, and on the CPU, batches
    are read from the mapped files: the page cache holds them once for all trials of a machine.

    Args:
        folder: Holds its files.
        manifest: Belongs to them.
        tokens: How texts are tokenised.
        device: Where batches are computed with.
        like: The same corpus on the same device, whose texts may be tokenised in another way. All
            that is large is shared with it.

    Raises:
        CorpusError: If it holds hand-crafted features.
    """
    recipe = manifest.recipe
    if not isinstance(recipe, Recipe):
        raise CorpusError(f"corpus '{manifest.name}', recipe '{recipe.name}', holds no pictures")
    tables = {split: _read(split_file(folder, split)) for split in SPLITS}
    texts = {split: table["text"].to_pylist() for split, table in tables.items()}
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
    folder: Path, manifest: Manifest, device: torch.device
) -> Corpus[HandcraftedBatch]:
    """Open a corpus of hand-crafted features, as `load_corpus` does."""
    tables = {split: _read(split_file(folder, split)) for split in SPLITS}
    gatherers = {split: FeatureGatherer(table, manifest.widths) for split, table in tables.items()}
    splits = {
        split: CorpusSplit(tables[split], gatherer, device) for split, gatherer in gatherers.items()
    }
    moments = gatherers["train"].moments()
    return _moved_if_it_fits(Corpus(manifest, splits, moments=moments), device)


def _read(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


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
