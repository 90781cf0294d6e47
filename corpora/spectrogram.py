"""Mel spectrograms in chunks."""

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torchaudio.transforms import MelSpectrogram

from corpora.recipe import Recipe


class ChunkedMel:
    """Power mel spectrogram, without logarithm, cut into consecutive chunks (Dai et al. 2021).

    m = M |STFT(x)|^2, centred frames, Hann window, `mel_window` = FFT size; a wave of n samples has
    floor(n / mel_hop) + 1 frames and the last chunk is padded with zeros at its end.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._chunk_frames = recipe.chunk_frames
        with warnings.catch_warnings():
            # With 201 frequency bins the lowest of 128 mel filters are empty, as in the source.
            warnings.filterwarnings("ignore", message="At least one mel filterbank has all zero")
            self._mel = MelSpectrogram(
                sample_rate=recipe.sample_rate_hz,
                n_fft=recipe.mel_window,
                hop_length=recipe.mel_hop,
                n_mels=recipe.num_mels,
                power=2.0,
            )

    def __call__(self, wave: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn a wave into chunks.

        Shapes:
            wave: (samples,) -> (N, num_mels, chunk_frames), power
        """
        mel = self._mel(torch.from_numpy(self._long_enough(wave)))  # (num_mels, frames)
        num_chunks = -(-mel.shape[1] // self._chunk_frames)
        padding = num_chunks * self._chunk_frames - mel.shape[1]
        mel = torch.nn.functional.pad(mel, (0, padding))
        chunks = mel.reshape(mel.shape[0], num_chunks, self._chunk_frames)
        return chunks.transpose(0, 1).contiguous().numpy()  # (N, num_mels, chunk_frames)

    def _long_enough(self, wave: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pad with silence up to what a centred frame needs on both sides."""
        shortest = self._mel.n_fft // 2 + 1
        return np.pad(wave, (0, max(0, shortest - len(wave))))
