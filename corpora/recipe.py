"""Recipes: named settings by which media become model inputs."""

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt


class Recipe(BaseModel):
    """Settings of `prepare`; two corpora prepared by different recipes never share a fingerprint.

    A chunk lasts `chunk_frames * mel_hop / sample_rate_hz` seconds. `face_mean` and `face_std` are
    per RGB channel on the 0-255 scale; they are applied when a batch is made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    frame_interval_s: PositiveFloat
    face_px: PositiveInt
    face_margin_px: int
    face_mean: tuple[float, float, float]
    face_std: tuple[float, float, float]
    sample_rate_hz: PositiveInt
    mel_window: PositiveInt
    mel_hop: PositiveInt
    num_mels: PositiveInt
    chunk_frames: PositiveInt


LE = Recipe(
    name="le",
    frame_interval_s=1.0,
    face_px=64,
    face_margin_px=2,
    face_mean=(159.0, 111.0, 102.0),
    face_std=(37.0, 33.0, 32.0),
    sample_rate_hz=16_000,
    mel_window=400,
    mel_hop=200,
    num_mels=128,
    chunk_frames=32,
)
"""Le et al.: a 64 px face every second, power mel spectrograms in chunks of 400 ms.

The paper states the interval, the size and the chunk length; margin, normalisation and the other
spectrogram settings are those of the code base it builds on (Dai et al., NAACL 2021).
"""

RECIPES: dict[str, Recipe] = {LE.name: LE}
