"""One decoding pass over some utterances, for all recipes at once, in bounded memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from corpora.forms.detections import StoredDetections, time_ms
from corpora.forms.faces import FaceDetector, Faces
from corpora.forms.form import ClipForm, FormMaker, PreparedClip
from corpora.media.limits import check_length
from corpora.source.errors import MediaError
from corpora.source.notes import Notes
from corpora.source.rejects import Reject
from corpora.source.utterance import Frame, Utterance

MAX_FRAMES = 64
MAX_FRAME_BYTES = 96 * 2**20
"""Limits of the frames in memory; at either one, faces are found in them, and they are freed."""


@dataclass(frozen=True)
class PassedClip:
    """One utterance, prepared by each recipe, and the faces of the frames that they wanted."""

    utterance: Utterance
    forms: dict[str, PreparedClip]
    detections: dict[int, Faces]


@dataclass
class _OpenClip:
    """An utterance whose frames are being decoded.

    `seen` and `heard` are what is noticed in its pictures and in its sound.
    """

    utterance: Utterance
    forms: dict[str, ClipForm]
    detections: dict[int, Faces]
    failure: MediaError | None = None
    seen: Notes = field(default_factory=Notes)
    heard: Notes = field(default_factory=Notes)
    wanted: dict[str, Counter[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.wanted = {
            name: Counter(time_ms(time_s) for time_s in form.times_s)
            for name, form in self.forms.items()
        }

    @property
    def times_ms(self) -> list[int]:
        """All times that any recipe wants."""
        return sorted(set().union(*self.wanted.values()))

    def see(self, time: int, frame: Frame) -> None:
        """Show a frame to the recipes that want it."""
        for name, form in self.forms.items():
            for _ in range(self.wanted[name][time]):
                form.see(frame, self.detections[time])


class ClipPass:
    """Prepares utterances: decodes each once and looks for faces in many frames together.

    Frames whose faces are `known` already are not searched again.
    """

    def __init__(
        self,
        form_makers: Mapping[str, FormMaker],
        device: str,
        known: StoredDetections | None = None,
    ) -> None:
        self._form_makers = form_makers
        self._known = known
        self._device = device

    @cached_property
    def _detector(self) -> FaceDetector:
        return FaceDetector(self._device)

    def prepare(self, utterances: Sequence[Utterance]) -> Iterator[PassedClip | Reject]:
        """Prepare utterances, in their order."""
        clips = []
        decoded: list[tuple[_OpenClip, int, Frame]] = []
        for utterance in utterances:
            clip = self._open(utterance)
            clips.append(clip)
            for time, frame in _frames(clip):
                decoded.append((clip, time, frame))
                num_bytes = sum(frame.nbytes for _, _, frame in decoded)
                if len(decoded) == MAX_FRAMES or num_bytes > MAX_FRAME_BYTES:
                    self._look_at(decoded)
                    decoded = []
        self._look_at(decoded)
        for clip in clips:
            self._hear(clip)
        for clip in clips:
            yield self._finish(clip)

    def _open(self, utterance: Utterance) -> _OpenClip:
        try:
            check_length(utterance.duration_s)
        except MediaError as error:
            return _OpenClip(utterance, {}, {}, failure=error)
        forms = {name: make(utterance) for name, make in self._form_makers.items()}
        known = {} if self._known is None else self._known.of(utterance.id)
        return _OpenClip(utterance, forms, known)

    def _look_at(self, decoded: Sequence[tuple[_OpenClip, int, Frame]]) -> None:
        new = [item for item in decoded if item[1] not in item[0].detections]
        if new:
            found = self._detector.detect([frame for _, _, frame in new])
            for (clip, time, _), faces in zip(new, found, strict=True):
                clip.detections[time] = faces
        for clip, time, frame in decoded:
            clip.see(time, frame)

    def _hear(self, clip: _OpenClip) -> None:
        """Decode the sound once for each sampling rate; a failure is kept with the clip."""
        if clip.failure is not None:
            return
        try:
            waves: dict[int | None, NDArray[np.float32] | None] = {
                rate_hz: None
                if rate_hz is None
                else clip.utterance.sound.wave(rate_hz=rate_hz, note=clip.heard)
                for rate_hz in {form.rate_hz for form in clip.forms.values()}
            }
        except MediaError as error:
            clip.failure = error
            return
        for form in clip.forms.values():
            form.hear(waves[form.rate_hz])

    def _finish(self, clip: _OpenClip) -> PassedClip | Reject:
        try:
            if clip.failure is not None:
                raise clip.failure
            forms = {
                name: _with_notes(form.finish(), form, clip) for name, form in clip.forms.items()
            }
        except MediaError as error:
            return Reject(
                utterance=clip.utterance.id,
                split=clip.utterance.split,
                reason=error.reason,
                detail=error.detail,
            )
        return PassedClip(clip.utterance, forms, clip.detections)


def _with_notes(prepared: PreparedClip, form: ClipForm, clip: _OpenClip) -> PreparedClip:
    """Add what was noticed in the media that the form reads."""
    notes = Notes()
    if form.times_s:
        notes.add(clip.seen)
    if form.rate_hz is not None:
        notes.add(clip.heard)
    return replace(
        prepared,
        remarks=(*prepared.remarks, *notes.details),
        details={**prepared.details, **notes.details},
    )


def _frames(clip: _OpenClip) -> Iterator[tuple[int, Frame]]:
    """Decode what the recipes want to see; a failure is kept with the clip."""
    times = clip.times_ms
    if not times:
        return
    frames = clip.utterance.pictures.frames([time / 1000 for time in times], clip.seen)
    try:
        yield from zip(times, frames, strict=False)
    except MediaError as error:
        clip.failure = error
