"""Batches of random numbers, of the sizes that a recipe gives to utterances of some seconds."""

from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from corpora.batches.batch import Batch
from corpora.recipes.pictures import Recipe, Wave
from models.task import Task

TASK = Task(emotions=("anger", "disgust", "fear", "happy", "sad", "surprise"))
SECONDS = (3.0, 6.0)
NUM_TOKENS = (15, 25)
"""The lengths and numbers of tokens are drawn uniformly from these; the recipe gives the rest."""


def draw_batch(num_utterances: int, recipe: Recipe, vocabulary: int, *, seed: int = 0) -> Batch:
    """Draw a batch of utterances whose lengths are in `SECONDS`."""
    generator = torch.Generator().manual_seed(seed)
    draw = partial(torch.rand, generator=generator)
    seconds = SECONDS[0] + (SECONDS[1] - SECONDS[0]) * draw(num_utterances)
    num_faces = (seconds / recipe.window_s).ceil().long()
    sound = recipe.spectrogram
    assert not isinstance(sound, Wave), "draws no waves"
    num_frames = (seconds * sound.sample_rate_hz / sound.hop).long() + 1
    num_chunks = (num_frames / sound.chunk_frames).ceil().long()
    num_tokens = torch.randint(
        NUM_TOKENS[0], NUM_TOKENS[1] + 1, (num_utterances,), generator=generator
    )
    mask = torch.arange(int(num_tokens.max())) < num_tokens[:, None]
    tokens = torch.randint(1, vocabulary, mask.shape, generator=generator)
    return Batch(
        tokens=tokens * mask,
        token_mask=mask,
        faces=draw(int(num_faces.sum()), 3, recipe.face_px, recipe.face_px),
        num_faces=tuple(num_faces.tolist()),
        mels=draw(int(num_chunks.sum()), 1, *sound.chunk_shape),
        num_chunks=tuple(num_chunks.tolist()),
        labels=draw(num_utterances, TASK.num_emotions).round(),
    )


def padded(batch: Batch) -> Batch:
    """Pad all utterances to the longest one with pictures of zeros, as a plain program does."""
    changed: dict[str, Any] = {}
    for name, length_name in batch.LENGTHS.items():
        lengths: tuple[int, ...] = getattr(batch, length_name)
        rows: Tensor = getattr(batch, name)
        sequences = pad_sequence(rows.split(lengths), batch_first=True)
        changed |= {
            name: sequences.flatten(0, 1),
            length_name: (sequences.shape[1],) * len(lengths),
        }
    return replace(batch, **changed)


def rounded_up(batch: Batch, multiple: int) -> Batch:
    """Add pictures of zeros, so that the number of pictures is a multiple of `multiple`."""
    changed: dict[str, Any] = {}
    for name, length_name in batch.LENGTHS.items():
        lengths: tuple[int, ...] = getattr(batch, length_name)
        rows: Tensor = getattr(batch, name)
        num_more = -len(rows) % multiple
        num_each, num_with_one_more = divmod(num_more, len(lengths))
        changed |= {
            name: torch.cat([rows, rows.new_zeros(num_more, *rows.shape[1:])]),
            length_name: tuple(
                length + num_each + (index < num_with_one_more)
                for index, length in enumerate(lengths)
            ),
        }
    return replace(batch, **changed)
