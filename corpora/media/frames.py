"""Video frames of a segment, from any container and codec that PyAV reads."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.stream import Disposition

from corpora.media.container import DAMAGE, open_media
from corpora.media.decoding import Decoded, decode
from corpora.media.upright import to_rgb
from corpora.source.errors import MediaError
from corpora.source.notes import Note, unnoted
from corpora.source.rejects import RejectReason
from corpora.source.utterance import Frame

_CLOCK_TOLERANCE_S = 1e-3


def read_frames(
    path: Path, times_s: Sequence[float], *, end_s: float | None = None, note: Note = unnoted
) -> Iterator[Frame]:
    """Yield what is on screen at rising times, in seconds since the start of the file.

    Timestamps decide the frames, not the frame rate; pictures come upright and with square pixels.
    If the video ends early, fewer frames come, but at least one. At most two decoded frames are in
    memory.

    Args:
        path: The file.
        times_s: The times.
        end_s: The end of the segment. If the video ends less than a frame before it, the last frame
            stays on screen.
        note: Takes remarks on the way.

    Raises:
        MediaError: If the file is unreadable, holds no video, or none at any of the times.
    """
    due = deque(times_s)
    on_screen: Decoded | None = None
    num_given = 0
    for shown in decode(path, _picture_stream, times_s[0], note):
        while due and shown.start_s > due[0] + _CLOCK_TOLERANCE_S:
            yield _to_rgb(on_screen or shown)
            num_given += 1
            due.popleft()
        if not due:
            return
        on_screen = shown
    if on_screen is None and not has_pictures(path):
        raise MediaError(RejectReason.NO_VIDEO, "the file has no video stream")
    num_left = 0 if on_screen is None else sum(time_s < on_screen.end_s for time_s in due)
    if on_screen is None or num_given + num_left == 0:
        raise MediaError(RejectReason.OUTSIDE, f"no video at or after {times_s[0]:g} s")
    if end_s is not None and end_s - on_screen.end_s < on_screen.end_s - on_screen.start_s:
        num_left = len(due)
    for _ in range(num_left):
        yield _to_rgb(on_screen)


def _picture_stream(container: InputContainer) -> Any:
    """Choose the first video; the cover of a record is none."""
    videos = container.streams.video
    return next((v for v in videos if not v.disposition & Disposition.attached_pic), None)


def has_pictures(path: Path) -> bool:
    """Tell whether a file has a video; the cover of a record is none.

    Raises:
        MediaError: If it is unreadable.
    """
    with open_media(path) as container:
        return _picture_stream(container) is not None


def _to_rgb(shown: Decoded) -> Frame:
    try:
        return to_rgb(shown.frame, shown.pixel_aspect)
    except DAMAGE as error:
        raise MediaError(RejectReason.UNREADABLE, f"a picture is broken: {error}") from error
