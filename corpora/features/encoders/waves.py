"""Frozen states of encoders of waves: wav2vec 2.0, HuBERT, WavLM."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from corpora.checkpoints.files import Checkpoint
from corpora.checkpoints.waves import MAX_PIECE_S, WaveModel
from corpora.features.encoders.batches import LengthBatches, Promise, Rows
from corpora.features.encoders.layers import states_of
from corpora.features.sound import average_steps
from corpora.recipes.encoder_states import Layer

MAX_BATCH_S = 8.0
"""So many seconds of sound go through the encoder together on a core, padding included."""


class WaveStates:
    """Turns waves into averages of an encoder's states over steps.

    Args:
        checkpoint: Which encoder.
        layer: Which of its states.
        rate_hz: The sampling rate of the waves.
        step_s: One row of the result averages this; frames that are longer stay alone.
        device: Where the encoder runs.

    Raises:
        CheckpointError: If the checkpoint is no such encoder, or reads another sampling rate.
    """

    def __init__(
        self, checkpoint: Checkpoint, layer: Layer, *, rate_hz: int, step_s: float, device: str
    ) -> None:
        self._model = WaveModel(checkpoint, rate_hz=rate_hz, device=device)
        self._device = device
        self._layer = layer
        self._frames_per_step = max(1, round(step_s * rate_hz / self._model.samples_per_frame))
        self._max_samples = round(MAX_PIECE_S * rate_hz)
        self._batches: LengthBatches[Tensor] = LengthBatches(
            self._encode, len, max_length=round(MAX_BATCH_S * rate_hz), device=device
        )

    def __call__(self, wave: NDArray[np.float32]) -> Promise:
        """Ask for the rows of a wave.

        Shapes:
            wave: (samples,), at least one -> (T, D)
        """
        sound = self._model.normalised(torch.from_numpy(np.array(wave, dtype=np.float32)))
        sound = nn.functional.pad(sound, (0, max(0, self._model.least_samples - len(sound))))
        pieces = sound.tensor_split(math.ceil(len(sound) / self._max_samples))
        promises = [self._batches.add(piece) for piece in pieces]

        def rows() -> Rows:
            states = torch.from_numpy(np.concatenate([promise() for promise in promises]))
            return average_steps(states, self._frames_per_step).numpy()

        return rows

    @torch.inference_mode()
    def _encode(self, waves: Sequence[Tensor]) -> list[Rows]:
        """Make the states of waves, one row a frame: (T, D) each."""
        outputs = self._model([wave.to(self._device) for wave in waves], needs_hidden=True)
        states = states_of(outputs.last, outputs.hidden, self._layer).cpu()
        return [
            one[:num_frames].numpy()
            for one, num_frames in zip(states, outputs.num_frames, strict=True)
        ]
