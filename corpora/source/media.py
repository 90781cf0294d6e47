"""Video frames and sound of a segment, from any container and codec that PyAV reads."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason
from corpora.source.utterance import Frame

_CLOCK_TOLERANCE_S = 1e-3
_MAX_DRIFT_S = 0.1
"""Sound this far from its timestamp is moved there; less is the delay of a resampler or codec."""

_PREROLL_S = 2.0
"""Decoding starts this long before a segment, because decoders need some packets to settle."""


def read_duration_s(path: Path) -> float:
    """Read the duration of a file in seconds; its longest stream decides.

    If the container does not state it, as in recordings of a live stream, the packets do.

    Raises:
        MediaError: If the file is unreadable, or nothing in it has a duration.
    """
    with _open(path) as container:
        if container.duration:
            return container.duration / av.time_base
        try:
            ends_s = [
                float((packet.pts + (packet.duration or 0)) * packet.time_base)
                for packet in container.demux()
                if packet.pts is not None and packet.time_base is not None
            ]
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(RejectReason.UNREADABLE, str(error)) from error
        duration_s = max(ends_s, default=0.0) - (container.start_time or 0) / av.time_base
    if duration_s <= 0:
        raise MediaError(RejectReason.UNREADABLE, "nothing in it lasts for any time")
    return duration_s


def read_frames(path: Path, times_s: Sequence[float]) -> Iterator[Frame]:
    """Yield what is on screen at rising times, in seconds since the start of the file.

    Timestamps decide the frames, not the frame rate; a rotation stored in the file is applied. If
    the video ends early, fewer frames come, but at least one. At most one decoded frame is in
    memory.

    Raises:
        MediaError: If the file is unreadable, holds no video, or none at any of the times.
    """
    due = deque(times_s)
    on_screen: av.VideoFrame | None = None
    num_given = 0
    video_end_s = 0.0
    for time_s, frame in _decode(path, "video", times_s[0]):
        while due and time_s > due[0] + _CLOCK_TOLERANCE_S:
            yield _to_rgb(on_screen or frame)
            num_given += 1
            due.popleft()
        if not due:
            return
        on_screen = frame
        video_end_s = time_s + _duration_s(frame)
    if on_screen is None and not _has_video(path):
        raise MediaError(RejectReason.NO_VIDEO, "the file has no video stream")
    num_left = sum(time_s < video_end_s for time_s in due)
    if on_screen is None or num_given + num_left == 0:
        raise MediaError(RejectReason.OUTSIDE, f"no video at or after {times_s[0]:g} s")
    for _ in range(num_left):
        yield _to_rgb(on_screen)


def read_sound(
    path: Path, start_s: float, end_s: float, *, rate_hz: int, channel: int | None = None
) -> NDArray[np.float32] | None:
    """Read a segment's sound, resampled, one channel of it or all mixed.

    Returns:
        (samples,) in [-1, 1], as long as the segment (silence after the end of the stream), or None
        if the file has no sound in the segment.

    Raises:
        MediaError: If the file is unreadable or has no such channel.
    """
    num_samples = max(1, round((end_s - start_s) * rate_hz))
    wave = np.zeros(num_samples, dtype=np.float32)
    heard = False
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
    input_form: tuple[str, str, int] | None = None
    at = 0
    for time_s, frame in _decode(path, "audio", start_s):
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        due = round((time_s - start_s) * rate_hz)
        if form != input_form:  # the first frame, or a stream that changes on the way
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
            input_form, at = form, due
        elif abs(due - at) > _MAX_DRIFT_S * rate_hz:  # a gap in the stream
            at = due
        for piece in resampler.resample(frame if channel is None else _only(frame, channel)):
            samples = piece.to_ndarray()[0]
            heard |= _place(wave, samples, at)
            at += len(samples)
        if at >= num_samples + _MAX_DRIFT_S * rate_hz:
            break
    for piece in resampler.resample(None) if input_form else ():
        heard |= _place(wave, piece.to_ndarray()[0], at)
    return wave if heard else None


def _only(frame: av.AudioFrame, channel: int) -> av.AudioFrame:
    """Take one channel out of a frame."""
    samples = frame.to_ndarray()
    num_channels = len(frame.layout.channels)
    if channel >= num_channels:
        raise MediaError(
            RejectReason.UNREADABLE, f"channel {channel} is wanted, the sound has {num_channels}"
        )
    if not frame.format.is_planar:  # (1, samples * channels), interleaved
        samples = samples.reshape(-1, num_channels).T
    one = av.AudioFrame.from_ndarray(
        samples[channel : channel + 1].copy(),
        format=frame.format.planar.name,
        layout="mono",
    )
    one.sample_rate, one.pts, one.time_base = frame.sample_rate, frame.pts, frame.time_base
    return one


def _place(wave: NDArray[np.float32], samples: NDArray[np.float32], at: int) -> bool:
    """Copy the samples that fall inside `wave`; tell whether there are any."""
    begin, end = max(at, 0), min(at + len(samples), len(wave))
    if begin >= end:
        return False
    wave[begin:end] = samples[begin - at : end - at]
    return True


def _open(path: Path) -> InputContainer:
    try:
        return av.open(str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise MediaError(RejectReason.UNREADABLE, str(error)) from error


def _decode(path: Path, kind: str, start_s: float) -> Iterator[tuple[float, Any]]:
    """Yield a stream's frames, each with its time in the file, from some time before `start_s`.

    Some containers seek badly: if the first frame found lies after `start_s`, the file is decoded
    from its beginning.
    """
    if start_s > _PREROLL_S:
        frames = _decode_from(path, kind, start_s - _PREROLL_S)
        first = next(frames, None)
        if first is not None and first[0] <= start_s:
            yield first
            yield from frames
            return
    yield from _decode_from(path, kind, 0.0)


def _decode_from(path: Path, kind: str, seek_s: float) -> Iterator[tuple[float, Any]]:
    """Yield the frames of the first stream of a kind; a damaged stream ends at the damage.

    Raises:
        MediaError: If no frame can be decoded.
    """
    with _open(path) as container:
        streams = getattr(container.streams, kind)
        if not streams:
            return
        origin_s = (container.start_time or 0) / av.time_base
        num_decoded = num_timed = 0
        try:
            if seek_s > 0:
                container.seek(int((seek_s + origin_s) * av.time_base), backward=True)
            frames: Iterator[Any] = container.decode(streams[0])
            for frame in frames:
                num_decoded += 1
                if frame.time is not None:
                    num_timed += 1
                    yield frame.time - origin_s, frame
        except (av.FFmpegError, ValueError) as error:
            if num_decoded == 0 and seek_s == 0:
                raise MediaError(RejectReason.UNREADABLE, str(error)) from error
        if num_decoded and not num_timed and seek_s == 0:
            raise MediaError(RejectReason.UNREADABLE, "its frames have no timestamps")


def _has_video(path: Path) -> bool:
    with _open(path) as container:
        return bool(container.streams.video)


def _duration_s(frame: av.VideoFrame) -> float:
    if not frame.duration or frame.time_base is None:
        return 2 * _CLOCK_TOLERANCE_S
    return float(frame.duration * frame.time_base)


def _to_rgb(frame: av.VideoFrame) -> Frame:
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), quarter_turns))
