"""Decoded pictures as a player shows them: in RGB, with square pixels, upright."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from corpora.media.limits import check_pixels
from corpora.source.utterance import Frame


def to_rgb(frame: av.VideoFrame, pixel_aspect: Fraction) -> Frame:
    """Turn a frame, whose pixels are `pixel_aspect` times as wide as high, into a picture.

    Pixels that are not square are made so along the side that gets longer, so no detail is lost.
    The display matrix that phones store with a video then turns or mirrors the picture.

    Raises:
        MediaError: If the picture would be too large.
    """
    size = _square_size(frame.width, frame.height, pixel_aspect)
    check_pixels(*size)
    if size == (frame.width, frame.height):
        picture = frame.to_ndarray(format="rgb24")
    else:
        width, height = size
        picture = frame.to_ndarray(
            format="rgb24", width=width, height=height, interpolation="BICUBIC"
        )
    return np.ascontiguousarray(_placed(picture, frame))


def _square_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    if aspect <= 0:
        return width, height
    return round(width * max(aspect, Fraction(1))), round(height / min(aspect, Fraction(1)))


def _placed(picture: NDArray[Any], frame: av.VideoFrame) -> NDArray[Any]:
    """Apply the display matrix: one of the four turns, or one of the four mirror images.

    x' = a x + c y,  y' = b x + d y    (FFmpeg, libavutil/display.h)

    Shapes:
        picture: (H, W, 3) -> (H, W, 3), or (W, H, 3)
    """
    side_data: Any = frame.side_data  # the declared type names only some kinds
    if "DISPLAYMATRIX" not in side_data:
        return picture
    a, b, _, c, d = np.frombuffer(bytes(side_data["DISPLAYMATRIX"]), "=i4")[:5].tolist()
    across, down = a, d
    if abs(b) + abs(c) > abs(a) + abs(d):
        picture = picture.transpose(1, 0, 2)
        across, down = c, b
    return picture[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]
