"""Voices, noise, and the recipe that they are analysed by."""

import numpy as np

from corpora.recipes.handcrafted import HandcraftedRecipe

RECIPE = HandcraftedRecipe(words="random")
RATE_HZ = RECIPE.sample_rate_hz


def voice(pitch_hz: float, *, seconds: float = 1.0, loudness: float = 0.1) -> np.ndarray:
    """Make eight harmonics."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    waves = [np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 9)]
    return (loudness * np.sum(waves, axis=0)).astype(np.float32)


def noise(seconds: float = 1.0) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE_HZ)).astype(np.float32)
