"""The media of one utterance: a segment of a video or sound file, or a folder of images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from warnings import catch_warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from corpora.media.frames import read_frames
from corpora.media.limits import check_pixels
from corpora.media.sound import read_sound
from corpora.source.errors import MediaError
from corpora.source.notes import Note, unnoted
from corpora.source.rejects import RejectReason
from corpora.source.utterance import Frame

_IMAGE_FORMATS = ("JPEG", "PNG")


@dataclass(frozen=True)
class VideoSegment:
    """From `start_s` to `end_s` of a video file.

    Attributes:
        half: The half to look at, where two people are filmed side by side.
        centre_px: Side of the square to look at, in the middle of that half or of the frame.
    """

    path: Path
    start_s: float
    end_s: float
    half: Literal["left", "right"] | None = None
    centre_px: int | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The video file."""
        return (self.path,)

    def frames(self, times_s: Sequence[float], note: Note = unnoted) -> Iterator[Frame]:
        """Yield what is on screen at rising times since `start_s`."""
        times_s = [self.start_s + time_s for time_s in times_s]
        for frame in read_frames(self.path, times_s, end_s=self.end_s, note=note):
            yield self._field_of_view(frame)

    def _field_of_view(self, frame: Frame) -> Frame:
        middle = frame.shape[1] // 2
        if self.half is not None:
            frame = frame[:, :middle] if self.half == "left" else frame[:, middle:]
        if self.centre_px is not None:
            top, left = (max(0, (side - self.centre_px) // 2) for side in frame.shape[:2])
            frame = frame[top : top + self.centre_px, left : left + self.centre_px]
        return np.ascontiguousarray(frame)


@dataclass(frozen=True)
class ImageSequence:
    """Images that were taken `rate_fps` times a second, the first at the utterance's start."""

    paths: tuple[Path, ...]
    rate_fps: float

    @property
    def files(self) -> tuple[Path, ...]:
        """The image files."""
        return self.paths

    def frames(self, times_s: Sequence[float], note: Note = unnoted) -> Iterator[Frame]:
        """Yield the last image taken before each time; stop at the end of the last image."""
        for time_s in times_s:
            index = int(time_s * self.rate_fps + 1e-6)
            if index >= len(self.paths):
                return
            yield _read_image(self.paths[index])


@dataclass(frozen=True)
class SoundSegment:
    """From `start_s` to `end_s` of any file with sound.

    Attributes:
        channel: Which channel to read; by default the mean (`channels.Mixer`).
        track: Which sound track to read, the first is 1; by default the first.
    """

    path: Path
    start_s: float
    end_s: float
    channel: int | None = None
    track: int | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file."""
        return (self.path,)

    def wave(self, *, rate_hz: int, note: Note = unnoted) -> NDArray[np.float32] | None:
        """Read the segment's sound, resampled; as long as the segment."""
        return read_sound(
            self.path,
            self.start_s,
            self.end_s,
            rate_hz=rate_hz,
            channel=self.channel,
            track=self.track,
            note=note,
        )


@dataclass(frozen=True)
class NoMedia:
    """The pictures, or the sound, of an utterance that has none."""

    @property
    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def frames(self, times_s: Sequence[float], note: Note = unnoted) -> Iterator[Frame]:
        """Yield nothing."""
        return iter(())

    def wave(self, *, rate_hz: int, note: Note = unnoted) -> NDArray[np.float32] | None:
        """Return None."""
        return None


def _read_image(path: Path) -> Frame:
    with catch_warnings(action="error", category=Image.DecompressionBombWarning):
        try:
            with Image.open(path, formats=_IMAGE_FORMATS) as image:
                check_pixels(*image.size)
                return np.asarray(image.convert("RGB"))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise MediaError(RejectReason.TOO_LARGE, str(error)) from error
        except (OSError, ValueError, SyntaxError) as error:  # what Pillow's readers raise
            raise MediaError(RejectReason.UNREADABLE, str(error)) from error
