"""The utterances of a contact sheet: a few that lack something, then samples of every label."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from zlib import crc32

from corpora.recipes.pictures import Recipe
from corpora.source.rejects import Remark
from corpora.source.split import SPLITS, Split
from corpora.store.manifest import Manifest
from corpora.store.rows import PreparedRow, PreparedRows

LACKING_SHARE = 4
"""One in so many utterances on the sheet is there because it lacks something."""

Place = tuple[Split, int]
"""A split, and a row number in its file."""


@dataclass(frozen=True)
class Sample:
    """An utterance to show; `lacks` names in words what is missing, such as sound."""

    split: Split
    row: PreparedRow
    emotions: tuple[str, ...]
    lacks: tuple[str, ...]


def pick_samples(
    manifest: Manifest, recipe: Recipe, folder: Path, num_samples: int
) -> list[Sample]:
    """Choose utterances of a prepared corpus, the same ones every time.

    Some utterances without sound or without a face come first. The others are taken from every
    emotion and split in turn, in the order of a checksum of their ids, so that neighbours are rare.
    They are shown by split and emotion.

    Args:
        manifest: The manifest of the corpus.
        recipe: The recipe that it was prepared by.
        folder: The folder of its files.
        num_samples: The most utterances to choose.
    """
    splits = {split: PreparedRows(folder, manifest, split, recipe) for split in SPLITS}
    num_lacking = max(1, num_samples // LACKING_SHARE)
    lacking = dict.fromkeys(islice(_lacking(manifest, splits), num_lacking))
    chosen = dict(lacking)
    for place in _spread(splits, len(manifest.emotions)):
        if len(chosen) >= num_samples:
            break
        chosen[place] = None

    def by_split_and_emotion(place: Place) -> tuple[int, list[int]]:
        split, row = place
        return SPLITS.index(split), (-splits[split].labels[row]).tolist()

    others = sorted((place for place in chosen if place not in lacking), key=by_split_and_emotion)
    return [_sample(manifest, split, splits[split], row) for split, row in (*lacking, *others)]


def _lacking(manifest: Manifest, splits: Mapping[Split, PreparedRows]) -> Iterator[Place]:
    """Find utterances without sound or a face; search only splits that have some."""
    searches = []
    for split, rows in splits.items():
        remarks = manifest.splits[split].remarks
        if remarks[Remark.NO_SOUND]:
            searches.append(_silent(split, rows))
        if remarks[Remark.NO_FACE] or remarks[Remark.NO_FRAMES]:
            searches.append(_faceless(split, rows))
    return _in_turn(searches)


def _spread(splits: Mapping[Split, PreparedRows], num_emotions: int) -> Iterator[Place]:
    """List utterances that have an emotion; alternate between emotions and splits."""
    searches = []
    for turn in range(len(SPLITS)):
        turned = islice(cycle(SPLITS), turn, None)
        for emotion, split in zip(range(num_emotions), turned, strict=False):
            searches.append(_positive(split, splits[split], emotion))
    return _in_turn(searches)


def _silent(split: Split, rows: PreparedRows) -> Iterator[Place]:
    return ((split, row) for row in _mixed(rows) if not rows.has_sound(row))


def _faceless(split: Split, rows: PreparedRows) -> Iterator[Place]:
    return ((split, row) for row in _mixed(rows) if not rows.has_face(row))


def _positive(split: Split, rows: PreparedRows, emotion: int) -> Iterator[Place]:
    return ((split, row) for row in _mixed(rows) if rows.labels[row, emotion])


def _mixed(rows: PreparedRows) -> list[int]:
    return sorted(range(len(rows)), key=lambda row: crc32(rows.ids[row].encode()))


def _in_turn(searches: Iterable[Iterator[Place]]) -> Iterator[Place]:
    waiting = deque(searches)
    while waiting:
        search = waiting.popleft()
        for place in islice(search, 1):
            yield place
            waiting.append(search)


def _sample(manifest: Manifest, split: Split, rows: PreparedRows, row: int) -> Sample:
    has = {"no face": rows.has_face(row), "no sound": rows.has_sound(row)}
    return Sample(
        split=split,
        row=rows.read(row),
        emotions=tuple(
            emotion
            for emotion, label in zip(manifest.emotions, rows.labels[row], strict=True)
            if label
        ),
        lacks=tuple(words for words, is_there in has.items() if not is_there),
    )
