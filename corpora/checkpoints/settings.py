"""How the inputs of an encoder are made, as its checkpoint says (`preprocessor_config.json`)."""

from typing import Annotated, TypeVar

import torch
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, ValidationError
from torch import Tensor

from corpora.checkpoints.files import PREPROCESSOR_FILE, Checkpoint
from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json

Triple = Annotated[tuple[float, float, float], Field()]


class SoundSettings(BaseModel):
    """The waves that an encoder reads; other settings are ignored.

    With `do_normalize` a wave is brought to mean 0 and variance 1, as `transformers` does too where
    the file does not say.
    """

    sampling_rate: PositiveInt
    feature_size: PositiveInt = 1
    do_normalize: bool = True


class _Sides(BaseModel):
    """The sides of a picture, in either form."""

    height: PositiveInt | None = None
    width: PositiveInt | None = None
    shortest_edge: PositiveInt | None = None

    @property
    def side_px(self) -> int | None:
        """The side of a square, if it is one."""
        if self.height is not None and self.height == self.width:
            return self.height
        return self.shortest_edge


class PictureSettings(BaseModel):
    """The pictures that an encoder reads; other settings are ignored.

    Pixels from 0 to 255 are multiplied by `rescale_factor`, then `image_mean` is subtracted, and
    the rest divided by `image_std`; the file may turn each of the two steps off.
    """

    image_mean: Triple
    image_std: Triple
    rescale_factor: PositiveFloat = 1 / 255
    do_rescale: bool = True
    do_normalize: bool = True
    crop_size: PositiveInt | _Sides | None = None
    size: PositiveInt | _Sides | None = None

    @property
    def side_px(self) -> int | None:
        """The side of the square picture that is left after resizing and cropping."""
        sides = self.size if self.crop_size is None else self.crop_size
        return sides.side_px if isinstance(sides, _Sides) else sides

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Return what each channel is multiplied by, and what is added then: (3, 1, 1) each."""
        factor = self.rescale_factor if self.do_rescale else 1.0
        if not self.do_normalize:
            return torch.full((3, 1, 1), factor), torch.zeros(3, 1, 1)
        mean, std = (
            torch.tensor(values).reshape(3, 1, 1) for values in (self.image_mean, self.image_std)
        )
        return factor / std, -mean / std


Settings = TypeVar("Settings", SoundSettings, PictureSettings)


def read_sound_settings(checkpoint: Checkpoint, *, rate_hz: int) -> SoundSettings:
    """Read the settings of an encoder of waves.

    Raises:
        CheckpointError: If it reads something else than waves of this sampling rate.
    """
    settings = _read(checkpoint, SoundSettings)
    if settings.feature_size != 1:
        raise checkpoint.error(
            f"it reads {settings.feature_size} features a step, not the wave itself",
            "name a wav2vec 2.0, HuBERT or WavLM",
        )
    if settings.sampling_rate != rate_hz:
        raise checkpoint.error(
            f"it reads sound of {settings.sampling_rate} Hz, but the recipe has {rate_hz} Hz",
            f"name an encoder of {rate_hz} Hz",
        )
    return settings


def read_picture_settings(checkpoint: Checkpoint) -> tuple[PictureSettings, int]:
    """Read the settings of an encoder of pictures, and the side of the square that it reads.

    Raises:
        CheckpointError: If they are none, or pictures are no squares.
    """
    settings = _read(checkpoint, PictureSettings)
    if settings.side_px is None:
        raise checkpoint.error(
            f"{PREPROCESSOR_FILE} states no square picture: crop_size is {settings.crop_size}, "
            f"size is {settings.size}",
            "name an encoder of square pictures",
        )
    return settings, settings.side_px


def _read(checkpoint: Checkpoint, form: type[Settings]) -> Settings:
    path = checkpoint.folder / PREPROCESSOR_FILE
    try:
        return parse_json(path.read_bytes(), form)
    except (ParseError, ValidationError) as fault:
        raise checkpoint.error(
            f"{PREPROCESSOR_FILE} is not that of an encoder of {checkpoint.modality}: {fault}",
            f"name an encoder of {checkpoint.modality}",
        ) from fault
