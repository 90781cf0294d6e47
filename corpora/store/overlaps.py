"""Utterances of the test split whose pictures or sound the training split holds too."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpora.media.segments import ImageSequence, SoundSegment, VideoSegment
from corpora.source.utterance import Utterance

MIN_OVERLAP_S = 0.1
"""Neighbours whose times were rounded overlap by less than this."""

Place = tuple[Path, str | int | None]
"""A file and, where people have their own, a half of its picture or a channel of its sound."""

Region = tuple[Place, float, float]
"""A place from a start to an end, in seconds; an image is there for ever."""


class Overlap(BaseModel):
    """Two utterances that share a part of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: str
    train: str


def find_overlaps(utterances: Sequence[Utterance]) -> tuple[Overlap, ...]:
    """Find, for each test utterance, a training utterance that shares a part of a file with it."""
    regions = _Regions()
    trained: defaultdict[Place, list[tuple[float, float, str]]] = defaultdict(list)
    for utterance in utterances:
        if utterance.split == "train":
            for place, start_s, end_s in regions.of(utterance):
                trained[place].append((start_s, end_s, utterance.id))
    lines = {place: _TimeLine(clips) for place, clips in trained.items()}
    found = []
    for utterance in utterances:
        if utterance.split == "test":
            every = (
                lines[place].clip_in(start_s, end_s)
                for place, start_s, end_s in regions.of(utterance)
                if place in lines
            )
            train = next((clip for clip in every if clip is not None), None)
            if train is not None:
                found.append(Overlap(test=utterance.id, train=train))
    return tuple(found)


class _TimeLine:
    """The training utterances of one place."""

    def __init__(self, clips: Sequence[tuple[float, float, str]]) -> None:
        in_order = sorted(clips)
        self._starts_s = [start_s for start_s, _, _ in in_order]
        self._latest = list(accumulate(((end_s, clip) for _, end_s, clip in in_order), max))

    def clip_in(self, start_s: float, end_s: float) -> str | None:
        """Return a clip that shares a time with the given ones, or None."""
        num_before = bisect_left(self._starts_s, end_s - MIN_OVERLAP_S)
        if num_before == 0:
            return None
        latest_s, clip = self._latest[num_before - 1]
        return clip if latest_s > start_s + MIN_OVERLAP_S else None


class _Regions:
    """Finds the regions of utterances; a file that has several names is one place."""

    def __init__(self) -> None:
        self._resolved = cache(Path.resolve)

    def of(self, utterance: Utterance) -> Iterator[Region]:
        for part in (utterance.pictures, utterance.sound):
            match part:
                case VideoSegment(path=path, start_s=start_s, end_s=end_s, half=half):
                    yield (self._resolved(path), half), start_s, end_s
                case SoundSegment(path=path, start_s=start_s, end_s=end_s, channel=channel):
                    yield (self._resolved(path), channel), start_s, end_s
                case ImageSequence(paths=paths):
                    for path in paths:
                        yield (path, None), 0.0, float("inf")
