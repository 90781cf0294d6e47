import struct
import wave
import zlib
from pathlib import Path

import pytest

from corpora.media.frames import read_frames
from corpora.media.segments import ImageSequence
from corpora.media.sound import read_sound
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason
from tests.corpora.media.drawn import numbered, tone, write_frames, write_waves


def large_png(path: Path, side: int = 20_000) -> Path:
    """Write a picture of one colour: it needs few bytes on disk."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    lines = zlib.compress(bytes((side // 8 + 1) * side))
    content = chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    return path


def broken_ppm(path: Path) -> Path:
    path.write_bytes(b"P6\n-5 99999999999\n255\nabc")
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [(large_png, RejectReason.TOO_LARGE), (broken_ppm, RejectReason.UNREADABLE)],
)
def test_hostile_image_of_an_utterance_is_refused(
    make: object, reason: RejectReason, tmp_path: Path
) -> None:
    assert callable(make)
    images = ImageSequence((make(tmp_path / "image_0.jpg"),), rate_fps=1.0)
    with pytest.raises(MediaError) as caught:
        list(images.frames([0.0]))
    assert caught.value.reason == reason


@pytest.mark.parametrize("make", [large_png, broken_ppm])
def test_hostile_image_in_place_of_a_video_is_refused(make: object, tmp_path: Path) -> None:
    assert callable(make)
    with pytest.raises(MediaError, match="at most 67,108,864 pixels") as caught:
        list(read_frames(make(tmp_path / "clip.png"), [0.0]))
    assert caught.value.reason == RejectReason.UNREADABLE


def test_sound_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = write_waves(tmp_path / "sound.wav", [tone(0.1)])
    with pytest.raises(MediaError) as caught:
        read_sound(path, 0.0, 1e6, rate_hz=16_000)
    assert caught.value.reason == RejectReason.TOO_LARGE
    assert caught.value.detail == "it lasts 1,000,000 s; the limit is 7,200 s"


def test_start_that_no_file_reaches_is_outside(tmp_path: Path) -> None:
    path = write_frames(tmp_path / "clip.mp4", [numbered(0)])
    for start_s in (1e9, 1e18):
        with pytest.raises(MediaError) as caught:
            list(read_frames(path, [start_s]))
        assert caught.value.reason == RejectReason.OUTSIDE


def test_sampling_rate_that_no_sound_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(2**30)
        file.writeframes(bytes(2_000))
    with pytest.raises(MediaError) as caught:
        read_sound(path, 0.0, 1.0, rate_hz=16_000)
    assert caught.value.reason == RejectReason.TOO_LARGE
