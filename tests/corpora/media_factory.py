"""Small real media files, and clip folders of them."""

import csv
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from corpora.synthetic.face import NEUTRAL, draw_frames, draw_speaker

SIZE = (96, 128)


def drawn_face() -> np.ndarray:
    """Draw one frame with a face in it: (240, 320, 3)."""
    generator = np.random.default_rng(0)
    (frame,) = draw_frames(draw_speaker(generator), [NEUTRAL], [0.2], generator)
    return frame


def write_video(
    path: Path,
    *,
    seconds: float = 2.0,
    fps: int = 10,
    codec: str = "libx264",
    sound_hz: int | None = 16_000,
    sound_codec: str = "aac",
    size: tuple[int, int] = SIZE,
    pix_fmt: str = "yuv420p",
) -> Path:
    """Write a video whose frames get brighter with time, 10 levels a frame, with a 440 Hz tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=fps)
        assert isinstance(video, av.VideoStream)
        video.height, video.width = size
        video.pix_fmt = pix_fmt
        audio = container.add_stream(sound_codec, rate=sound_hz) if sound_hz else None
        for index in range(round(seconds * fps)):
            picture = np.full((*size, 3), min(10 * index, 250), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if audio is not None and sound_hz is not None:
            assert isinstance(audio, av.AudioStream)
            for heard in tone(seconds, sound_hz):
                container.mux(audio.encode(heard))
            container.mux(audio.encode())
    return path


def write_sound(
    path: Path, *, seconds: float = 1.0, rate_hz: int = 16_000, codec: str = "pcm_s16le"
) -> Path:
    """Write a file with sound and no picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        audio = container.add_stream(codec, rate=rate_hz)
        assert isinstance(audio, av.AudioStream)
        for frame in tone(seconds, rate_hz):
            container.mux(audio.encode(frame))
        container.mux(audio.encode())
    return path


def tone(seconds: float, rate_hz: int) -> list[av.AudioFrame]:
    """Make 440 Hz, in frames with times."""
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate_hz)) / rate_hz)
    samples = (wave * 32767).astype(np.int16)
    frames = []
    for begin in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(
            samples[None, begin : begin + 1024], format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, begin, Fraction(1, rate_hz)
        frames.append(frame)
    return frames


def clip_lines(*, per_split: int = 4, file: str = "clip.mp4") -> list[dict[str, object]]:
    """List utterances of one file: both emotions, with and without, in every split."""
    return [
        {
            "utterance": f"{split}{index}",
            "file": file,
            "start": 0.1 * index,
            "end": 0.1 * index + 1.2,
            "text": f"this is number {index}",
            "split": split,
            "happy": index % 2,
            "sad": index // 2 % 2,
        }
        for split in ("train", "valid", "test")
        for index in range(per_split)
    ]


def text_lines(**changes: object) -> list[dict[str, object]]:
    """List utterances of text alone; each class is in every split."""
    return [
        {
            "utterance": f"{split}{index}",
            "text": f"this is number {index}",
            "split": split,
            "class": ("calm", "glad")[index % 2],
        }
        | changes
        for split in ("train", "valid", "test")
        for index in range(4)
    ]


def write_csv(path: Path, lines: Sequence[dict[str, object]]) -> Path:
    """Write a CSV of lines with the same columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def write_clip_folder(folder: Path, lines: Sequence[dict[str, object]] | None = None) -> Path:
    """Write a folder with one video and a CSV."""
    lines = clip_lines() if lines is None else lines
    write_video(folder / "clip.mp4", seconds=2.0)
    write_csv(folder / "clips.csv", lines)
    return folder
