"""The clip for comparing the cost of models: 4.8 s long, 32 tokens or words."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.forms.spectrogram import Spectrogrammer
from corpora.recipes.pictures import Recipe
from corpora.recipes.windows import window_times_s
from corpora.store.manifest import Manifest
from models.macs import count_macs
from search_spaces.trial import Trial

DURATION_S = 4.8
NUM_TOKENS = 32

_MACS: dict[tuple[object, ...], int] = {}
"""The counts that this process has made so far."""


def macs_of(model: nn.Module, trial: Trial, manifest: Manifest) -> int:
    """Count the multiply-accumulates of a trial's model for the clip; the model is on the CPU.

    Trials in a process that differ only in training and seed share the count.
    """
    known = (trial.config.model, trial.corpus, tuple(trial.weights.items()))
    if known not in _MACS:
        _MACS[known] = count_macs(model, reference_clip(manifest, torch.device("cpu")))
    return _MACS[known]


def reference_clip(manifest: Manifest, device: torch.device) -> Batch | HandcraftedBatch:
    """Make one utterance of zeros, with the sizes of the clip under a corpus's recipe.

    Hand-crafted features have as many rows per second as the mean of the corpus. Where nobody knows
    how long its utterances last, they have as many rows as the mean of these.
    """
    recipe = manifest.recipe
    labels = torch.zeros(1, len(manifest.emotions), device=device)
    if isinstance(recipe, Recipe):
        return picture_clip(recipe, labels)
    counts = manifest.splits["train"]
    part, of = (DURATION_S, counts.seconds) if counts.seconds else (1, counts.num_utterances)
    rows = {
        "text": NUM_TOKENS,
        "audio": max(1, round(part * counts.num_chunks / of)),
        "vision": max(1, round(part * counts.num_frames / of)),
    }
    return feature_clip(rows, manifest.widths, labels)


def picture_clip(recipe: Recipe, labels: torch.Tensor) -> Batch:
    """Make the clip for a recipe of pictures; `labels` are the labels of one utterance."""
    faces = len(window_times_s(DURATION_S, recipe)) // len(recipe.candidates)
    silence = np.zeros(round(DURATION_S * recipe.spectrogram.sample_rate_hz), np.float32)
    chunks = len(Spectrogrammer(recipe.spectrogram)(silence))
    tokens = torch.ones(1, NUM_TOKENS, dtype=torch.long, device=labels.device)
    return Batch(
        tokens=tokens,
        token_mask=tokens.bool(),
        faces=labels.new_zeros(faces, 3, recipe.face_px, recipe.face_px),
        num_faces=(faces,),
        mels=labels.new_zeros(chunks, 1, *recipe.spectrogram.chunk_shape),
        num_chunks=(chunks,),
        labels=labels,
    )


def feature_clip(
    rows: Mapping[str, int], widths: Mapping[str, int], labels: torch.Tensor
) -> HandcraftedBatch:
    """Make the clip of hand-crafted features with the given numbers of rows and widths."""
    text, audio, vision = (labels.new_zeros(rows[name], widths[name]) for name in rows)
    return HandcraftedBatch(
        text=text,
        num_text=(len(text),),
        audio=audio,
        num_audio=(len(audio),),
        vision=vision,
        num_vision=(len(vision),),
        labels=labels,
    )
