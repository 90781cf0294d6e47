import numpy as np
import pytest

from corpora.recipe import LE
from corpora.spectrogram import ChunkedMel


@pytest.mark.parametrize(
    ("num_samples", "num_chunks"), [(1, 1), (6_399, 1), (6_400, 2), (16_000, 3), (160_000, 26)]
)
def test_number_of_chunks(num_samples: int, num_chunks: int) -> None:
    wave = np.zeros(num_samples, dtype=np.float32)
    assert ChunkedMel(LE)(wave).shape == (num_chunks, LE.num_mels, LE.chunk_frames)


def test_tone_stands_in_its_band_and_the_padding_is_zero() -> None:
    time_s = np.arange(16_000, dtype=np.float32) / LE.sample_rate_hz
    mel = ChunkedMel(LE)(np.sin(2 * np.pi * 1_000 * time_s))
    band = mel[0, :, 16].argmax()
    centre_hz = 700 * (10 ** (2595 * np.log10(1 + 8_000 / 700) * (band + 1) / 129 / 2595) - 1)
    assert centre_hz == pytest.approx(1_000, abs=40)
    assert not mel[2, :, 81 - 64 :].any()  # 81 frames are 2 chunks and 17 frames


def test_power_is_quadratic_in_amplitude() -> None:
    wave = np.random.default_rng(0).normal(size=8_000).astype(np.float32)
    mel = ChunkedMel(LE)
    np.testing.assert_allclose(mel(2 * wave), 4 * mel(wave), rtol=1e-5)
