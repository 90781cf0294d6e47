"""A folder of media files and a CSV that says which utterances they hold; or text alone."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from corpora.media.frames import has_pictures
from corpora.media.segments import NoMedia, SoundSegment, VideoSegment
from corpora.readers.clip_cells import SPLIT_WORDS
from corpora.readers.clip_labels import ClipLabels, read_labels
from corpora.readers.clip_lines import ClipLine, LineReader, is_file
from corpora.readers.csv_table import CsvTable, Line, read_csv_table
from corpora.source.digest import source_digest
from corpora.source.errors import CorpusError, MediaError
from corpora.source.label_space import Range
from corpora.source.split import SPLITS, Split
from corpora.source.task import TaskKind
from corpora.source.utterance import Pictures, Sound, Source, Utterance

REQUIRED_COLUMNS = ("utterance",)
SEGMENT_COLUMNS = ("file", "start", "end")
GROUPING_COLUMNS = ("split", "speaker")
KNOWN_COLUMNS = (*REQUIRED_COLUMNS, *SEGMENT_COLUMNS, "text", *GROUPING_COLUMNS, "dialogue")
"""The columns that are no labels; the header may use capitals."""

SPEAKER_SHARES: Mapping[Split, float] = {"train": 0.6, "valid": 0.15, "test": 0.25}
"""Wanted shares of the utterances where the CSV names speakers but no splits."""


@dataclass(frozen=True)
class UtteranceTable:
    """What a CSV says of utterances, by the numbers of its lines.

    Attributes:
        path: The CSV.
        clips: What each line says.
        labels: The labels of each line, and what they mean.
        splits: The split of each line.
        has_dialogues: Whether it names dialogues.
    """

    path: Path
    clips: Mapping[int, ClipLine]
    labels: ClipLabels
    splits: Mapping[int, Split]
    has_dialogues: bool

    def utterances(
        self, media_of: Callable[[ClipLine], tuple[Pictures, Sound]]
    ) -> tuple[Utterance, ...]:
        """Make the utterance of each line, with its pictures and its sound."""
        made = []
        for number, clip in self.clips.items():
            pictures, sound = media_of(clip)
            _, start_s, end_s = clip.segment or (None, 0.0, 0.0)
            made.append(
                Utterance(
                    id=clip.utterance,
                    pictures=pictures,
                    sound=sound,
                    duration_s=end_s - start_s,
                    text=clip.text,
                    labels=self.labels.of_line[number],
                    split=self.splits[number],
                    group=clip.dialogue or clip.speaker or clip.utterance,
                    speaker=clip.speaker or None,
                )
            )
        return tuple(made)


def read_clips(
    folder: Path,
    csv_file: Path | None = None,
    ignore: Collection[str] = (),
    task: TaskKind | None = None,
    label_range: Range | None = None,
) -> Source:
    """Read a clip folder.

    The CSV has the columns utterance, file (relative to the folder), start and end (seconds), text,
    `split` (train, valid or test) or `speaker` or both, and `dialogue`, the group of the utterance;
    without it the speaker is the group. Every other column is an emotion, 0 or 1, or the number of
    a target, or one column names the emotion or class (`read_labels`). Without `end`, a clip goes
    on to the end of its file; without `text`, subtitles beside the file say it. Without `split`,
    whole speakers are dealt to the splits, so that no speaker is in two of them. If no line names a
    file, there is text alone; if no file holds a video, there are no pictures.

    Args:
        folder: Holds the media files.
        csv_file: The CSV; by default the only one in the folder.
        ignore: Columns to leave out.
        task: What the labels are; None if that is to be seen from the cells.
        label_range: Within which all targets lie, where that is known.

    Raises:
        CorpusError: If anything is wrong; all faults of the CSV together, with line numbers.
    """
    if not folder.is_dir():
        raise CorpusError(f"clip folder '{folder}' does not exist")
    path = csv_file or _only_csv(folder)
    read_table = read_csv_table(path, REQUIRED_COLUMNS, may_hold=partial(_may_hold, folder))
    csv_table = _known_names(read_table, ignore)
    _check_columns(csv_table)
    has_files = any(line.get("file") for line in csv_table.lines.values())
    if not has_files:
        _check_text(csv_table)
    try:
        table = _read(csv_table, folder if has_files else None, task, label_range)
    except CorpusError as error:
        hint = "" if has_files else "\n  (no column 'file' names media: this would be text alone)"
        raise CorpusError(f"{error}{hint}") from error
    segments = [clip.segment for clip in table.clips.values() if clip.segment is not None]
    are_seen = _hold_pictures(segment.file for segment in segments)

    def media_of(clip: ClipLine) -> tuple[Pictures, Sound]:
        if clip.segment is None:
            return NoMedia(), NoMedia()
        return VideoSegment(*clip.segment) if are_seen else NoMedia(), SoundSegment(*clip.segment)

    utterances = table.utterances(media_of)
    return Source(
        "clips",
        table.labels.space,
        utterances,
        source_digest(folder, utterances, table.labels.space),
        has_dialogues=table.has_dialogues,
    )


def read_labels_csv(
    path: Path,
    ignore: Collection[str] = (),
    task: TaskKind | None = None,
    label_range: Range | None = None,
) -> UtteranceTable:
    """Read a CSV as that of `read_clips`, of utterances whose content lies elsewhere.

    What it says of files is not read, and it may have no text.

    Raises:
        CorpusError: If anything is wrong, as in `read_clips`.
    """
    table = _known_names(read_csv_table(path, REQUIRED_COLUMNS), ignore)
    _check_columns(table)
    return _read(table, None, task, label_range)


def _read(
    table: CsvTable, folder: Path | None, task: TaskKind | None, label_range: Range | None
) -> UtteranceTable:
    """Read the lines of a CSV; without a folder, no files."""
    has_commas = table.delimiter != ","
    columns = [name for name in table.columns if name not in KNOWN_COLUMNS]
    labels = read_labels(
        columns, table.lines, has_commas=has_commas, task=task, label_range=label_range
    )
    reader = LineReader(folder, has_commas=has_commas)
    read = {number: reader.read(number, line) for number, line in table.lines.items()}
    faults = [*_repeated_ids(table.lines), *reader.faults, *labels.faults]
    if faults:
        raise CorpusError(f"{table.path}:\n" + "\n".join(f"  {fault}" for fault in faults))
    clips = {number: clip for number, clip in read.items() if clip is not None}
    return UtteranceTable(
        path=table.path,
        clips=clips,
        labels=labels,
        splits=_splits(table.path, clips),
        has_dialogues="dialogue" in table.columns,
    )


def _hold_pictures(files: Iterable[Path]) -> bool:
    """Tell whether any file holds a video; one that cannot be read is rejected when it is decoded.

    If no file can be read, they shall be rejected as videos.
    """
    num_read = 0
    for file in dict.fromkeys(files):
        with suppress(MediaError):
            if has_pictures(file):
                return True
            num_read += 1
    return not num_read


def _may_hold(folder: Path, column: str, cell: str) -> bool:
    """Tell whether a cell is a split or the name of a file, in the column for it."""
    is_split = column == "split" and cell.lower() in SPLIT_WORDS
    return is_split or (column == "file" and is_file(folder / cell))


def _only_csv(folder: Path) -> Path:
    found = sorted(folder.glob("*.csv"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise CorpusError(
            f"clip folder '{folder}' must hold one CSV, or name it with --csv; it holds {names}"
        )
    return found[0]


def _known_names(table: CsvTable, ignore: Collection[str]) -> CsvTable:
    """Write the names of known columns in small letters, and leave out what is ignored."""
    unknown = [name for name in ignore if name not in table.columns]
    if unknown:
        raise CorpusError(
            f"CSV '{table.path}' has no column {', '.join(map(repr, unknown))} to ignore; its "
            f"columns are {', '.join(table.columns)}"
        )
    names = {
        name: name.lower() if name.lower() in KNOWN_COLUMNS else name
        for name in table.columns
        if name not in ignore
    }
    if len(set(names.values())) < len(names):
        raise CorpusError(f"CSV '{table.path}' names a column twice: {', '.join(table.columns)}")
    lines = {
        number: {own: line[name] for name, own in names.items()}
        for number, line in table.lines.items()
    }
    return replace(table, columns=tuple(names.values()), lines=lines)


def _check_columns(table: CsvTable) -> None:
    path, columns = table.path, table.columns
    if "" in columns:
        raise CorpusError(
            f"{path}: column {columns.index('') + 1} has no name; name it, and leave it out with "
            "--ignore NAME if it is no emotion"
        )
    if not table.lines:
        raise CorpusError(f"CSV '{path}' has no utterances")
    wanted = {"utterance"}
    wanted |= {"file"} if {"start", "end"}.intersection(columns) else set()
    wanted |= {"start"} if "end" in columns else set()
    missing = [name for name in KNOWN_COLUMNS if name in wanted.difference(columns)]
    if missing:
        raise CorpusError(
            f"CSV '{path}' has no column {', '.join(map(repr, missing))}; "
            f"its columns are {', '.join(columns)}"
        )
    if not any(name in columns for name in GROUPING_COLUMNS):
        raise CorpusError(f"CSV '{path}' needs a column 'split' or a column 'speaker'")
    if not set(columns) - set(KNOWN_COLUMNS):
        raise CorpusError(
            f"CSV '{path}' has no emotion: one column each, holding 0 or 1, or a column 'emotion' "
            "that names it, or columns of numbers"
        )


def _check_text(table: CsvTable) -> None:
    """Make sure that a corpus without files has at least text."""
    if not any(line.get("text") for line in table.lines.values()):
        raise CorpusError(
            f"CSV '{table.path}' names neither media in a column 'file' nor what is said in a "
            "column 'text'; an utterance needs one of them"
        )


def _repeated_ids(lines: Mapping[int, Line]) -> list[str]:
    first: dict[str, int] = {}
    faults = []
    for number, line in lines.items():
        known = first.setdefault(line["utterance"], number)
        if known != number:
            faults.append(
                f"line {number}, utterance: '{line['utterance']}' stands in line {known} already"
            )
    return faults


def _splits(path: Path, clips: Mapping[int, ClipLine]) -> dict[int, Split]:
    """Take the splits as given, or deal whole speakers, the most talkative first."""
    given = {number: clip.split for number, clip in clips.items() if clip.split is not None}
    if given:  # of all, or of none: an empty cell is a fault
        return given
    counts = Counter(clip.speaker for clip in clips.values())
    if len(counts) < len(SPLITS):
        raise CorpusError(
            f"CSV '{path}' names {len(counts)} speaker(s): splitting by speaker needs at least "
            f"{len(SPLITS)}; add a column 'split'"
        )
    taken = dict.fromkeys(SPLITS, 0)
    home: dict[str, Split] = {}
    in_turn = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    for num_dealt, (speaker, count) in enumerate(in_turn):
        empty = [split for split in SPLITS if taken[split] == 0]
        must_fill = len(empty) == len(in_turn) - num_dealt
        choices = empty if must_fill else SPLITS
        split = min(choices, key=lambda name: (taken[name] + count) / SPEAKER_SHARES[name])
        home[speaker] = split
        taken[split] += count
    return {number: home[clip.speaker] for number, clip in clips.items()}
