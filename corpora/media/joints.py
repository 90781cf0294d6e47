"""Whether a file was joined of several recordings, each with times of its own."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.format import Flags

from corpora.media.clock import MAX_LEAP_S, MAX_STEP_BACK_S
from corpora.media.container import DAMAGE, open_media
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason

_JOINED_TOO = frozenset({"flv"})
"""Formats whose files people join, beside those of which FFmpeg says that times may step back."""

_MAX_FILES = 256
"""So many files are remembered."""


def joined_s(path: Path, container: InputContainer) -> float | None:
    """Return how long the recordings of a joined file last together; None if no time steps back.

    A seek goes by the times in the file, so where they step back it finds the wrong place. Packets
    after a place where the file is broken do not count.

    Args:
        path: The file.
        container: The same file, opened; its format decides whether its packets are looked at.

    Raises:
        MediaError: If the file is unreadable.
    """
    is_told = Flags.ts_discont in Flags(container.format.flags)
    if not is_told and container.format.name not in _JOINED_TOO:
        return None
    try:
        known = path.stat()
    except OSError as error:
        raise MediaError(RejectReason.UNREADABLE, str(error)) from error
    return _read_joined_s(path, known.st_size, known.st_mtime_ns)


@lru_cache(_MAX_FILES)
def _read_joined_s(path: Path, _num_bytes: int, _changed_ns: int) -> float | None:
    with open_media(path) as container:
        streams = [*container.streams.video, *container.streams.audio]
        times = {stream.index: _StreamTimes() for stream in streams}
        with suppress(*DAMAGE):
            for packet in container.demux(streams):
                times[packet.stream.index].add(packet)
        origin_s = (container.start_time or 0) / av.time_base
    for each in times.values():
        each.finish()
    if not any(each.has_joint for each in times.values()):
        return None
    return max(each.end_s or 0.0 for each in times.values()) - origin_s


class _StreamTimes:
    """The times of a stream's packets, of which those after a joint go on where it ended.

    Attributes:
        end_s: When the last packet ends; None before the first.
        has_joint: Whether times ever step back.
    """

    def __init__(self) -> None:
        self.end_s: float | None = None
        self.has_joint = False
        self._shift_s = 0.0
        self._held: tuple[float, ...] | None = None  # of the last packet, until the next is known

    def add(self, packet: Any) -> None:
        """Take note of the next packet, in the order of decoding."""
        time = packet.pts if packet.dts is None else packet.dts
        if time is None or not packet.time_base:
            return
        shown = time if packet.pts is None else packet.pts
        ticks = time, shown, shown + (packet.duration or 0)
        held, self._held = self._held, tuple(float(tick * packet.time_base) for tick in ticks)
        if held is not None:
            self._place(*held, next_s=self._held[0])

    def finish(self) -> None:
        """Take note of the end of the stream."""
        if self._held is not None:
            self._place(*self._held, next_s=self._held[0])

    def _place(self, decoded_s: float, shown_s: float, end_s: float, *, next_s: float) -> None:
        own_s = decoded_s + self._shift_s
        if self.end_s is None:
            self.end_s = end_s
        elif own_s > self.end_s + MAX_LEAP_S and next_s < decoded_s - MAX_STEP_BACK_S:
            self.has_joint = True  # the time of this packet alone is wrong
        elif own_s < self.end_s - MAX_STEP_BACK_S:
            self.has_joint = True
            self._shift_s = self.end_s - shown_s
            self.end_s += end_s - shown_s
        else:
            self.end_s = max(self.end_s, end_s + self._shift_s)
