import numpy as np
import pytest

from corpora.forms.spectrogram import Spectrogrammer
from corpora.recipes.pictures import LE, LE_WAVE, XIA

POWER = Spectrogrammer(LE.spectrogram)
LOG = Spectrogrammer(XIA.spectrogram)


@pytest.mark.parametrize(
    ("num_samples", "num_chunks"), [(1, 1), (6_399, 1), (6_400, 2), (16_000, 3), (160_000, 26)]
)
def test_number_of_chunks(num_samples: int, num_chunks: int) -> None:
    wave = np.zeros(num_samples, dtype=np.float32)
    assert POWER(wave).shape == (num_chunks, *LE.spectrogram.chunk_shape)


@pytest.mark.parametrize(
    ("num_samples", "num_chunks"), [(1, 1), (6_400, 1), (6_401, 2), (16_000, 3)]
)
def test_chunks_of_a_wave_are_the_wave_and_silence(num_samples: int, num_chunks: int) -> None:
    wave = np.random.default_rng(0).normal(size=num_samples).astype(np.float32)
    chunks = Spectrogrammer(LE_WAVE.spectrogram)(wave)
    assert chunks.shape == (num_chunks, *LE_WAVE.spectrogram.chunk_shape)
    np.testing.assert_array_equal(chunks.reshape(-1)[:num_samples], wave)
    assert not chunks.reshape(-1)[num_samples:].any()


def test_tone_stands_in_its_band_and_the_padding_is_zero() -> None:
    time_s = np.arange(16_000, dtype=np.float32) / LE.spectrogram.sample_rate_hz
    mel = POWER(np.sin(2 * np.pi * 1_000 * time_s))
    band = mel[0, :, 16].argmax()
    centre_hz = 700 * (10 ** (2595 * np.log10(1 + 8_000 / 700) * (band + 1) / 129 / 2595) - 1)
    assert centre_hz == pytest.approx(1_000, abs=40)
    assert not mel[2, :, 81 - 64 :].any()  # 81 frames are 2 chunks and 17 frames


def test_power_is_quadratic_in_amplitude() -> None:
    wave = np.random.default_rng(0).normal(size=8_000).astype(np.float32)
    np.testing.assert_allclose(POWER(2 * wave), 4 * POWER(wave), rtol=1e-5)


@pytest.mark.parametrize(
    ("num_samples", "num_chunks"), [(1, 1), (15_360, 1), (15_361, 2), (16_000, 2), (160_000, 11)]
)
def test_number_of_vggish_chunks(num_samples: int, num_chunks: int) -> None:
    assert LOG(np.zeros(num_samples, np.float32)).shape == (num_chunks, 96, 64)


def to_mel(hz: np.ndarray | float) -> np.ndarray:
    return 1127 * np.log(1 + np.asarray(hz) / 700)


def test_vggish_equals_its_front_end_sample_by_sample() -> None:
    wave = np.random.default_rng(0).normal(scale=0.1, size=16_000).astype(np.float32)
    mel = LOG(wave)
    frame = 17  # 25 ms from sample 17 x 160 on, by the published formulas
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    magnitude = np.abs(np.fft.rfft(wave[17 * 160 : 17 * 160 + 400] * window, 512))
    edges = np.linspace(to_mel(125), to_mel(7_500), 66)
    bins = to_mel(np.arange(257) * 8_000 / 256)
    band = 20
    low, centre, high = edges[band : band + 3]
    weights = np.clip(
        np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)), 0, 1
    )
    assert mel[0, frame, band] == pytest.approx(np.log(0.01 + magnitude @ weights), abs=1e-4)


def test_vggish_padding_is_the_logarithm_of_its_offset() -> None:
    mel = LOG(np.ones(16_000, np.float32))
    assert mel[1, 10:] == pytest.approx(np.full((86, 64), np.log(0.01)))
