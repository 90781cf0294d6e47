"""Recipes: named settings by which media become model inputs."""

import operator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt

FaceChoice = Literal["largest", "central", "tracked"]
"""Which of several faces counts: the largest one, the one nearest to the middle of the frame, or
the one that goes on from frame to frame, at first the largest."""


def is_largest(choice: FaceChoice) -> bool:
    """Tell whether the largest face counts, which is left out of a manifest."""
    return choice == "largest"


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PowerMel(_Settings):
    """Power mel spectrogram without logarithm, in consecutive chunks; the last is zero-padded.

    FFT size is the window; a chunk lasts `chunk_frames * hop / sample_rate_hz` seconds.
    """

    kind: Literal["power_mel"] = "power_mel"
    sample_rate_hz: PositiveInt = 16_000
    window: PositiveInt = 400
    hop: PositiveInt = 200
    num_mels: PositiveInt = 128
    chunk_frames: PositiveInt = 32

    @property
    def chunk_shape(self) -> tuple[int, int]:
        """Height and width of a chunk as a picture."""
        return self.num_mels, self.chunk_frames


class VggishLogMel(_Settings):
    """Log-mel spectrogram of VGGish's front end (Hershey et al. 2017), in consecutive chunks.

    The last chunk is padded with silence, log `log_offset`.
    """

    kind: Literal["vggish_log_mel"] = "vggish_log_mel"
    sample_rate_hz: PositiveInt = 16_000
    window: PositiveInt = 400
    hop: PositiveInt = 160
    fft_size: PositiveInt = 512
    num_mels: PositiveInt = 64
    lowest_hz: PositiveFloat = 125.0
    highest_hz: PositiveFloat = 7_500.0
    log_offset: PositiveFloat = 0.01
    chunk_frames: PositiveInt = 96

    @property
    def chunk_shape(self) -> tuple[int, int]:
        """Height and width of a chunk as a picture."""
        return self.chunk_frames, self.num_mels


class Wave(_Settings):
    """The wave itself, in consecutive chunks, for encoders that read it; the last is zero-padded.

    A chunk lasts as long as one of `PowerMel`.
    """

    kind: Literal["wave"] = "wave"
    sample_rate_hz: PositiveInt = 16_000
    chunk_samples: PositiveInt = 6_400

    @property
    def chunk_shape(self) -> tuple[int, int]:
        """Height and width of a chunk as a picture of one line."""
        return 1, self.chunk_samples


class Compat(_Settings):
    """Mistakes of the code base that both papers build on (Dai et al. 2021), for exact comparison.

    Mistakes that were added later are left out of a manifest unless they are repeated: so no
    fingerprint of an older corpus changes.

    Attributes:
        dai_crop: Where no face is found, the patch lies half its width left of the middle.
        dai_mosei_step: Stored images of CMU-MOSEI (2 a second) are read as if there were 30.
        dai_last_frame: The last image of an IEMOCAP utterance is left out.
        dai_iemocap_step: Stored images of IEMOCAP (29.97 a second) are read as if there were 30.
        dai_transcripts: An IEMOCAP sentence keeps only what follows its last colon.
        dai_filler_rows: Published features of IEMOCAP's sound get two useless rows, 100 and 101.
        dai_padded_rows: Published features of CMU-MOSEI keep the rows that pad them to one length.
        drop_empty: Utterances without any picture are left out, in the test split too.
    """

    dai_crop: bool = False
    dai_mosei_step: bool = False
    dai_last_frame: bool = False
    dai_transcripts: bool = False
    dai_filler_rows: bool = False
    drop_empty: bool = False
    dai_iemocap_step: bool = Field(default=False, exclude_if=operator.not_)
    dai_padded_rows: bool = Field(default=False, exclude_if=operator.not_)


