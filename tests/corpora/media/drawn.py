"""Small media files, drawn for the tests: frames that show their number, and tones."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from corpora.source.rejects import Remark

FPS = 25
RATE_HZ = 16_000
_BITS, _SIDE = 8, 16

Damage = Callable[[Any], bool]
"""Says which packets get other bytes than they should have."""


@dataclass
class Collected:
    """Collects what is noted."""

    notes: list[tuple[Remark, str]] = field(default_factory=list)

    def __call__(self, remark: Remark, detail: str) -> None:
        self.notes.append((remark, detail))


def numbered(index: int) -> NDArray[np.uint8]:
    """Draw a number as light and dark columns: (64, 128, 3)."""
    bits = [230 if index >> bit & 1 else 25 for bit in range(_BITS)]
    row = np.repeat(np.array(bits, np.uint8), _SIDE)
    return np.repeat(np.repeat(row[None, :, None], 64, 0), 3, 2)


def number_in(frame: NDArray[np.uint8]) -> int:
    """Read the number in a frame."""
    columns = frame[24:40].reshape(16, _BITS, _SIDE, 3)[:, :, 4:12].mean(axis=(0, 2, 3))
    return sum(1 << bit for bit, light in enumerate(columns) if light > 128)


def write_frames(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    options: Mapping[str, str] | None = None,
    max_b_frames: int = 0,
    pixel_aspect: Fraction | None = None,
) -> Path:
    """Encode frames, 25 a second, with a key frame every second."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=FPS, options=dict(options or {}))
        assert isinstance(video, av.VideoStream)
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        video.codec_context.gop_size = FPS
        if max_b_frames:
            video.codec_context.max_b_frames = max_b_frames
        if pixel_aspect is not None:
            video.codec_context.sample_aspect_ratio = pixel_aspect
        pictures = list(frames)
        video.height, video.width = pictures[0].shape[:2]
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


def write_waves(
    path: Path,
    *tracks: Sequence[NDArray[np.float32]],
    codec: str = "pcm_s16le",
    languages: Sequence[str] = (),
    rate_hz: int = RATE_HZ,
    layout: str = "",
) -> Path:
    """Encode sound tracks; a channel is (samples,). Without a layout, one or two are in each."""
    with av.open(str(path), "w") as container:
        streams = []
        for place, track in enumerate(tracks):
            name = layout or ("mono" if len(track) == 1 else "stereo")
            stream = container.add_stream(codec, rate=rate_hz, layout=name)
            assert isinstance(stream, av.AudioStream)
            if languages:
                stream.metadata["language"] = languages[place]
            streams.append((stream, np.stack(track), name))
        for stream, waves, name in streams:
            for begin in range(0, waves.shape[1], 1024):
                block = np.ascontiguousarray(waves[:, begin : begin + 1024])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=name)
                frame.sample_rate, frame.pts = rate_hz, begin
                frame.time_base = Fraction(1, rate_hz)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def remux(source: Path, path: Path, is_damaged: Damage, *, num_joined: int = 1) -> Path:
    """Copy the packets of a file with one stream; damage some, or join several in one."""
    with av.open(str(source)) as read, av.open(str(path), "w") as written:
        (stream,) = read.streams
        copied = written.add_stream_from_template(stream)
        packets = [packet for packet in read.demux(stream) if packet.size]
        for first in range(0, len(packets), num_joined):
            group = packets[first : first + num_joined]
            content = b"".join(map(bytes, group))
            if is_damaged(group[0]):
                content = b"\xff" * len(content)
            packet = av.Packet(content)
            packet.stream, packet.time_base = copied, group[0].time_base
            packet.pts, packet.dts = group[0].pts, group[0].dts
            packet.is_keyframe = group[0].is_keyframe
            written.mux(packet)
    return path


def tone(
    seconds: float, hz: float = 440.0, level: float = 0.5, rate_hz: int = RATE_HZ
) -> NDArray[np.float32]:
    """Make a sine: (samples,)."""
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * hz * times_s)).astype(np.float32)
