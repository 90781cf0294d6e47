"""The pitch of a voice, by autocorrelation."""

import math

import torch
from torch import Tensor

VOICED = 0.45
"""A frame whose best correlation exceeds this is voiced (Boersma 1993)."""

_OCTAVE_COST = 0.01
_PERIODS = 3
_LAGS_PER_SAMPLE = 4
"""Lags are finer than a sample: whole samples would miss the peak of a high voice."""

_BLOCK = 1024
"""Frames that are computed at once; it limits the memory."""


def track_pitch(wave: Tensor, *, rate_hz: int, hop: int, min_hz: float, max_hz: float) -> Tensor:
    """Find the pitch in centred frames, each as long as three of the longest periods.

    r(tau) = r_x(tau) / r_w(tau), x the frame times a Hann window w    (Boersma 1993, eq. 9)

    The lag of the highest r, minus a cost for long lags, is the period. Departure: the paper joins
    the frames by dynamic programming; here each is judged alone.

    Args:
        wave: The sound.
        rate_hz: Its sampling rate.
        hop: Samples from one frame to the next.
        min_hz: Lowest pitch.
        max_hz: Highest pitch.

    Shapes:
        wave: (samples,) -> (floor(samples / hop) + 1,) pitch in Hz, 0 where unvoiced
    """
    size = math.ceil(_PERIODS * rate_hz / min_hz)
    padded = torch.nn.functional.pad(wave, (size // 2, size - size // 2))
    frames = padded.unfold(0, size, hop)[: len(wave) // hop + 1]  # (T, size)
    window = torch.hann_window(size, periodic=False)
    first, last = (
        math.ceil(_LAGS_PER_SAMPLE * rate_hz / max_hz),
        math.floor(_LAGS_PER_SAMPLE * rate_hz / min_hz),
    )
    lags = torch.arange(first, last + 1) / _LAGS_PER_SAMPLE  # in samples
    cost = _OCTAVE_COST * torch.log2(lags * min_hz / rate_hz)
    shape = _autocorrelation(window[None], first, last)
    pitches = []
    for block in frames.split(_BLOCK):
        block = (block - block.mean(dim=1, keepdim=True)) * window
        strength = _autocorrelation(block, first, last) / shape  # (T, lags)
        best = (strength - cost).argmax(dim=1, keepdim=True)
        voiced = strength.gather(1, best) > VOICED
        pitches.append(torch.where(voiced, rate_hz / lags[best], 0.0)[:, 0])
    return torch.cat(pitches)


def _autocorrelation(frames: Tensor, first: int, last: int) -> Tensor:
    """Correlate each row with itself, 1 at lag 0; a silent row gives 0.

    Shapes:
        frames: (T, size) -> (T, last - first + 1), by lag in fractions of a sample
    """
    size = 2 * frames.shape[1]
    power = torch.fft.rfft(frames, size).abs().square()
    correlation = torch.fft.irfft(power, _LAGS_PER_SAMPLE * size)
    return correlation[:, first : last + 1] / correlation[:, :1].clamp_min(1e-12)
