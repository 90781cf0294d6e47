"""Encoders of waves: wav2vec 2.0, HuBERT, WavLM; what they make of a wave depends on it alone."""

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from corpora.checkpoints.files import Checkpoint
from corpora.checkpoints.load import load_encoder
from corpora.checkpoints.settings import read_sound_settings

MAX_PIECE_S = 30.0
"""A longer wave is cut into pieces: attention needs memory by the square of the length."""

_VARIANCE_FLOOR = 1e-7
"""Of `transformers`: it keeps silence from being divided by 0."""


class WaveOutputs(NamedTuple):
    """The states of some waves.

    Shapes:
        last: (B, T, D), what the encoder gives out
        hidden: (B, T, D) each, what enters the first layer, then what each layer leaves; empty
            unless asked for
        num_frames: B, how many of the T frames each wave has
    """

    last: Tensor
    hidden: Sequence[Tensor]
    num_frames: Sequence[int]


class WaveModel(nn.Module):
    """An encoder of waves, from its checkpoint.

    Attributes:
        samples_per_frame: From one frame to the next.
        least_samples: What the convolutions need for one frame.
        width: The length of a state.

    Raises:
        CheckpointError: If the checkpoint is no such encoder, or reads another sampling rate.
    """

    def __init__(self, checkpoint: Checkpoint, *, rate_hz: int, device: str = "cpu") -> None:
        super().__init__()
        self.encoder = load_encoder(checkpoint, device)
        self._normalises = read_sound_settings(checkpoint, rate_hz=rate_hz).do_normalize
        config = self.encoder.config
        strides, kernels = (getattr(config, name, None) for name in ("conv_stride", "conv_kernel"))
        if strides is None or kernels is None or not hasattr(self.encoder, "feature_extractor"):
            raise checkpoint.error(
                f"its architecture '{checkpoint.architecture}' has no convolutions over the wave",
                "name a wav2vec 2.0, a HuBERT or a WavLM",
            )
        # Masks drawn in training come from a random state that no trial seeds.
        config.mask_time_prob = config.mask_feature_prob = config.layerdrop = 0.0
        extractor = self.encoder.get_submodule("feature_extractor")
        self.encoder.set_submodule("feature_extractor", UnpaddedExtractor(extractor))
        self.samples_per_frame: int = math.prod(strides)
        self.least_samples = _receptive_field(kernels, strides)
        self.width: int = config.hidden_size

    def normalised(self, wave: Tensor) -> Tensor:
        """Bring a wave to mean 0 and variance 1, if the checkpoint asks for it: (samples,)."""
        if not self._normalises:
            return wave
        return (wave - wave.mean()) / torch.sqrt(wave.var(correction=0) + _VARIANCE_FLOOR)

    def forward(self, waves: Sequence[Tensor], *, needs_hidden: bool = False) -> WaveOutputs:
        """Encode waves together: (samples,) each."""
        extractor = cast("UnpaddedExtractor", self.encoder.get_submodule("feature_extractor"))
        extractor.lengths = [len(wave) for wave in waves]
        padded = pad_sequence([*waves], batch_first=True)  # (B, samples)
        mask = pad_sequence(
            [torch.ones(len(wave), dtype=torch.long) for wave in waves], batch_first=True
        )
        with warnings.catch_warnings():
            # WavLM gives PyTorch a mask of booleans beside one of numbers.
            warnings.filterwarnings("ignore", "Support for mismatched key_padding_mask")
            outputs = self.encoder(
                padded,
                attention_mask=mask.to(padded.device),
                output_hidden_states=needs_hidden,
            )
        hidden = outputs.hidden_states if needs_hidden else ()
        return WaveOutputs(outputs.last_hidden_state, hidden, extractor.num_frames)


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
