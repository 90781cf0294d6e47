"""The sound of a segment, from any container and codec that PyAV reads."""

from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from corpora.media.channels import Mixer
from corpora.media.container import DAMAGE
from corpora.media.decoding import decode
from corpora.media.limits import check_length, check_sound
from corpora.source.errors import MediaError
from corpora.source.notes import Note, unnoted
from corpora.source.rejects import RejectReason, Remark

_MAX_DRIFT_S = 0.1
"""Sound this far from its timestamp is moved there; less is the delay of a resampler or codec."""


def read_sound(
    path: Path,
    start_s: float,
    end_s: float,
    *,
    rate_hz: int,
    channel: int | None = None,
    track: int | None = None,
    note: Note = unnoted,
) -> NDArray[np.float32] | None:
    """Read a segment's sound, resampled.

    Args:
        path: The file.
        start_s: Where the segment starts, in seconds since the start of the file.
        end_s: Where it ends.
        rate_hz: The sampling rate that is wanted.
        channel: Which channel to read; by default the mean (`Mixer`).
        track: Which sound track to read, the first is 1; by default the first.
        note: Takes remarks on the way.

    Returns:
        (samples,) in [-1, 1], as long as the segment (silence after the end of the stream), or None
        if the file has no sound in the segment.

    Raises:
        MediaError: If the file is unreadable, has no such channel or track, or is over a limit.
    """
    check_length(end_s - start_s)
    segment = _Segment(start_s, max(1, round((end_s - start_s) * rate_hz)), rate_hz)
    mixer = Mixer(channel)
    try:
        for heard in decode(path, partial(_sound_stream, track=track, note=note), start_s, note):
            frame = heard.frame
            check_sound(frame.sample_rate, len(frame.layout.channels))
            form = (frame.format.name, frame.layout.name, frame.sample_rate)
            one = mixer.mix(frame, is_inside=start_s < heard.end_s and heard.start_s < end_s)
            segment.add(one, form, heard.start_s, is_cut=heard.follows_damage)
            if segment.is_full:
                break
        segment.finish()
    except DAMAGE as error:
        raise MediaError(RejectReason.UNREADABLE, f"its sound is broken: {error}") from error
    if mixer.cancels:
        note(Remark.CHANNELS_CANCEL, "the mean of its channels is read")
    if mixer.gain != 1.0:
        segment.wave *= np.float32(mixer.gain)
    return segment.wave if segment.is_heard else None


def _sound_stream(container: InputContainer, *, track: int | None, note: Note) -> Any:
    tracks = container.streams.audio
    if not tracks:
        return None
    number = track or 1
    if number > len(tracks):
        raise MediaError(
            RejectReason.UNREADABLE, f"sound track {number} is wanted, the file has {len(tracks)}"
        )
    if len(tracks) > 1:
        told = (_language(each) for each in tracks)
        listed = ", ".join(f"{place}{language}" for place, language in enumerate(told, 1))
        note(Remark.SEVERAL_SOUND_TRACKS, f"track {number} is read, of {listed}")
    return tracks[number - 1]


def _language(track: Any) -> str:
    told = track.metadata.get("language", "und")
    return f" ({told})" if told.isascii() and told.isalnum() and told != "und" else ""


class _Segment:
    """The samples of a segment, filled with what is heard.

    Attributes:
        wave: (samples,), silent where nothing was heard.
        is_heard: Whether anything was heard.
    """

    def __init__(self, start_s: float, num_samples: int, rate_hz: int) -> None:
        self.wave = np.zeros(num_samples, dtype=np.float32)
        self.is_heard = False
        self._start_s, self._rate_hz = start_s, rate_hz
        self._form: tuple[str, str, int] | None = None
        self._resampler = self._new_resampler()
        self._at = 0  # where the next sample belongs

    @property
    def is_full(self) -> bool:
        return self._at >= len(self.wave) + _MAX_DRIFT_S * self._rate_hz

    def add(
        self, frame: av.AudioFrame, form: tuple[str, str, int], start_s: float, *, is_cut: bool
    ) -> None:
        """Add a frame of one channel.

        Args:
            frame: The frame.
            form: Sample format, channels and sampling rate of the sound that it was made of.
            start_s: When it is heard, in seconds since the start of the file.
            is_cut: Whether sound is missing before it.
        """
        due = round((start_s - self._start_s) * self._rate_hz)
        if form != self._form:  # the first frame, or a stream that changes on the way
            self._resampler, self._form, self._at = self._new_resampler(), form, due
        elif is_cut or abs(due - self._at) > _MAX_DRIFT_S * self._rate_hz:  # a gap in the stream
            self._at = due
        self._place(frame)

    def finish(self) -> None:
        """Add what the resampler has held back."""
        if self._form is not None:
            self._place(None)

    def _new_resampler(self) -> av.AudioResampler:
        return av.AudioResampler(format="flt", layout="mono", rate=self._rate_hz)

    def _place(self, frame: av.AudioFrame | None) -> None:
        for piece in self._resampler.resample(frame):
            samples = piece.to_ndarray()[0]
            begin, end = max(self._at, 0), min(self._at + len(samples), len(self.wave))
            if begin < end:
                self.wave[begin:end] = samples[begin - self._at : end - self._at]
                self.is_heard = True
            self._at += len(samples)
