"""Write frames and a voice into an mp4 file, the same bytes every time."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from corpora.synthetic.voice import RATE_HZ

FRAME_RATE_FPS = 8
AAC_BLOCK_SAMPLES = 1_024


def write_clip(path: Path, frames: Sequence[np.ndarray], wave: np.ndarray) -> None:
    """Encode H.264 video and mono AAC sound.

    Shapes:
        frames: (H, W, 3) uint8, RGB, at `FRAME_RATE_FPS`
        wave: (samples,) float32 in [-1, 1], at 16 kHz
    """
    with av.open(path, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=FRAME_RATE_FPS)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = "yuv420p"
        video.options = {"preset": "ultrafast", "crf": "24"}
        video.codec_context.thread_count = 1  # several threads divide a picture differently
        audio = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        audio.bit_rate = 64_000
        audio.options = {"aac_coder": "fast"}
        for picture in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        for start in range(0, len(wave), AAC_BLOCK_SAMPLES):
            block = wave[None, start : start + AAC_BLOCK_SAMPLES]
            sound = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            sound.sample_rate, sound.pts = RATE_HZ, start
            sound.time_base = Fraction(1, RATE_HZ)
            container.mux(audio.encode(sound))
        container.mux(audio.encode(None))
