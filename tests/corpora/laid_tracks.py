"""Whole tracks of a dialogue or video, and the files that hold pieces of them."""

import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from corpora.synthetic.clip import FRAME_RATE_FPS
from corpora.synthetic.voice import RATE_HZ
from tests.corpora.laid_utterances import GAP_S, LaidUtterance

OTHER_CHANNEL_HZ = 3_000


def frames_of(group: Sequence[LaidUtterance]) -> list[NDArray[np.uint8]]:
    """Show each utterance in its time, and black else."""
    frames = [np.zeros_like(group[0].frames[0])] * round(length_s(group) * FRAME_RATE_FPS)
    for utterance in group:
        begin = round(utterance.start_s * FRAME_RATE_FPS)
        frames[begin : begin + len(utterance.frames)] = utterance.frames
    return frames


def wave_of(group: Sequence[LaidUtterance]) -> NDArray[np.float32]:
    """Sound each utterance in its time, and silence else."""
    track = np.zeros(round(length_s(group) * RATE_HZ), dtype=np.float32)
    for utterance in group:
        begin = round(utterance.start_s * RATE_HZ)
        track[begin : begin + len(utterance.wave)] = utterance.wave
    return track


def length_s(group: Sequence[LaidUtterance]) -> float:
    return group[-1].end_s + GAP_S


def hum(num_samples: int) -> NDArray[np.float32]:
    """Make the sound that no reader should hear."""
    phase = 2 * np.pi * OTHER_CHANNEL_HZ * np.arange(num_samples) / RATE_HZ
    return (0.3 * np.sin(phase)).astype(np.float32)


def write_wav(path: Path, *channels: NDArray[np.float32], rate_hz: int = RATE_HZ) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        samples = np.stack(channels, axis=1)  # (samples, channels)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())


def write_avi(path: Path, frames: Sequence[NDArray[np.uint8]]) -> None:
    """Encode MPEG-4 without sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=Fraction(FRAME_RATE_FPS))
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = "yuv420p"
        video.options = {"q": "3"}
        video.bit_rate = 4_000_000
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode(None))
