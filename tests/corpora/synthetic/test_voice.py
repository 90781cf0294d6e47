from itertools import combinations

import numpy as np
import pytest

from corpora.synthetic.voice import (
    CHUNK_SAMPLES,
    RATE_HZ,
    SOUNDS,
    draw_sound,
    draw_voice,
    mouth_openings,
)


def band_shares(wave: np.ndarray) -> np.ndarray:
    """Return the shares of the power in 32 bands of 250 Hz."""
    power = np.abs(np.fft.rfft(wave))[1:] ** 2
    bands = power[: len(power) // 32 * 32].reshape(32, -1).sum(1)
    return bands / bands.sum()


def test_voice_has_the_asked_length_and_range() -> None:
    wave = draw_voice(120, [None] * 4, 26_000, np.random.default_rng(0))
    assert wave.shape == (26_000,)
    assert wave.dtype == np.float32
    assert np.abs(wave).max() <= 1


def test_voice_is_deterministic() -> None:
    first, second = (
        draw_voice(120, [SOUNDS["fear"]], 8_000, np.random.default_rng(3)) for _ in range(2)
    )
    assert np.array_equal(first, second)


@pytest.mark.parametrize(("one", "other"), list(combinations(SOUNDS, 2)))
def test_sounds_lie_in_different_bands(one: str, other: str) -> None:
    generator = np.random.default_rng(0)
    a, b = (band_shares(draw_sound(SOUNDS[name], generator)) for name in (one, other))
    assert np.abs(a - b).sum() / 2 > 0.5


@pytest.mark.parametrize("emotion", SOUNDS)
def test_sound_is_louder_than_speech_and_stays_in_its_chunk(emotion: str) -> None:
    chunks = [None, SOUNDS[emotion], None]
    sounding = draw_voice(200, chunks, 3 * CHUNK_SAMPLES, np.random.default_rng(0))
    before, within, after = (sounding**2).reshape(3, CHUNK_SAMPLES).mean(1)
    assert within > 4 * max(before, after)


def test_mouth_follows_the_voice() -> None:
    wave = np.concatenate([np.zeros(RATE_HZ // 8), np.full(RATE_HZ // 8, 0.12), np.zeros(100)])
    assert mouth_openings(wave, 8) == pytest.approx([0, 1])
