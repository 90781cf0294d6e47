"""Hand-crafted features: what they are, and the recipe by which ours are made.

Systems before end-to-end training read these (LF-LSTM, MulT, ...). Published ones are read by
`corpora.features.published`; other corpora get ours, by `corpora.features.form`.
"""

import operator
from dataclasses import dataclass, fields
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from corpora.recipes.encoder_states import EncoderStates, Sha256
from corpora.recipes.pictures import FaceChoice, is_largest
from corpora.source.utterance import Modality

HANDCRAFTED = "handcrafted"
"""The usual name of a recipe of hand-crafted features, or of states that stand for them."""

MODALITIES: tuple[Modality, ...] = get_args(Modality)


@dataclass(frozen=True)
class Handcrafted:
    """The features of one utterance; every T is at least 1, and all values are finite.

    Shapes:
        text: (T_t, D_t), one row for each word, or for each token
        audio: (T_a, D_a)
        vision: (T_v, D_v)
    """

    text: NDArray[np.float32]
    audio: NDArray[np.float32]
    vision: NDArray[np.float32]

    def __post_init__(self) -> None:
        for field in fields(self):
            array: NDArray[np.float32] = getattr(self, field.name)
            if array.ndim != 2 or len(array) == 0 or array.dtype != np.float32:
                raise ValueError(
                    f"features of {field.name} have shape {array.shape} and dtype {array.dtype}; "
                    "they must be (T, D) with T at least 1, and float32"
                )


class HandcraftedRecipe(BaseModel):
    """Settings of our hand-crafted features; nothing is standardised.

    The papers take theirs from tools that are not free (OpenFace, COVAREP, DisVoice) and state no
    settings. Departure: ours come from what is installed anyway, in the usual windows of 25 ms
    every 10 ms, and with one face every 0.5 s (Dai et al. 2021).

    Attributes:
        name: Names the recipe.
        sample_rate_hz: Sound is resampled to this.
        window_s: Length of the frames that sound is analysed in.
        hop_s: From one such frame to the next.
        step_s: Frames are averaged over this; one row of the sound's features.
        num_mels: Mel filters below the MFCC.
        num_mfcc: Coefficients, with the first one; their first and second differences are added.
        min_pitch_hz: Lowest pitch that can be found.
        max_pitch_hz: Highest pitch that can be found.
        frame_interval_s: From one picture to the next; one row of the face's features.
        least_face_probability: A face that the detector thinks less likely than this is none; then
            the largest counts. At 0, which takes every face, it is left out of a manifest. Without
            effect on "action_units", which has a detector of its own.
        face_choice: Which of several faces counts. "largest" is left out of a manifest. Without
            effect on "action_units", too: it takes the largest.
        sound: "torchaudio" (`handcrafted_sound`) or "egemaps" (`egemaps`; non-commercial licence).
        face: "landmarks" (`handcrafted_face`) or "action_units" (`action_units`; py-feat).
        words: "glove", "encoder" or "random" (`word_vectors`); None if text has an encoder. There
            is no default: nobody should choose "random" by accident.
        random_width: Length of random word vectors.
        word_vectors_sha256: Digest of the only vectors that are accepted; None accepts any.
        encoders: By modality, the encoder whose frozen states stand for its features. Without any,
            it is left out of a manifest: so no fingerprint of an older corpus changes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: Literal["handcrafted"] = "handcrafted"
    name: str = HANDCRAFTED
    sample_rate_hz: PositiveInt = 16_000
    window_s: PositiveFloat = 0.025
    hop_s: PositiveFloat = 0.01
    step_s: PositiveFloat = 0.1
    num_mels: PositiveInt = 40
    num_mfcc: PositiveInt = 13
    min_pitch_hz: PositiveFloat = 75.0
    max_pitch_hz: PositiveFloat = 500.0
    frame_interval_s: PositiveFloat = 0.5
    least_face_probability: float = Field(default=0.0, ge=0, le=1, exclude_if=operator.not_)
    face_choice: FaceChoice = Field(default="largest", exclude_if=is_largest)
    sound: Literal["torchaudio", "egemaps"] = "torchaudio"
    face: Literal["landmarks", "action_units"] = "landmarks"
    words: Literal["glove", "encoder", "random"] | None
    random_width: PositiveInt = 300
    word_vectors_sha256: Sha256 | None = None
    encoders: dict[Modality, EncoderStates] = Field(default={}, exclude_if=operator.not_)

    @property
    def frames_per_step(self) -> int:
        """Frames of sound that one row averages."""
        return round(self.step_s / self.hop_s)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.hop_s <= self.window_s:
            raise ValueError(f"hop_s {self.hop_s:g} must not exceed window_s {self.window_s:g}")
        if self.frames_per_step < 1 or not np.isclose(
            self.frames_per_step * self.hop_s, self.step_s
        ):
            raise ValueError(f"step_s {self.step_s:g} must be a multiple of hop_s {self.hop_s:g}")
        if self.num_mfcc > self.num_mels:
            raise ValueError(f"num_mfcc {self.num_mfcc} must not exceed num_mels {self.num_mels}")
        if not self.min_pitch_hz < self.max_pitch_hz < self.sample_rate_hz / 2:
            raise ValueError(
                f"min_pitch_hz {self.min_pitch_hz:g} must lie below max_pitch_hz "
                f"{self.max_pitch_hz:g}, and that below half of sample_rate_hz "
                f"{self.sample_rate_hz}"
            )
        if (self.words is None) != ("text" in self.encoders):
            raise ValueError(
                f"words is {self.words!r}, and text has "
                f"{'an' if 'text' in self.encoders else 'no'} encoder; choose one of the two"
            )
        if self.words in ("random", None) and self.word_vectors_sha256 is not None:
            raise ValueError(
                f"word_vectors_sha256 names vectors, but words {self.words!r} has none"
            )
        return self


class PublishedFeatures(BaseModel):
    """Features that somebody else has published, taken as they are (`dai_features`).

    Attributes:
        name: Names the recipe; systems that read hand-crafted features read these as well as ours.
        sha256: Digest of the files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: Literal["published_features"] = "published_features"
    name: str = HANDCRAFTED
    sha256: Sha256
