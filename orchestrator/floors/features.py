"""Features of a linear classifier: each utterance of a prepared corpus as one row of numbers."""

import math
from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.corpus import AnyCorpus, AnySplit
from corpora.forms.spectrogram import Spectrogrammer
from corpora.recipes.pictures import PowerMel, Recipe, VggishLogMel, Wave
from corpora.recipes.union import AnyRecipe
from corpora.source.split import SPLITS, Split
from corpora.source.utterance import Modality
from corpora.text.tokens import TokenSettings

TOKENS = TokenSettings(weights=None, vocabulary=1000, max_tokens=512)
"""The tokenizer of the bag of tokens: the most frequent words of the training split."""

Sound = PowerMel | VggishLogMel | Wave

GRID = 8
"""A face is pooled to so many pixels in height and in width."""

LOWEST_POWER = 1e-6
BATCH_SIZE = 16

Matrix = NDArray[np.float64]


def describe_features(recipe: AnyRecipe, without: Collection[Modality] = ()) -> str:
    """Say in words what `read_features` reads of a corpus that a recipe prepared.

    Of the modalities that no utterance has, it reads what stands in for them: numbers that are the
    same everywhere, of which a classifier learns nothing.
    """
    if not isinstance(recipe, Recipe):
        return "mean and standard deviation over time of the hand-crafted features"
    parts: dict[Modality, str] = {
        "audio": "of the log-mel bands",
        "vision": f"of the faces at {GRID} x {GRID} pixels",
    }
    over_time = " and ".join(said for held, said in parts.items() if held not in without)
    moments = f"mean and standard deviation over time {over_time}" if over_time else ""
    bag = f"a bag of the {TOKENS.vocabulary} most frequent tokens" if "text" not in without else ""
    return ", and ".join(filter(None, (moments, bag)))


def read_features(corpus: AnyCorpus) -> dict[Split, tuple[Matrix, ...]]:
    """Read the features of each split: text, sound and picture.

    Shapes:
        -> 3 x (U, D), D by the modality
    """
    recipe = corpus.manifest.recipe
    spectrogram = recipe.spectrogram if isinstance(recipe, Recipe) else None
    return {split: _read_split(corpus.splits[split], spectrogram) for split in SPLITS}


def _read_split(split: AnySplit, spectrogram: Sound | None) -> tuple[Matrix, ...]:
    parts = [
        _of_rows(batch) if isinstance(batch, HandcraftedBatch) else _of_pictures(batch, spectrogram)
        for batch in split.in_order(BATCH_SIZE)
    ]
    return tuple(torch.cat(one).double().numpy() for one in zip(*parts, strict=True))


def _of_rows(batch: HandcraftedBatch) -> tuple[Tensor, ...]:
    return (
        _over_time(batch.text.split(batch.num_text)),
        _over_time(batch.audio.split(batch.num_audio)),
        _over_time(batch.vision.split(batch.num_vision)),
    )


def _of_pictures(batch: Batch, spectrogram: Sound | None) -> tuple[Tensor, ...]:
    pixels = adaptive_avg_pool2d(batch.faces, GRID).flatten(1)  # (N, 3 x GRID x GRID)
    bands = [_bands(chunks[:, 0], spectrogram) for chunks in batch.mels.split(batch.num_chunks)]
    return _bag(batch), _over_time(bands), _over_time(pixels.split(batch.num_faces))


def _bag(batch: Batch) -> Tensor:
    """Mark which tokens an utterance has: (B, vocabulary), 0 or 1; padding is none of them."""
    bag = torch.zeros(len(batch.tokens), TOKENS.vocabulary)
    bag.scatter_(1, torch.where(batch.token_mask, batch.tokens, 0), 1.0)
    return bag[:, 1:]


def _bands(chunks: Tensor, spectrogram: Sound | None) -> Tensor:
    """Write the chunks of an utterance as log-mel bands in time, without silent padding.

    Shapes:
        chunks: (N, H, W) -> (T, num_mels)
    """
    match spectrogram:
        case Wave():
            mels = Spectrogrammer(PowerMel(sample_rate_hz=spectrogram.sample_rate_hz))
            return _bands(torch.from_numpy(mels(chunks.flatten().numpy())), PowerMel())
        case VggishLogMel():
            bands, lowest = chunks.flatten(0, 1), math.log(spectrogram.log_offset)
        case _:
            bands = chunks.transpose(1, 2).flatten(0, 1).clamp(min=LOWEST_POWER).log()
            lowest = math.log(LOWEST_POWER)
    heard = bands[bands.amax(1) > lowest + 1e-4]
    return heard if len(heard) else bands


def _over_time(utterances: tuple[Tensor, ...] | list[Tensor]) -> Tensor:
    """Take mean and standard deviation of each feature over the steps of each utterance.

    Shapes:
        B x (T, D) -> (B, 2 x D); zeros for an utterance without steps, and for what is not finite
    """
    width = utterances[0].shape[1]
    features = torch.stack(
        [
            torch.cat([steps.mean(0), steps.std(0, correction=0)])
            if len(steps)
            else torch.zeros(2 * width)
            for steps in utterances
        ]
    )
    return features.where(features.isfinite(), 0.0)
