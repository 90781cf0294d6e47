import numpy as np
import pytest
import torch

from corpora.features.sound import SpectralSound, average_steps
from tests.corpora.voice_factory import RATE_HZ, RECIPE, noise, voice


def test_sound_has_a_row_each_step_and_the_stated_columns() -> None:
    sound = SpectralSound(RECIPE)
    features = sound(voice(220.0, seconds=1.0))
    assert features.shape == (11, sound.width) == (11, 3 * 13 + 3)
    assert features.dtype == np.float32
    assert 27.5 * 2 ** features[5, -2] == pytest.approx(220, rel=0.005)
    assert features[5, -1] == 1


def test_sound_energy_is_the_log_of_the_mean_power() -> None:
    sound = SpectralSound(RECIPE)
    loud, soft = sound(noise()), sound(np.float32(0.1) * noise())
    assert loud[5, -3] == pytest.approx(np.log(0.01), abs=0.2)
    np.testing.assert_allclose(loud[:, -3] - soft[:, -3], np.log(100), atol=1e-3)


def test_sound_differences_are_zero_where_nothing_changes() -> None:
    features = SpectralSound(RECIPE)(voice(200.0))
    assert np.abs(features[3:-3, 13:39]).max() < 1e-3 < np.abs(features[5, :13]).max()


def test_pitch_of_a_step_is_that_of_its_voiced_frames() -> None:
    wave = np.concatenate([voice(220.0, seconds=0.55), np.zeros(RATE_HZ // 2, np.float32)])
    features = SpectralSound(RECIPE)(wave)
    half = features[5]
    assert 0.3 < half[-1] < 0.9
    assert 27.5 * 2 ** half[-2] == pytest.approx(220, rel=0.02)
    assert features[8, -2:].tolist() == [0, 0]


@pytest.mark.parametrize("num_samples", [1, 2, 159, 160, 400, 1_599, 1_600])
def test_sound_of_any_length_is_finite(num_samples: int) -> None:
    for wave in (noise()[:num_samples], np.zeros(num_samples, np.float32)):
        features = SpectralSound(RECIPE)(wave)
        assert features.shape == (num_samples // 1_600 + 1, 42)
        assert np.isfinite(features).all()


def test_last_step_averages_what_is_left() -> None:
    rows = torch.tensor([[0.0], [2.0], [4.0], [6.0], [9.0]])
    assert average_steps(rows, 2).tolist() == [[1], [5], [9]]
