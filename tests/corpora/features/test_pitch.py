import numpy as np
import pytest
import torch

from corpora.features.pitch import track_pitch
from tests.corpora.voice_factory import RATE_HZ, noise, voice


def pitch_of(wave: np.ndarray) -> torch.Tensor:
    return track_pitch(torch.from_numpy(wave), rate_hz=RATE_HZ, hop=160, min_hz=75, max_hz=500)


@pytest.mark.parametrize("pitch_hz", [80.0, 113.0, 220.0, 347.0, 480.0])
def test_pitch_of_a_voice_is_found_within_half_a_percent(pitch_hz: float) -> None:
    found = pitch_of(voice(pitch_hz))[5:-5]
    np.testing.assert_allclose(found, pitch_hz, rtol=0.005)


def test_pitch_is_found_without_the_fundamental() -> None:
    harmonics = voice(200.0) - 0.1 * np.sin(2 * np.pi * 200 * np.arange(RATE_HZ) / RATE_HZ)
    assert pitch_of(harmonics.astype(np.float32))[50] == pytest.approx(200, rel=0.005)


def test_pitch_does_not_depend_on_how_many_frames_there_are() -> None:
    long = pitch_of(np.concatenate([voice(150.0, seconds=6.0), voice(300.0, seconds=6.0)]))
    assert len(long) == 1201  # more than are done at once
    assert long[300] == pytest.approx(150, rel=0.005)
    assert long[1100] == pytest.approx(300, rel=0.005)


@pytest.mark.parametrize("wave", [noise(), np.zeros(RATE_HZ, np.float32), np.zeros(1, np.float32)])
def test_noise_and_silence_have_no_pitch(wave: np.ndarray) -> None:
    pitch = pitch_of(wave)
    assert len(pitch) == len(wave) // 160 + 1
    assert not pitch.any()
