"""Frames come at their times from every container and codec that PyAV writes."""

from pathlib import Path

import pytest

from corpora.media.frames import read_frames
from tests.corpora.media.drawn import FPS, number_in, numbered, write_frames

NUM_FRAMES = 100

B_PYRAMID = {"preset": "veryfast", "bf": "3", "b-pyramid": "normal"}
OPEN_GOP = {**B_PYRAMID, "x264-params": "open-gop=1"}
HEVC = {"preset": "ultrafast", "x265-params": "bframes=3:log-level=none"}
FAST = {"deadline": "realtime", "cpu-used": "8"}

MPEG = ("avi", "mp4", "mov", "mkv", "ts", "mpg", "wmv")
CODECS: dict[str, tuple[str, dict[str, str], int, tuple[str, ...]]] = {
    "h264": ("libx264", {"preset": "ultrafast"}, 0, (*MPEG, "flv", "3gp", "mxf")),
    "h264 with b frames": ("libx264", B_PYRAMID, 3, (*MPEG, "flv", "3gp", "mxf")),
    "h264 with open gops": ("libx264", OPEN_GOP, 3, (*MPEG, "flv", "3gp", "mxf")),
    "hevc": ("libx265", HEVC, 0, ("mp4", "mov", "mkv", "ts", "flv")),
    "mpeg4": ("mpeg4", {"q": "3"}, 0, (*MPEG, "3gp")),
    "mpeg4 with b frames": ("mpeg4", {"q": "3"}, 2, (*MPEG, "3gp")),
    "mpeg2": ("mpeg2video", {}, 2, (*MPEG, "mxf", "vob")),
    "mpeg1": ("mpeg1video", {}, 2, MPEG),
    "vp8": ("libvpx", FAST, 0, ("webm", "avi")),
    "vp9": ("libvpx-vp9", FAST, 0, ("webm", "mkv", "mp4")),
    "av1": ("libsvtav1", {"preset": "12"}, 0, ("webm", "mkv", "mp4")),
    "mjpeg": ("mjpeg", {}, 0, ("avi", "mov", "mkv")),
    "wmv2": ("wmv2", {}, 0, ("wmv", "avi")),
    "flv1": ("flv", {}, 0, ("flv", "avi")),
}


@pytest.mark.parametrize("name", CODECS)
def test_frames_are_on_screen_at_their_times(name: str, tmp_path: Path) -> None:
    codec, options, max_b_frames, containers = CODECS[name]
    wrong = {}
    for container in containers:
        path = write_frames(
            tmp_path / f"clip.{container}",
            map(numbered, range(NUM_FRAMES)),
            codec=codec,
            options=options,
            max_b_frames=max_b_frames,
        )
        for wanted in (range(30), range(75, NUM_FRAMES)):  # the second needs seeking
            frames = read_frames(path, [(index + 0.5) / FPS for index in wanted])
            seen = [number_in(frame) for frame in frames]
            if seen != list(wanted):
                wrong[container, wanted.start] = seen
    assert not wrong
