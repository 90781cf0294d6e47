"""A test split whose utterances lack modalities: what a system gets of a clip without them."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.corpus import AnyCorpus, AnySplit, CorpusSplit
from corpora.features.form import FACES, SOUNDS
from corpora.forms.faces import NO_FACES
from corpora.forms.spectrogram import Spectrogrammer
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import Recipe
from corpora.store.manifest import Manifest
from corpora.text.tokens import encode
from models.configs.base import Modality
from orchestrator.kept_models.load import LoadedModel
from orchestrator.training.determinism import deterministic_algorithms
from orchestrator.training.evaluation import batch_sizes, predict
from orchestrator.training.objective import make_objective
from reports.ledger.record import Predictions
from search_spaces.metrics.metric import Withheld

AnyBatch = Batch | HandcraftedBatch

NO_WAVE = np.zeros(1, np.float32)
NO_FRAME = np.zeros((64, 64, 3), np.uint8)


class WithheldSplit(CorpusSplit[Any]):
    """A split that gives the same batches, but for the modalities that its utterances lack."""

    def __init__(self, split: AnySplit, withheld: Withheld, blanks: "Blanks") -> None:
        vars(self).update(vars(split))
        self._lack = {m: draw(split.ids, m, percent) for m, percent in withheld}
        self._blanks = blanks

    def in_order(self, batch_size: int) -> Iterator[AnyBatch]:
        """Yield every utterance once, in the order of `ids`."""
        first = 0
        for batch in super().in_order(batch_size):
            last = first + len(batch.labels)
            for modality, lack in self._lack.items():
                batch = self._blanks.put_into(batch, modality, lack[first:last])
            yield batch
            first = last


def draw(ids: Sequence[str], modality: Modality, percent: int) -> list[bool]:
    """Draw which utterances lack a modality: so many percent of them, rounded.

    The draw depends on nothing but their ids, so all rows and seeds lack the same. Who lacks it at
    some rate lacks it at every higher one. Modalities are drawn apart: an utterance may lack all.
    """
    digests = [hashlib.sha256(f"{modality}/{one}".encode()).digest() for one in ids]
    num_lacking = round(len(ids) * percent / 100)
    lacking = set(sorted(digests)[:num_lacking])
    return [digest in lacking for digest in digests]


@dataclass(frozen=True)
class Blanks:
    """What stands in for each modality, as `prepare` makes it of a clip that lacks it.

    Attributes:
        rows: The rows of an utterance: spectrograms of silence, black faces, or features of them.
        keeps_number: The modalities of which an utterance keeps its number of rows, all like the
            first of `rows`.
        tokens: The tokens of an empty text, and what they are padded with; None without tokens.
    """

    rows: Mapping[Modality, Tensor]
    keeps_number: frozenset[Modality] = frozenset()
    tokens: tuple[Tensor, int] | None = None

    def put_into(self, batch: AnyBatch, modality: Modality, lack: Sequence[bool]) -> AnyBatch:
        """Replace a modality of the utterances that lack it."""
        if isinstance(batch, HandcraftedBatch):
            return self._replace_rows(batch, modality, modality, lack)
        match modality:
            case "text":
                return self._empty_texts(batch, lack)
            case "audio":
                return self._replace_rows(batch, "mels", modality, lack)
            case "vision":
                return self._replace_rows(batch, "faces", modality, lack)

    def _replace_rows(
        self, batch: AnyBatch, field: str, modality: Modality, lack: Sequence[bool]
    ) -> AnyBatch:
        packed: Tensor = getattr(batch, field)
        lengths: tuple[int, ...] = getattr(batch, batch.LENGTHS[field])
        blank = self.rows[modality].to(packed)
        each = [
            self._blank_rows(blank, modality, len(rows)) if lacks else rows
            for rows, lacks in zip(packed.split(lengths), lack, strict=True)
        ]
        changed: dict[str, Any] = {
            field: torch.cat(each),
            batch.LENGTHS[field]: tuple(map(len, each)),
        }
        return replace(batch, **changed)

    def _blank_rows(self, blank: Tensor, modality: Modality, num_before: int) -> Tensor:
        if modality not in self.keeps_number:
            return blank
        return blank[:1].expand(num_before, *blank.shape[1:])

    def _empty_texts(self, batch: Batch, lack: Sequence[bool]) -> Batch:
        if self.tokens is None:
            return batch
        empty, padding = self.tokens
        rows = torch.tensor(lack, device=batch.tokens.device)
        tokens, mask = batch.tokens.clone(), batch.token_mask.clone()
        tokens[rows], mask[rows] = padding, False
        of_empty = tokens[rows]
        of_empty[:, : len(empty)] = empty.to(tokens)
        tokens[rows] = of_empty
        mask[rows] = torch.arange(mask.shape[1], device=mask.device) < len(empty)
        return replace(batch, tokens=tokens, token_mask=mask)


def predict_withheld(
    trained: LoadedModel, patterns: Iterable[Withheld], device: torch.device
) -> Iterator[tuple[Withheld, Predictions]]:
    """Predict the test split as the trial did, but with modalities withheld.

    Raises:
        MissingPackageError: As `make_blanks`.
    """
    corpus, circumstances = trained.corpus, trained.record.circumstances
    config = trained.record.trial.config
    sizes = (config.training.batch_size, *(size for _, size in circumstances.micro_batches))
    batch_size = batch_sizes(config, min(sizes), device).evaluation
    objective = make_objective(corpus, config.training)
    for withheld in patterns:
        blanks = make_blanks(corpus, [modality for modality, _ in withheld], device)
        test = WithheldSplit(corpus.splits["test"], withheld, blanks)
        with deterministic_algorithms(is_on=circumstances.is_deterministic):
            yield (
                withheld,
                predict(trained.model, test, objective, batch_size, circumstances.precision)[0],
            )


def make_blanks(corpus: AnyCorpus, modalities: Iterable[Modality], device: torch.device) -> Blanks:
    """Make what stands in for modalities, by the corpus's recipe.

    Raises:
        MissingPackageError: If the package is missing that makes the features.
    """
    manifest = corpus.manifest
    if not isinstance(manifest.recipe, Recipe):
        return Blanks({m: _blank_features(m, manifest, device) for m in modalities})
    keeps: set[Modality] = {"audio", "vision"} if manifest.recipe.fill_windows else {"audio"}
    return Blanks(
        {"audio": _silent_mels(manifest.recipe), "vision": _black_face(manifest.recipe)},
        frozenset(keeps),
        None if corpus.tokenizer is None else _empty_text(corpus.tokenizer),
    )


def _blank_features(modality: Modality, manifest: Manifest, device: torch.device) -> Tensor:
    """Make our features of silence or of a black picture; else a row of zeros.

    A text without words is such a row. Of features that others made, and of states of encoders,
    which are not at hand, it is not known what they would be; zeros are the usual choice.
    """
    recipe = manifest.recipe
    if isinstance(recipe, HandcraftedRecipe) and modality not in recipe.encoders:
        if modality == "audio":
            return torch.from_numpy(SOUNDS[recipe.sound](recipe)(NO_WAVE))
        if modality == "vision":
            return torch.from_numpy(FACES[recipe.face](str(device))(NO_FRAME, NO_FACES))
    return torch.zeros(1, manifest.widths[modality])


def _silent_mels(recipe: Recipe) -> Tensor:
    return torch.from_numpy(Spectrogrammer(recipe.spectrogram)(NO_WAVE))[:, None]


def _black_face(recipe: Recipe) -> Tensor:
    mean, std = (torch.tensor(one).reshape(3, 1, 1) for one in (recipe.face_mean, recipe.face_std))
    return (torch.zeros(1, 3, recipe.face_px, recipe.face_px) - mean) / std


def _empty_text(tokenizer: Tokenizer) -> tuple[Tensor, int]:
    tokens, _ = encode(tokenizer, [""])
    padding = tokenizer.padding or {"pad_id": 0}
    return tokens[0].long(), padding["pad_id"]
