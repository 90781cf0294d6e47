"""CMU-MOSEI as its authors release it: whole videos, their sound, transcripts and answers."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from corpora.media.segments import SoundSegment, VideoSegment
from corpora.mosei.ids import video_of
from corpora.mosei.labels import LABEL_SETS, USUAL_LABELS, Answers, LabelSet, read_answers
from corpora.readers.intake import FAITHFUL, SplitRule, build_source, require_split
from corpora.readers.release_files import files_by_stem, read_lines, visible_files
from corpora.readers.spans import read_span_s
from corpora.readers.split_lists import read_split_lists
from corpora.recipes.pictures import Compat
from corpora.source.errors import CorpusError, MediaError
from corpora.source.names import kind_of
from corpora.source.rejects import Reject, RejectReason
from corpora.source.split import Split
from corpora.source.utterance import Source, Utterance

PLACES: Mapping[str, tuple[str, ...]] = {
    "labels": ("Labels",),
    "transcripts": ("Transcript/Segmented/Combined", "Transcript/Combined"),
    "waves": ("Audio/Full/WAV_16000", "Audio/WAV_16000"),
    "videos": ("Videos/Full/Combined",),
}
"""Where in `Raw` each part lies; archives of different years differ."""

_LINE = re.compile(
    r"(?P<video>.+?)___(?P<clip>[0-9]+)___(?P<start>[^_]*)___(?P<end>[^_]*)___(?P<text>.*)"
)

Line = tuple[str, str, str]
"""Start, end and text, as written."""


def read_mosei(
    folder: Path,
    *,
    splits: Path | None = None,
    compat: Compat = FAITHFUL,
    labels: str = USUAL_LABELS,
) -> Source:
    """Read `Raw`.

    Args:
        folder: `Raw`, or the folder that holds it.
        splits: A folder of id lists.
        compat: Changes nothing here: pictures are found by the videos' timestamps.
        labels: Which of `LABEL_SETS` is made of the answers.

    Raises:
        CorpusError: If the release is incomplete, or no lists are given.
    """
    if splits is None:
        raise CorpusError(
            "the raw release of CMU-MOSEI has no splits; give --splits DIR, a folder of id lists "
            "such as those of Dai et al."
        )
    rule = SplitRule.from_lists(read_split_lists(splits))
    root = folder / "Raw" if (folder / "Raw").is_dir() else folder
    places = _find_places(root)
    label_set = LABEL_SETS[labels]
    answers = read_answers(places["labels"], label_set.columns)
    transcripts = _read_transcripts(places["transcripts"])
    return build_source(
        kind_of("mosei", labels, USUAL_LABELS),
        label_set.space,
        root,
        found={*answers, *transcripts.lines},
        rule=rule,
        make=partial(
            _make,
            label_set=label_set,
            answers=answers,
            lines=transcripts.lines,
            waves=files_by_stem([places["waves"]], "*.wav"),
            videos=files_by_stem([places["videos"]], "*.mp4"),
        ),
        rejects=transcripts.rejects,
    )


def _find_places(root: Path) -> dict[str, Path]:
    found = {
        part: next((root / place for place in places if (root / place).is_dir()), None)
        for part, places in PLACES.items()
    }
    missing = [" or ".join(PLACES[part]) for part, place in found.items() if place is None]
    if missing:
        raise CorpusError(f"'{root}' lacks {', '.join(missing)}; choose the folder Raw")
    return {part: place for part, place in found.items() if place is not None}


@dataclass
class _Transcripts:
    """What the transcripts say about each id; a repeated line counts once."""

    lines: defaultdict[str, set[Line]] = field(default_factory=lambda: defaultdict(set))
    rejects: list[Reject] = field(default_factory=list)


def _read_transcripts(folder: Path) -> _Transcripts:
    found = _Transcripts()
    for path in visible_files(folder, "*.txt"):
        for number, line in enumerate(read_lines(path), start=1):
            match = _LINE.fullmatch(line)
            if match is not None:
                name = f"{match['video']}_{match['clip']}"
                found.lines[name].add((match["start"], match["end"], match["text"].strip()))
            elif line.strip():
                found.rejects.append(_reject_line(path, number))
    return found


def _reject_line(path: Path, number: int) -> Reject:
    return Reject(
        utterance=f"{path.name}, line {number}",
        split=None,
        reason=RejectReason.BAD_LINE,
        detail="it is not video, clip, start, end and text with '___' between them",
    )


def _make(
    utterance_id: str,
    split: Split | None,
    *,
    label_set: LabelSet,
    answers: Mapping[str, Sequence[Answers]],
    lines: Mapping[str, set[Line]],
    waves: Mapping[str, Path],
    videos: Mapping[str, Path],
) -> Utterance:
    video = video_of(utterance_id)
    start, end, text = _only_line(utterance_id, answers, lines)
    labels = label_set.labels_of(answers[utterance_id])
    start_s, end_s = read_span_s(start, end)
    known_split = require_split(split)
    for files, part in ((videos, "videos"), (waves, "waves")):
        if video not in files:
            raise MediaError(
                RejectReason.NO_FILE, f"video '{video}' has no file in {PLACES[part][0]}"
            )
    return Utterance(
        id=utterance_id,
        pictures=VideoSegment(videos[video], start_s, end_s),
        sound=SoundSegment(waves[video], start_s, end_s, channel=0),
        duration_s=end_s - start_s,
        text=text,
        labels=labels,
        split=known_split,
        group=video,
    )


def _only_line(
    utterance_id: str, answers: Mapping[str, Sequence[Answers]], lines: Mapping[str, set[Line]]
) -> Line:
    found = lines.get(utterance_id, set())
    if not found and utterance_id not in answers:
        raise MediaError(RejectReason.NO_FILE, "no file of the release speaks of it")
    if utterance_id not in answers:
        raise MediaError(RejectReason.NO_LABEL, "it has a transcript and no label")
    if not found:
        raise MediaError(RejectReason.NO_TEXT, "it has a label and no transcript")
    if len(found) > 1:
        raise MediaError(RejectReason.REPEATED, f"it has {len(found)} transcripts that differ")
    (line,) = found
    return line
