"""Synthesise a voice whose sounds show plainly in the mel spectrogram of single 400 ms chunks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RATE_HZ = 16_000
CHUNK_SAMPLES = 6_400  # the 400 ms that `prepare` cuts
SYLLABLE_HZ = 4.5
EDGE_SAMPLES = 320
SPEECH_FORMANTS_HZ = (500, 1_500, 2_500)


@dataclass(frozen=True)
class Sound:
    """A sound that fills a chunk: a gliding tone with overtones, and noise.

    Tone: sum over k <= num_harmonics of sin(k phase) / k, whose frequency moves from `start_hz` to
    `end_hz` and swings by `wobble` (a share of it) `wobble_hz` times a second.
    """

    start_hz: float = 0.0
    end_hz: float = 0.0
    num_harmonics: int = 1
    wobble: float = 0.0
    wobble_hz: float = 0.0
    noise: float = 0.0
    beat_hz: float = 0.0  # on and off so many times a second
    gain: float = 0.30


SOUNDS: dict[str, Sound] = {
    "anger": Sound(start_hz=95, end_hz=75, num_harmonics=5, beat_hz=28, gain=0.40),  # growl
    "disgust": Sound(noise=1.0, beat_hz=11, gain=0.35),  # retching
    "fear": Sound(start_hz=1_050, end_hz=1_050, wobble=0.2, wobble_hz=8),  # trembling cry
    "happy": Sound(start_hz=1_600, end_hz=1_600, num_harmonics=2, beat_hz=6),  # laughter
    "sad": Sound(start_hz=750, end_hz=250),  # sigh that falls
    "surprise": Sound(start_hz=2_500, end_hz=6_000),  # gasp that rises
}


def draw_voice(
    pitch_hz: float,
    chunks: Sequence[Sound | None],
    num_samples: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Synthesise speech in which some chunks hold a sound instead.

    Args:
        pitch_hz: The speaker's mean pitch.
        chunks: The sound of each chunk of 400 ms from the start; None, and all after, is speech.
        num_samples: Length, at 16 kHz.
        generator: Decides syllables, pitch contour and noise.

    Returns:
        (num_samples,) float32 in [-1, 1].
    """
    wave = 0.15 * speech(pitch_hz, num_samples, generator)
    for index, sound in enumerate(chunks):
        if sound is not None:
            start = index * CHUNK_SAMPLES
            wave[start : start + CHUNK_SAMPLES] *= 0.2
            wave[start : start + CHUNK_SAMPLES] += draw_sound(sound, generator)
    wave += generator.normal(0, 0.001, num_samples)
    return np.clip(wave, -1, 1).astype(np.float32)


def speech(pitch_hz: float, num_samples: int, generator: np.random.Generator) -> np.ndarray:
    """Synthesise syllables of a voiced sound, with three formants that move."""
    time = np.arange(num_samples) / RATE_HZ
    drift = np.sin(2 * np.pi * (generator.uniform(0.3, 0.8) * time + generator.uniform()))
    pitch = pitch_hz * (1 + 0.08 * drift)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    formants = np.array(SPEECH_FORMANTS_HZ) * generator.uniform(0.85, 1.15, 3)
    wave = np.zeros(num_samples)
    for harmonic in range(1, int(3_500 / pitch_hz)):
        distance = (harmonic * pitch_hz - formants) / 220
        wave += (np.exp(-(distance**2)) / (1, 2, 4)).sum() * np.sin(harmonic * phase)
    syllables = np.sin(np.pi * (SYLLABLE_HZ * time + generator.uniform())) ** 2
    return wave * syllables / max(1e-9, np.abs(wave).max())


def draw_sound(sound: Sound, generator: np.random.Generator) -> np.ndarray:
    """Synthesise the (CHUNK_SAMPLES,) samples of a sound."""
    time = np.arange(CHUNK_SAMPLES) / RATE_HZ
    glide = sound.start_hz + (sound.end_hz - sound.start_hz) * time / time[-1]
    glide *= generator.uniform(0.95, 1.05)
    swing = np.sin(2 * np.pi * (sound.wobble_hz * time + generator.uniform()))
    phase = 2 * np.pi * np.cumsum(glide * (1 + sound.wobble * swing)) / RATE_HZ
    wave = sum(np.sin(k * phase) / k for k in range(1, sound.num_harmonics + 1))
    wave = wave + sound.noise * generator.normal(0, 0.5, CHUNK_SAMPLES)
    beat = np.cos(2 * np.pi * (sound.beat_hz * time + generator.uniform())) > 0
    edge = np.clip(np.arange(CHUNK_SAMPLES) / EDGE_SAMPLES, 0, 1)
    return sound.gain * wave * np.where(beat | (sound.beat_hz == 0), 1.0, 0.05) * edge * edge[::-1]


def mouth_openings(wave: np.ndarray, rate_fps: int) -> list[float]:
    """Measure how far a voice opens the mouth in each video frame, in [0, 1]."""
    step = RATE_HZ // rate_fps
    loudness = np.sqrt((wave[: len(wave) // step * step].reshape(-1, step) ** 2).mean(1))
    return np.clip(loudness / 0.12, 0, 1).tolist()
