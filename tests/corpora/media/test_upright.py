import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from corpora.media.frames import read_frames
from corpora.media.upright import to_rgb
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason
from tests.corpora.media.drawn import write_frames

SIZE = (64, 96)

MATRICES = {
    "upright": ((1, 0, 0, 1), lambda picture: picture),
    "left and right swapped": ((-1, 0, 0, 1), lambda picture: picture[:, ::-1]),
    "upside down, mirrored": ((1, 0, 0, -1), lambda picture: picture[::-1]),
    "half a turn": ((-1, 0, 0, -1), lambda picture: np.rot90(picture, 2)),
    "a quarter turn to the right": ((0, 1, -1, 0), lambda picture: np.rot90(picture, 3)),
    "a quarter turn to the left": ((0, -1, 1, 0), lambda picture: np.rot90(picture, 1)),
    "mirrored along a diagonal": ((0, 1, 1, 0), lambda picture: picture.transpose(1, 0, 2)),
    "mirrored along the other": (
        (0, -1, -1, 0),
        lambda picture: np.rot90(picture, 2).transpose(1, 0, 2),
    ),
}


def corner() -> NDArray[np.uint8]:
    """Draw light in one corner, and a bit of grey beside it: no turn or mirror image is alike."""
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[:32, :32] = 255
    picture[:32, 32:64] = 128
    return picture


@pytest.mark.parametrize("name", MATRICES)
def test_display_matrix_is_applied(name: str, tmp_path: Path) -> None:
    (a, b, c, d), turn = MATRICES[name]
    path = write_frames(tmp_path / "clip.mp4", [corner()] * 3)
    content = bytearray(path.read_bytes())
    at = content.find(b"tkhd") + 4 + 4 + 20 + 16  # the matrix of ISO/IEC 14496-12, 8.3.2
    one = 1 << 16
    struct.pack_into(">9i", content, at, a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    (frame,) = read_frames(path, [0.0])
    wanted = turn(corner())
    assert frame.shape == wanted.shape
    assert np.abs(frame.astype(int) - wanted).mean() < 4


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(
    ("aspect", "shape"),
    [(Fraction(16, 9), (64, 171, 3)), (Fraction(1, 2), (128, 96, 3)), (Fraction(1), (64, 96, 3))],
    ids=["wide", "narrow", "square"],
)
def test_pixels_come_square(
    container: str, aspect: Fraction, shape: tuple[int, ...], tmp_path: Path
) -> None:
    path = write_frames(tmp_path / f"clip.{container}", [corner()] * 25, pixel_aspect=aspect)
    (frame,) = read_frames(path, [0.0])
    assert frame.shape == shape


def test_picture_that_would_be_huge_is_refused() -> None:
    frame = av.VideoFrame.from_ndarray(corner(), format="rgb24")
    with pytest.raises(MediaError) as caught:
        to_rgb(frame, Fraction(20_000))
    assert caught.value.reason == RejectReason.TOO_LARGE