class Recipe(_Settings):
    """Settings of `prepare`; two corpora prepared by different recipes never share a fingerprint.

    Attributes:
        window_s: Length of the windows that an utterance is cut into; each has one frame.
        candidates: Where in a window its frame is taken, as shares of the window. Training draws
            one of several candidates at random; evaluation takes the middle one.
        fill_windows: Windows after the end of the video get the frame that the fallback finds, so
            that there are as many frames as windows.
        face_px: Side of a face crop.
        face_margin_px: Margin around the detected box, in pixels of the crop.
        alignment: "box" cuts the box out, "similarity" turns and scales the face so that the eyes,
            the nose and the corners of the mouth come to lie at fixed places.
        field_px: Side of the square in the middle of the frame where faces count; by default the
            whole frame. A frame that is higher than this is halved once; the pixels are counted
            after that.
        least_face_probability: A face that the detector thinks less likely than this is none; then
            the largest counts. At 0, which takes every face as recipes did before this field, it
            is left out of a manifest: so no fingerprint of an older corpus changes.
        face_choice: Which of several faces that count is cut out. "largest", which every recipe
            took before this field, is left out of a manifest too.
        fallback: What stands in where no face is found: the frame's "centre", or the "nearest"
            frame of the utterance with a face, and the centre if there is none.
        storage: Crops as "raw" pixels, or as "jpeg".
        face_mean: Per RGB channel on the 0-255 scale, applied when a batch is made.
        face_std: Likewise.
        spectrogram: How sound becomes pictures, or chunks of the wave.
        compat: Mistakes to repeat.
    """

    inputs: Literal["pictures"] = "pictures"
    name: str
    window_s: PositiveFloat
    candidates: tuple[float, ...] = (0.0,)
    fill_windows: bool = False
    face_px: PositiveInt
    face_margin_px: NonNegativeInt
    alignment: Literal["box", "similarity"] = "box"
    field_px: PositiveInt | None = None
    least_face_probability: float = Field(default=0.0, ge=0, le=1, exclude_if=operator.not_)
    face_choice: FaceChoice = Field(default="largest", exclude_if=is_largest)
    fallback: Literal["centre", "nearest"] = "centre"
    storage: Literal["raw", "jpeg"] = "raw"
    face_mean: tuple[float, float, float]
    face_std: tuple[float, float, float]
    spectrogram: PowerMel | VggishLogMel | Wave
    compat: Compat = Compat()


LEAST_FACE_PROBABILITY = 0.95
"""Measured on two real clips.

A filmed face has at least 0.999 in each of 72 frames, also blurred, at a sixth of its size and
turned by 30 degrees, and at least 0.987 at an eighth of its brightness. What is taken for a face in
a clip without one has 0.78. A knee in another clip had 0.88.
"""

_DAI_MEAN, _DAI_STD = (159.0, 111.0, 102.0), (37.0, 33.0, 32.0)

DAI = Recipe(
    name="dai",
    window_s=0.5,
    face_px=48,
    face_margin_px=2,
    field_px=360,
    least_face_probability=LEAST_FACE_PROBABILITY,
    face_mean=_DAI_MEAN,
    face_std=_DAI_STD,
    spectrogram=PowerMel(),
)
"""Dai et al. (NAACL 2021): a 48 px face every 500 ms, power mel spectrograms, 400 ms chunks.

Departure: their code takes the largest face, however unlikely it is.
"""

LE = Recipe(
    name="le",
    window_s=1.0,
    face_px=64,
    face_margin_px=2,
    least_face_probability=LEAST_FACE_PROBABILITY,
    face_mean=_DAI_MEAN,
    face_std=_DAI_STD,
    spectrogram=PowerMel(),
)
"""Le et al.: a 64 px face every second, power mel spectrograms in chunks of 400 ms.

The paper states the interval, the size and the chunk length; margin, normalisation and the other
spectrogram settings are those of the code base it builds on (Dai et al., NAACL 2021).
"""

XIA = Recipe(
    name="xia",
    window_s=0.96,
    candidates=(1 / 6, 1 / 2, 5 / 6),
    fill_windows=True,
    face_px=224,
    face_margin_px=0,
    alignment="similarity",
    least_face_probability=LEAST_FACE_PROBABILITY,
    fallback="nearest",
    storage="jpeg",
    face_mean=(123.675, 116.28, 103.53),
    face_std=(58.395, 57.12, 57.375),
    spectrogram=VggishLogMel(),
)
"""Xia et al. 2022: an aligned face and a log-mel spectrogram for every 960 ms.

The paper aligns with OpenFace and draws a random frame in each window. It does not state the face
size, nor which frame is evaluated. Departure: faces are aligned by the five landmarks of MTCNN, the
draw is among three frames of a window, and 224 px with ImageNet's normalisation is what ResNet18
expects.
"""

LE_WAVE = LE.model_copy(update={"name": "le-wave", "spectrogram": Wave()})
"""As `le`, with the wave in the place of spectrograms: for encoders that read it."""

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (DAI, LE, XIA)}
"""The recipes that a corpus is prepared by where the user names none."""

ALL_RECIPES: dict[str, Recipe] = {**RECIPES, LE_WAVE.name: LE_WAVE}
"""Every recipe of pictures that a corpus can be prepared by."""
