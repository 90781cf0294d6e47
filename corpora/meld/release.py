"""MELD as its authors release it: a video file an utterance, and a CSV a split."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from corpora.media.duration import read_duration_s
from corpora.media.segments import SoundSegment, VideoSegment
from corpora.meld.labels import LABEL_SETS, USUAL_LABELS, LabelSet
from corpora.readers.csv_table import Line, read_csv_table
from corpora.readers.intake import SplitRule, build_source, require_split
from corpora.readers.release_files import files_by_stem
from corpora.source.errors import CorpusError, MediaError
from corpora.source.names import kind_of
from corpora.source.rejects import RejectReason
from corpora.source.split import Split
from corpora.source.utterance import Source, Utterance

COLUMNS = ("Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID")


@dataclass(frozen=True)
class _Part:
    """One split: its name in ids, and where the release keeps it."""

    name: str
    split: Split
    csv: str
    videos: str


PARTS = (
    _Part("train", "train", "train_sent_emo.csv", "train_splits"),
    _Part("dev", "valid", "dev_sent_emo.csv", "dev_splits_complete"),
    _Part("test", "test", "test_sent_emo.csv", "output_repeated_splits_test"),
)

_CLIP = re.compile(r"dia[0-9]+_utt[0-9]+")
_ID = re.compile(r"(?P<part>train|dev|test)_(?P<clip>(?P<dialogue>dia[0-9]+)_utt[0-9]+)")
_FROM_WINDOWS = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
"""The CSVs hold signs of Windows, such as apostrophes, as control characters."""


def read_meld(folder: Path, *, labels: str = USUAL_LABELS) -> Source:
    """Read `MELD.Raw`, with the splits of the release.

    The clips of the three splits have equal names, so an id begins with that of its split:
    `dev_dia110_utt7`. A group is a dialogue.

    Args:
        folder: Holds the three CSVs and the three folders of videos, or folders that hold them.
        labels: Which of `LABEL_SETS` are the classes.

    Raises:
        CorpusError: If the release is incomplete.
    """
    root = folder / "MELD.Raw" if (folder / "MELD.Raw").is_dir() else folder
    places = {name: _find(root, name) for part in PARTS for name in (part.csv, part.videos)}
    missing = [name for name, place in places.items() if place is None]
    if missing:
        raise CorpusError(
            f"'{root}' lacks {', '.join(missing)}; choose the folder MELD.Raw, with its archives "
            "unpacked"
        )
    found = {name: place for name, place in places.items() if place is not None}
    lines: dict[str, list[Line]] = defaultdict(list)
    videos: dict[str, Path] = {}
    for part in PARTS:
        for name, line in _read_lines(found[part.csv], part):
            lines[name].append(line)
        clips = files_by_stem([found[part.videos]], "*.mp4")
        videos |= {f"{part.name}_{clip}": clips[clip] for clip in clips if _CLIP.fullmatch(clip)}
    return build_source(
        kind_of("meld", labels, USUAL_LABELS),
        LABEL_SETS[labels].space,
        root,
        found=videos,
        rule=SplitRule(_split_of, lines.keys()),
        make=partial(_make, label_set=LABEL_SETS[labels], lines=lines, videos=videos),
    )


def _find(root: Path, name: str) -> Path | None:
    """Find a file or folder in a folder or a level below it: archives are unpacked either way."""
    return next(
        (path for path in (root / name, *sorted(root.glob(f"*/{name}"))) if path.exists()), None
    )


def _read_lines(path: Path, part: _Part) -> list[tuple[str, Line]]:
    """Read the lines of a split, each with the id that it makes."""
    table = read_csv_table(path, [column.lower() for column in COLUMNS], errors="replace")
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise CorpusError(
            f"'{path}' has no column {', '.join(missing)}; its columns are "
            f"{', '.join(table.columns)}"
        )
    return [
        (f"{part.name}_dia{line['Dialogue_ID']}_utt{line['Utterance_ID']}", line)
        for line in table.lines.values()
    ]


def _split_of(utterance_id: str) -> Split | None:
    name = utterance_id.partition("_")[0]
    return next((part.split for part in PARTS if part.name == name), None)


def _make(
    utterance_id: str,
    split: Split | None,
    *,
    label_set: LabelSet,
    lines: Mapping[str, Sequence[Line]],
    videos: Mapping[str, Path],
) -> Utterance:
    match = _ID.fullmatch(utterance_id)
    if match is None:
        raise MediaError(
            RejectReason.BAD_ID,
            f"'{utterance_id}' is no utterance of MELD, which look like 'dev_dia110_utt7'",
        )
    line = _only_line(lines.get(utterance_id, ()))
    labels = _labels_in(line, label_set)
    if utterance_id not in videos:
        raise MediaError(RejectReason.NO_FILE, f"the release has no {match['clip']}.mp4 for it")
    video = videos[utterance_id]
    duration_s = read_duration_s(video)
    return Utterance(
        id=utterance_id,
        pictures=VideoSegment(video, 0.0, duration_s),
        sound=SoundSegment(video, 0.0, duration_s),
        duration_s=duration_s,
        text=line["Utterance"].translate(_FROM_WINDOWS),
        labels=labels,
        split=require_split(split),
        group=f"{match['part']}_{match['dialogue']}",
        speaker=line["Speaker"] or None,
    )


def _only_line(lines: Sequence[Line]) -> Line:
    if not lines:
        raise MediaError(RejectReason.NO_LABEL, "it has a video and no line in a CSV")
    if len(lines) > 1:
        raise MediaError(RejectReason.REPEATED, f"{len(lines)} lines have its id")
    return lines[0]


def _labels_in(line: Line, label_set: LabelSet) -> tuple[int, ...]:
    name, names = line[label_set.column].lower(), label_set.space.names
    if name not in names:
        raise MediaError(
            RejectReason.BAD_LINE,
            f"{label_set.column}: '{line[label_set.column]}' is none of {', '.join(names)}",
        )
    return label_set.space.one_hot(name)
