"""When the frames of a stream are on screen or heard."""

from collections import deque
from typing import Any

import av
from av.container import InputContainer

SHORTEST_S = 2e-3
"""Duration of a frame of which nothing says how long it lasts."""

MAX_STEP_BACK_S = 1.0
"""Times that step back by less come from a decoder that has just begun, and are right soon."""

MAX_LEAP_S = 10.0
"""A time that leaps ahead by more is wrong if the next one steps back again."""

_TIMED_IN_DECODING_ORDER = frozenset({"avi", "asf"})
"""Containers that count packets as they are decoded; FFmpeg's guesses of display times go wrong."""

_SOMETIMES_TIMED_IN_DECODING_ORDER = frozenset({"mxf"})
"""Likewise where FFmpeg does not read the index: then both times of every packet are equal."""


class Clock:
    """Times the frames of one stream, in seconds since the start of the file.

    It sees each packet before it is decoded, then each frame in the order of display.

    - A frame's own time counts, unless it steps far back: a recording may have been joined of
      several, each with times of its own. Then the frame starts where the last one ended.
    - So does a frame whose time leaps far ahead, if the next frame's time steps back again.
    - A frame without one also starts where the last one ended. A packet of sound may hold many
      frames, and only the first has a time.
    - Some containers time packets in the order of decoding. There, a frame comes out of the decoder
      with the packet that is decoded d packets later, if the decoder reorders d frames. So its time
      is that of the packet d before the last one.
    """

    def __init__(self, container: InputContainer, stream: Any) -> None:
        self._stream = stream
        self._origin_s = (container.start_time or 0) / av.time_base
        is_video, name = stream.type == "video", container.format.name
        self._reorders = is_video and name in _TIMED_IN_DECODING_ORDER
        self._may_reorder = is_video and name in _SOMETIMES_TIMED_IN_DECODING_ORDER
        self._waiting: deque[int] = deque()  # times of packets whose frames have not come out
        self._packet_time = 0
        self._last_s: tuple[float, float] | None = None  # start and end of the last frame

    @property
    def end_s(self) -> float:
        """When the last frame ends; 0 before the first."""
        return 0.0 if self._last_s is None else self._last_s[1]

    def packet_s(self, packet: Any) -> float:
        """Return about when a packet is due; where nothing says it, after the last frame."""
        time = packet.dts if packet.pts is None else packet.pts
        return self.end_s if time is None else self._seconds(time)

    def see(self, packet: Any) -> None:
        """Take note of a packet that is decoded next."""
        self._may_reorder &= packet.dts is None or packet.pts == packet.dts
        if not (self._reorders or self._may_reorder):
            return
        if packet.dts is not None:
            self._packet_time = packet.dts
        elif packet.size:  # no time was stored with it, as may happen after seeking
            self._packet_time += packet.duration or 0
        else:
            return  # the end of the stream
        self._waiting.append(self._packet_time)

    def own_s(self, frame: Any, *, is_last_packet: bool) -> float | None:
        """Return a frame's own time; None if it has none.

        Args:
            frame: The next frame out of the decoder.
            is_last_packet: Whether the decoder gives what it held back, after the last packet.
        """
        if self._reorders or self._may_reorder:
            num_held = self._stream.codec_context.reorder_depth + (not is_last_packet)
            while len(self._waiting) > num_held:  # their frames were lost
                self._waiting.popleft()
            return self._seconds(self._waiting.popleft()) if self._waiting else None
        return None if frame.pts is None else self._seconds(frame.pts)

    def leaps(self, own_s: float | None) -> bool:
        """Tell whether a frame's own time lies so far ahead that the next one must confirm it."""
        return own_s is not None and own_s > self.end_s + MAX_LEAP_S

    def place(self, frame: Any, own_s: float | None) -> tuple[float, float] | None:
        """Return start and end of the next frame; None if no frame had a time so far.

        Args:
            frame: The frame.
            own_s: Its own time; None if it has none, or a wrong one.
        """
        if own_s is not None and self._goes_on(own_s):
            start_s = own_s
        elif self._last_s is not None:
            start_s = self._last_s[1]
        else:
            return None
        self._last_s = start_s, start_s + self._duration_s(frame, start_s)
        return self._last_s

    def _goes_on(self, own_s: float) -> bool:
        """Tell whether a time fits to those before."""
        return self._last_s is None or own_s >= self._last_s[1] - MAX_STEP_BACK_S

    def _duration_s(self, frame: Any, start_s: float) -> float:
        if self._stream.type == "audio":
            return float(frame.samples / frame.sample_rate)
        if frame.duration and not self._reorders:
            return float(frame.duration * self._stream.time_base)
        if self._last_s is not None and start_s > self._last_s[0]:
            return start_s - self._last_s[0]
        rate = self._stream.average_rate
        return float(1 / rate) if rate else SHORTEST_S

    def _seconds(self, time: int) -> float:
        base = self._stream.time_base
        return float(time) * base.numerator / base.denominator - self._origin_s
