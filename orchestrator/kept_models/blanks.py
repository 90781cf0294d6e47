"""What a system gets of a clip that lacks a modality, as `prepare` makes it of such a clip."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.features.form import FACES, SOUNDS
from corpora.forms.faces import NO_FACES
from corpora.forms.spectrogram import Spectrogrammer
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import Recipe
from corpora.recipes.union import AnyRecipe
from corpora.text.tokens import encode
from models.configs.base import Modality

AnyBatch = Batch | HandcraftedBatch

NO_WAVE = np.zeros(1, np.float32)
NO_FRAME = np.zeros((64, 64, 3), np.uint8)


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


def make_blanks(
    recipe: AnyRecipe,
    tokenizer: Tokenizer | None,
    widths: Mapping[str, int],
    modalities: Iterable[Modality],
    device: torch.device,
) -> Blanks:
    """Make what stands in for modalities.

    Args:
        recipe: How the clips are prepared.
        tokenizer: Makes tokens of their texts; None if the model reads none.
        widths: How many numbers a row of features has, by modality.
        modalities: What is withheld.
        device: Where features are made.

    Raises:
        MissingPackageError: If the package is missing that makes the features.
    """
    if not isinstance(recipe, Recipe):
        return Blanks({m: _blank_features(m, recipe, widths, device) for m in modalities})
    keeps: set[Modality] = {"audio", "vision"} if recipe.fill_windows else {"audio"}
    return Blanks(
        {"audio": _silent_mels(recipe), "vision": _black_face(recipe)},
        frozenset(keeps),
        None if tokenizer is None else _empty_text(tokenizer),
    )


def _blank_features(
    modality: Modality, recipe: AnyRecipe, widths: Mapping[str, int], device: torch.device
) -> Tensor:
    """Make our features of silence or of a black picture; else a row of zeros.

    A text without words is such a row. Of features that others made, and of states of encoders,
    which are not at hand, it is not known what they would be; zeros are the usual choice.
    """
    if isinstance(recipe, HandcraftedRecipe) and modality not in recipe.encoders:
        if modality == "audio":
            return torch.from_numpy(SOUNDS[recipe.sound](recipe)(NO_WAVE))
        if modality == "vision":
            return torch.from_numpy(FACES[recipe.face](str(device))(NO_FRAME, NO_FACES))
    return torch.zeros(1, widths[modality])


def _silent_mels(recipe: Recipe) -> Tensor:
    return torch.from_numpy(Spectrogrammer(recipe.spectrogram)(NO_WAVE))[:, None]


def _black_face(recipe: Recipe) -> Tensor:
    mean, std = (torch.tensor(one).reshape(3, 1, 1) for one in (recipe.face_mean, recipe.face_std))
    return (torch.zeros(1, 3, recipe.face_px, recipe.face_px) - mean) / std


def _empty_text(tokenizer: Tokenizer) -> tuple[Tensor, int]:
    tokens, _ = encode(tokenizer, [""])
    padding = tokenizer.padding or {"pad_id": 0}
    return tokens[0].long(), padding["pad_id"]
