"""Hand-crafted features of sound by torchaudio: MFCC, energy and pitch."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.functional import compute_deltas
from torchaudio.transforms import MFCC

from corpora.features.pitch import track_pitch
from corpora.recipes.handcrafted import HandcraftedRecipe

_SILENCE = 1e-10
_LOWEST_NOTE_HZ = 27.5


class SpectralSound:
    """MFCC with first and second differences, log energy, pitch, voicing; averaged over steps.

    The columns are num_mfcc cepstral coefficients of natural-log mel power, their first and their
    second differences, the natural log of the mean power, the pitch in octaves above 27.5 Hz (mean
    over the step's voiced frames, 0 where there are none), and the share of voiced frames.
    """

    def __init__(self, recipe: HandcraftedRecipe) -> None:
        self.width = 3 * recipe.num_mfcc + 3
        self._recipe = recipe
        self._hop = round(recipe.hop_s * recipe.sample_rate_hz)
        self._window = round(recipe.window_s * recipe.sample_rate_hz)
        self._mfcc = MFCC(
            sample_rate=recipe.sample_rate_hz,
            n_mfcc=recipe.num_mfcc,
            log_mels=True,
            melkwargs={
                "n_fft": 2 ** math.ceil(math.log2(self._window)),
                "win_length": self._window,
                "hop_length": self._hop,
                "n_mels": recipe.num_mels,
                "pad_mode": "constant",
            },
        )

    def __call__(self, wave: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn a wave into features.

        Shapes:
            wave: (samples,), at least one -> (T, width), T = ceil(frames / frames_per_step),
            frames = floor(samples / hop) + 1
        """
        sound = torch.from_numpy(np.array(wave, dtype=np.float32))
        cepstrum = self._mfcc(sound)  # (num_mfcc, frames)
        slope = compute_deltas(cepstrum)
        pitch_hz = track_pitch(
            sound,
            rate_hz=self._recipe.sample_rate_hz,
            hop=self._hop,
            min_hz=self._recipe.min_pitch_hz,
            max_hz=self._recipe.max_pitch_hz,
        )
        rows = torch.cat([cepstrum, slope, compute_deltas(slope), self._log_energy(sound)]).T
        voiced = pitch_hz > 0
        octaves = torch.where(voiced, torch.log2(pitch_hz / _LOWEST_NOTE_HZ), 0.0)
        means = average_steps(
            torch.cat([rows, octaves[:, None], voiced[:, None]], dim=1),
            self._recipe.frames_per_step,
        )
        means[:, -2] /= means[:, -1].clamp_min(1 / len(rows))  # over the voiced frames only
        return means.numpy()

    def _log_energy(self, sound: Tensor) -> Tensor:
        """Natural log of a centred frame's mean power: (samples,) -> (1, frames)."""
        padded = torch.nn.functional.pad(sound, (self._window // 2, self._window))
        power = padded.unfold(0, self._window, self._hop).square().mean(dim=1)
        return torch.log(power + _SILENCE)[None, : len(sound) // self._hop + 1]


def average_steps(rows: Tensor, rows_per_step: int) -> Tensor:
    """Average consecutive rows; the last step averages those that are left.

    Shapes:
        rows: (T, D), T at least 1 -> (ceil(T / rows_per_step), D)
    """
    return torch.stack([step.mean(dim=0) for step in rows.split(rows_per_step)])
