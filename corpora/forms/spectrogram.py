"""Sound in chunks: mel spectrograms, or the wave itself."""

import warnings
from typing import assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.transforms import MelSpectrogram, Spectrogram

from corpora.recipes.pictures import PowerMel, VggishLogMel, Wave


class Spectrogrammer:
    """Turns waves into chunks of a mel spectrogram, or of the wave itself."""

    def __init__(self, settings: PowerMel | VggishLogMel | Wave) -> None:
        match settings:
            case PowerMel():
                self._front_end: _PowerMel | _VggishLogMel | _Wave = _PowerMel(settings)
            case VggishLogMel():
                self._front_end = _VggishLogMel(settings)
            case Wave():
                self._front_end = _Wave(settings)
            case _:
                assert_never(settings)

    def __call__(self, wave: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn a wave into chunks.

        Shapes:
            wave: (samples,) -> (N, num_mels, chunk_frames) of a power mel spectrogram, or
                (N, chunk_frames, num_mels) of VGGish's, or (N, 1, chunk_samples) of the wave
        """
        return self._front_end.chunks(torch.from_numpy(wave)).contiguous().numpy()


class _PowerMel:
    """Power mel spectrogram, without logarithm, cut into consecutive chunks (Dai et al. 2021).

    m = M |STFT(x)|^2, centred frames, Hann window = FFT size; a wave of n samples has
    floor(n / hop) + 1 frames and the last chunk is padded with zeros at its end.
    """

    def __init__(self, settings: PowerMel) -> None:
        self._chunk_frames = settings.chunk_frames
        with warnings.catch_warnings():
            # With 201 frequency bins the lowest of 128 mel filters are empty, as in the source.
            warnings.filterwarnings("ignore", message="At least one mel filterbank has all zero")
            self._mel = MelSpectrogram(
                sample_rate=settings.sample_rate_hz,
                n_fft=settings.window,
                hop_length=settings.hop,
                n_mels=settings.num_mels,
                power=2.0,
            )

    def chunks(self, wave: Tensor) -> Tensor:
        shortest = self._mel.n_fft // 2 + 1  # what a centred frame needs on both sides
        wave = torch.nn.functional.pad(wave, (0, max(0, shortest - len(wave))))
        mel = self._mel(wave)  # (num_mels, frames)
        num_chunks = -(-mel.shape[1] // self._chunk_frames)
        mel = torch.nn.functional.pad(mel, (0, num_chunks * self._chunk_frames - mel.shape[1]))
        chunks = mel.reshape(mel.shape[0], num_chunks, self._chunk_frames)
        return chunks.transpose(0, 1)  # (N, num_mels, chunk_frames)


class _VggishLogMel:
    """Log-mel spectrogram of VGGish (Hershey et al. 2017), cut into consecutive chunks.

    m = log(0.01 + F |STFT(x)|), frames from the first sample on, periodic Hann window, filters that
    are triangles on the mel scale m(f) = 1127 ln(1 + f / 700).

    Departure: an incomplete last chunk is kept, padded with silence; the source drops it.
    """

    def __init__(self, settings: VggishLogMel) -> None:
        self._settings = settings
        self._magnitude = Spectrogram(
            n_fft=settings.fft_size,
            win_length=settings.window,
            hop_length=settings.hop,
            power=1.0,
            center=False,
        )
        self._filters = torch.from_numpy(_vggish_filters(settings)).float()  # (bins, num_mels)

    def chunks(self, wave: Tensor) -> Tensor:
        settings = self._settings
        chunk_samples = settings.chunk_frames * settings.hop
        num_chunks = max(1, -(-len(wave) // chunk_samples))
        beside_window = settings.fft_size - settings.window  # window in the middle
        left = beside_window // 2
        total = (num_chunks * settings.chunk_frames - 1) * settings.hop + settings.fft_size
        wave = wave[: total - left]
        wave = torch.nn.functional.pad(wave, (left, total - left - len(wave)))
        magnitude = self._magnitude(wave)  # (bins, frames)
        mel = torch.log(magnitude.T @ self._filters + settings.log_offset)  # (frames, num_mels)
        return mel.reshape(num_chunks, settings.chunk_frames, settings.num_mels)


class _Wave:
    """The wave, cut into consecutive chunks; the last is padded with silence."""

    def __init__(self, settings: Wave) -> None:
        self._samples = settings.chunk_samples

    def chunks(self, wave: Tensor) -> Tensor:
        num_chunks = max(1, -(-len(wave) // self._samples))
        wave = torch.nn.functional.pad(wave, (0, num_chunks * self._samples - len(wave)))
        return wave.reshape(num_chunks, 1, self._samples)


def _vggish_filters(settings: VggishLogMel) -> NDArray[np.float64]:
    def mel(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return 1127.0 * np.log1p(np.asarray(hz) / 700.0)

    num_bins = settings.fft_size // 2 + 1
    bins = mel(np.linspace(0.0, settings.sample_rate_hz / 2, num_bins))[:, None]
    edges = np.linspace(mel(settings.lowest_hz), mel(settings.highest_hz), settings.num_mels + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    filters = np.maximum(
        0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    )
    filters[0] = 0  # the mean of the signal is not sound
    return filters
