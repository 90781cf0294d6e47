"""Frozen states of encoders of waves: wav2vec 2.0, HuBERT, WavLM."""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from corpora.checkpoints.files import Checkpoint
from corpora.checkpoints.load import load_encoder
from corpora.checkpoints.settings import read_sound_settings
from corpora.features.encoders.batches import LengthBatches, Promise, Rows
from corpora.features.encoders.layers import states_of
from corpora.features.sound import average_steps
from corpora.recipes.encoder_states import Layer

MAX_PIECE_S = 30.0
"""A longer wave is cut into pieces of equal length: attention needs memory by the square of it."""

MAX_BATCH_S = 8.0
"""So many seconds of sound go through the encoder together on a core, padding included."""

_VARIANCE_FLOOR = 1e-7
"""Of `transformers`: it keeps silence from being divided by 0."""


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
        model = load_encoder(checkpoint, device)
        self._normalises = read_sound_settings(checkpoint, rate_hz=rate_hz).do_normalize
        strides, kernels = (
            getattr(model.config, name, None) for name in ("conv_stride", "conv_kernel")
        )
        if strides is None or kernels is None or not hasattr(model, "feature_extractor"):
            raise checkpoint.error(
                f"its architecture '{checkpoint.architecture}' has no convolutions over the wave",
                "name a wav2vec 2.0, a HuBERT or a WavLM",
            )
        self._extractor = UnpaddedExtractor(model.get_submodule("feature_extractor"))
        model.feature_extractor = self._extractor
        self._model = model
        self._device = device
        self._layer = layer
        self._least_samples = _receptive_field(kernels, strides)
        self._frames_per_step = max(1, round(step_s * rate_hz / math.prod(strides)))
        self._max_samples = round(MAX_PIECE_S * rate_hz)
        self._batches: LengthBatches[Tensor] = LengthBatches(
            self._encode, len, max_length=round(MAX_BATCH_S * rate_hz), device=device
        )

    def __call__(self, wave: NDArray[np.float32]) -> Promise:
        """Ask for the rows of a wave.

        Shapes:
            wave: (samples,), at least one -> (T, D)
        """
        sound = torch.from_numpy(np.array(wave, dtype=np.float32))
        if self._normalises:
            variance = sound.var(correction=0)
            sound = (sound - sound.mean()) / torch.sqrt(variance + _VARIANCE_FLOOR)
        sound = nn.functional.pad(sound, (0, max(0, self._least_samples - len(sound))))
        pieces = sound.tensor_split(math.ceil(len(sound) / self._max_samples))
        promises = [self._batches.add(piece) for piece in pieces]

        def rows() -> Rows:
            states = torch.from_numpy(np.concatenate([promise() for promise in promises]))
            return average_steps(states, self._frames_per_step).numpy()

        return rows

    @torch.inference_mode()
    def _encode(self, waves: Sequence[Tensor]) -> list[Rows]:
        """Make the states of waves, one row a frame: (T, D) each."""
        self._extractor.lengths = [len(wave) for wave in waves]
        padded = pad_sequence([*waves], batch_first=True).to(self._device)  # (B, samples)
        mask = pad_sequence(
            [torch.ones(len(wave), dtype=torch.long) for wave in waves], batch_first=True
        )
        with warnings.catch_warnings():
            # WavLM gives PyTorch a mask of booleans beside one of numbers.
            warnings.filterwarnings("ignore", "Support for mismatched key_padding_mask")
            outputs = self._model(
                padded, attention_mask=mask.to(self._device), output_hidden_states=True
            )
        states = states_of(outputs.last_hidden_state, outputs.hidden_states, self._layer).cpu()
        return [
            one[:num_frames].numpy()
            for one, num_frames in zip(states, self._extractor.num_frames, strict=True)
        ]


class UnpaddedExtractor(nn.Module):
    """The convolutions of an encoder, which see each wave without its padding.

    The group norm of smaller models takes mean and deviation over time. Padding would change them,
    so what is made of an utterance would depend on the others of its batch.

    Attributes:
        lengths: How many samples each wave of the next batch has.
        num_frames: How many frames were made of each wave of the last batch.
    """

    def __init__(self, extractor: nn.Module) -> None:
        super().__init__()
        self._extractor = extractor
        self.lengths: list[int] = []
        self.num_frames: list[int] = []

    def forward(self, waves: Tensor) -> Tensor:
        """Make frames: (B, samples) -> (B, D, T)."""
        frames = [
            self._extractor(wave[None, :length])[0].T  # (T, D)
            for wave, length in zip(waves, self.lengths, strict=True)
        ]
        self.num_frames = [len(one) for one in frames]
        return pad_sequence(frames, batch_first=True).transpose(1, 2)


def _receptive_field(kernels: Sequence[int], strides: Sequence[int]) -> int:
    """Count the samples that the convolutions need for one frame."""
    samples = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        samples = (samples - 1) * stride + kernel
    return samples
