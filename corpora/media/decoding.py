"""The decoded frames of one stream of a file, each with its times."""

from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
from av.container import InputContainer

from corpora.media.clock import MAX_STEP_BACK_S, Clock
from corpora.media.container import DAMAGE, open_media
from corpora.media.joints import joined_s
from corpora.media.limits import MAX_PIXELS, check_pixels, check_start
from corpora.source.errors import MediaError
from corpora.source.notes import Note
from corpora.source.rejects import RejectReason, Remark

_PREROLL_S = 2.0
"""Decoding starts this long before a segment, because decoders need some packets to settle."""

_MAX_BREAKS = 8
"""So often reading goes on after a place where the container itself is damaged."""

ChooseStream = Callable[[InputContainer], Any]
"""Chooses the stream to decode; None if the file has none."""


class Decoded(NamedTuple):
    """A frame of picture or sound.

    Attributes:
        start_s: When it starts, in seconds since the start of the file.
        end_s: When it ends.
        frame: PyAV's frame.
        pixel_aspect: Width / height of a pixel.
        follows_damage: Whether packets before it could not be decoded.
    """

    start_s: float
    end_s: float
    frame: Any
    pixel_aspect: Fraction
    follows_damage: bool


def decode(path: Path, choose: ChooseStream, start_s: float, note: Note) -> Iterator[Decoded]:
    """Yield a stream's frames, from some time before `start_s`.

    Some containers seek badly: if the first frame found lies after `start_s`, the file is decoded
    from its beginning. So is a file in which times step back. Packets that cannot be
    decoded are left out, as players do; those after `start_s` are noted.

    Raises:
        MediaError: If the file is unreadable, or a frame is too large.
    """
    check_start(start_s)
    if start_s > _PREROLL_S:
        frames = _decode_from(path, choose, start_s - _PREROLL_S, _Damage(start_s, note))
        first = next(frames, None)
        if first is not None and first.start_s <= start_s:
            yield first
            yield from frames
            return
    yield from _decode_from(path, choose, 0.0, _Damage(start_s, note))


class _Damage:
    """What could not be decoded; noted from a time on.

    Attributes:
        first: What the decoder said of the first damage.
    """

    def __init__(self, since_s: float, note: Note) -> None:
        self._since_s, self._note = since_s, note
        self.first = ""
        self._is_recent = False

    def add(self, kind: str, time_s: float, told: str) -> None:
        self.first = self.first or told
        self._is_recent = True
        if time_s >= self._since_s:
            self._note(Remark.DAMAGED, f"{kind} at {time_s:.2f} s")

    def take_recent(self) -> bool:
        """Tell whether there was damage since this was asked last."""
        is_recent, self._is_recent = self._is_recent, False
        return is_recent


def _decode_from(
    path: Path, choose: ChooseStream, seek_s: float, damage: _Damage
) -> Iterator[Decoded]:
    """Yield the frames of a stream from a time on, or from a little before.

    Raises:
        MediaError: If this is the start of the file, and no frame can be decoded or has a time.
    """
    with open_media(path) as container:
        stream = choose(container)
        if stream is None or not _seek(path, container, seek_s):
            return
        _limit(stream)
        is_image = container.format.name.endswith(("_pipe", "image2"))
        clock = Clock(container, stream)
        num_decoded = num_placed = 0
        for stamped in _confirmed(_frames(container, stream, clock, damage), clock, damage):
            num_decoded += 1
            times_s = clock.place(stamped.frame, stamped.own_s)
            if times_s is not None:
                num_placed += 1
                aspect = _pixel_aspect(stream)
                yield Decoded(*times_s, stamped.frame, aspect, stamped.follows_damage)
    if seek_s == 0 and num_decoded and not num_placed:
        raise MediaError(RejectReason.UNREADABLE, "its frames have no timestamps")
    if seek_s == 0 and not num_decoded and damage.first:
        hint = f"; an image may have at most {MAX_PIXELS:,} pixels" if is_image else ""
        raise MediaError(RejectReason.UNREADABLE, damage.first + hint)


def _pixel_aspect(stream: Any) -> Fraction:
    """Return width / height of a pixel; the container's word counts more than the codec's."""
    if stream.type != "video":
        return Fraction(1)
    told = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Fraction(told.numerator, told.denominator) if told else Fraction(1)


def _seek(path: Path, container: InputContainer, time_s: float) -> bool:
    """Go to a time; tell whether that can be done by the times in the file."""
    if time_s == 0:
        return True
    if joined_s(path, container) is not None:
        return False
    origin_s = (container.start_time or 0) / av.time_base
    try:
        container.seek(int((time_s + origin_s) * av.time_base), backward=True)
    except DAMAGE:
        return False
    return True


def _limit(stream: Any) -> None:
    """Make the decoder refuse pictures that are too large.

    Raises:
        MediaError: If the file says that its pictures are.
    """
    if stream.type == "video":
        check_pixels(stream.width, stream.height)
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}


class _Stamped(NamedTuple):
    """A frame with its own time, if it has one, and whether packets before it were damaged."""

    frame: Any
    own_s: float | None
    follows_damage: bool


def _confirmed(frames: Iterator[_Stamped], clock: Clock, damage: _Damage) -> Iterator[_Stamped]:
    """Yield frames; take its time from each that leaps far ahead alone."""
    waiting: deque[_Stamped] = deque()
    while (stamped := waiting.popleft() if waiting else next(frames, None)) is not None:
        if stamped.own_s is not None and clock.leaps(stamped.own_s):
            following = next(frames, None)
            if following is not None:
                waiting.append(following)
                if (
                    following.own_s is not None
                    and following.own_s < stamped.own_s - MAX_STEP_BACK_S
                ):
                    damage.add("time", clock.end_s, f"a time of {stamped.own_s:.2f} s")
                    stamped = stamped._replace(own_s=None)
        yield stamped


def _frames(
    container: InputContainer, stream: Any, clock: Clock, damage: _Damage
) -> Iterator[_Stamped]:
    """Yield frames in the order of display."""
    for packet in _packets(container, stream, clock, damage):
        clock.see(packet)
        try:
            frames = packet.decode()
        except DAMAGE as error:
            damage.add(stream.type, clock.packet_s(packet), str(error))
            continue
        is_last_packet = packet.dts is None and not packet.size
        for frame in frames:
            own_s = clock.own_s(frame, is_last_packet=is_last_packet)
            yield _Stamped(frame, own_s, damage.take_recent())


def _packets(
    container: InputContainer, stream: Any, clock: Clock, damage: _Damage
) -> Iterator[Any]:
    for _ in range(_MAX_BREAKS):
        try:
            yield from container.demux(stream)
        except DAMAGE as error:
            damage.add(stream.type, clock.end_s, str(error))
        else:
            return
