"""The utterances of a contact sheet: a few that lack something, then samples of every label."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from corpora.recipes.pictures import Recipe
from corpora.source.rejects import Remark
from corpora.source.split import SPLITS, Split
from corpora.source.task import TaskKind
from corpora.store.manifest import Manifest
from corpora.store.rows import PreparedRow, PreparedRows

LACKING_SHARE = 4
"""One in so many utterances on the sheet is there because it lacks something."""

Place = tuple[Split, int]
"""A split, and a row number in its file."""


@dataclass(frozen=True)
class Sample:
    """An utterance to show.

    `emotions` are those that it has, its class, or its targets with their values; `lacks` names in
    words what is missing, such as sound, but for what all utterances lack: of that the row has
    nothing.
    """

    split: Split
    row: PreparedRow
    emotions: tuple[str, ...]
    lacks: tuple[str, ...]


def pick_samples(
    manifest: Manifest, recipe: Recipe, folder: Path, num_samples: int
) -> list[Sample]:
    """Choose utterances of a prepared corpus, the same ones every time.

    Some utterances without sound or without a face come first. The others are taken from every
    emotion, or third of a target's values, and split in turn, in the order of a checksum of their
    ids, so that neighbours are rare. They are shown by split and emotion, or value.

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
    marks = {split: _marks(manifest.task, rows.labels) for split, rows in splits.items()}
    for place in _spread(splits, marks):
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


def _marks(task: TaskKind, labels: NDArray[np.number]) -> NDArray[np.bool_]:
    """Mark which utterances have each emotion, or lie in each third of a target's values.

    Shapes:
        labels: (U, K) -> (U, M)
    """
    if task != "regression":
        return labels > 0
    first, second = np.quantile(labels, [1 / 3, 2 / 3], axis=0)
    thirds = (labels <= first, (labels > first) & (labels <= second), labels > second)
    return np.concatenate(thirds, axis=1)


def _spread(
    splits: Mapping[Split, PreparedRows], marks: Mapping[Split, NDArray[np.bool_]]
) -> Iterator[Place]:
    """List utterances that have a mark; alternate between marks and splits."""
    searches = []
    num_marks = marks["train"].shape[1]
    for turn in range(len(SPLITS)):
        turned = islice(cycle(SPLITS), turn, None)
        for mark, split in zip(range(num_marks), turned, strict=False):
            searches.append(_marked(split, splits[split], marks[split][:, mark]))
    return _in_turn(searches)


def _silent(split: Split, rows: PreparedRows) -> Iterator[Place]:
    return ((split, row) for row in _mixed(rows) if not rows.has_sound(row))


def _faceless(split: Split, rows: PreparedRows) -> Iterator[Place]:
    return ((split, row) for row in _mixed(rows) if not rows.has_face(row))


def _marked(split: Split, rows: PreparedRows, mark: NDArray[np.bool_]) -> Iterator[Place]:
    return ((split, row) for row in _mixed(rows) if mark[row])


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
    shown = rows.read(row)
    has = {"no face": rows.has_face(row), "no sound": rows.has_sound(row)}
    if "vision" in manifest.without:  # what stands in for the pictures of all is not shown
        shown = replace(shown, crops=shown.crops[:0], found=shown.found[:0])
        has.pop("no face")
    if "audio" in manifest.without:
        shown = replace(shown, mels=shown.mels[:0])
        has.pop("no sound")
    return Sample(
        split=split,
        row=shown,
        emotions=tuple(_said_by(manifest, rows.labels[row].tolist())),
        lacks=tuple(words for words, is_there in has.items() if not is_there),
    )


def _said_by(manifest: Manifest, labels: Sequence[float]) -> Iterator[str]:
    for name, label in zip(manifest.emotions, labels, strict=True):
        if manifest.task == "regression":
            yield f"{name} {label:.4g}"
        elif label:
            yield name
