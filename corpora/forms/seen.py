"""What a recipe saw and heard of one clip, as pictures and numbers that people can look at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""left, top, right, bottom, as shares of the frame's width and height."""


@dataclass(frozen=True)
class SeenFrame:
    """A frame that a model reads, and where the face that counts is; None without a face.

    Shapes:
        picture: (height, width, 3), uint8, RGB
    """

    time_s: float
    picture: NDArray[np.uint8]
    box: Box | None


@dataclass(frozen=True)
class SeenWave:
    """The lowest and the highest sample of each part of a wave; parts have equal lengths.

    Shapes:
        low, high: (parts,), in [-1, 1]
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """What a recipe saw and heard of a clip.

    Attributes:
        frames: Some of the frames, in order.
        times_s: The time of each window's frame, also of those after the last picture.
        found: Whether each frame that could be decoded shows a face that counts.
        wave: The sound; None if there is none.
    """

    frames: tuple[SeenFrame, ...]
    times_s: tuple[float, ...]
    found: tuple[bool, ...]
    wave: SeenWave | None
