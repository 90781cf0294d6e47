"""A folder of video files and a CSV that says which utterances they hold."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from corpora.media.segments import SoundSegment, VideoSegment
from corpora.source.digest import source_digest
from corpora.source.errors import CorpusError
from corpora.source.split import SPLITS, Split
from corpora.source.utterance import Source, Utterance

REQUIRED_COLUMNS = ("utterance", "file", "start", "end", "text")
GROUPING_COLUMNS = ("split", "speaker")
SPEAKER_SHARES: Mapping[Split, float] = {"train": 0.6, "valid": 0.15, "test": 0.25}
"""Wanted shares of the utterances where the CSV names speakers but no splits."""


def read_clips(folder: Path, csv_file: Path | None = None) -> Source:
    """Read a clip folder.

    The CSV has the columns utterance, file (relative to the folder), start and end (seconds), text,
    `split` (train, valid or test) or `speaker` or both; every other column is an emotion, 0 or 1.
    Without `split`, whole speakers are dealt to the splits, so that no speaker is in two of them.

    Args:
        folder: Holds the media files.
        csv_file: The CSV; by default the only one in the folder.

    Raises:
        CorpusError: If anything is wrong; all faults of the CSV together, with line numbers.
    """
    if not folder.is_dir():
        raise CorpusError(f"clip folder '{folder}' does not exist")
    path = csv_file or _only_csv(folder)
    columns, lines = _read_csv(path)
    emotions = tuple(c for c in columns if c not in (*REQUIRED_COLUMNS, *GROUPING_COLUMNS))
    _check_columns(path, columns, emotions)
    faults = _repeated_ids(lines)
    for number, line in lines.items():
        faults += [f"line {number}, {fault}" for fault in _faults(line, folder, emotions)]
    if faults:
        raise CorpusError(f"{path}:\n" + "\n".join(f"  {fault}" for fault in faults))
    splits = _splits(path, lines)
    utterances = tuple(
        Utterance(
            id=line["utterance"],
            pictures=VideoSegment(folder / line["file"], *_span_s(line)),
            sound=SoundSegment(folder / line["file"], *_span_s(line)),
            duration_s=_duration_s(line),
            text=line["text"],
            labels=tuple(int(float(line[emotion])) for emotion in emotions),
            split=splits[number],
            group=line.get("speaker") or line["utterance"],
            speaker=line.get("speaker") or None,
        )
        for number, line in lines.items()
    )
    return Source("clips", emotions, utterances, source_digest(folder, utterances))


def _only_csv(folder: Path) -> Path:
    found = sorted(folder.glob("*.csv"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise CorpusError(
            f"clip folder '{folder}' must hold one CSV, or name it with --csv; it holds {names}"
        )
    return found[0]


def _read_csv(path: Path) -> tuple[list[str], dict[int, dict[str, str]]]:
    """Return the header and the lines by line number."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey="", restval="")
            columns = [(name or "").strip() for name in reader.fieldnames or []]
            if "" in columns:
                raise CorpusError(f"{path}: column {columns.index('') + 1} has no name")
            reader.fieldnames = columns
            lines = {}
            for line in reader:
                if "" in line:
                    raise CorpusError(f"{path}: line {reader.line_num} has too many cells")
                lines[reader.line_num] = {name: cell.strip() for name, cell in line.items()}
    except FileNotFoundError as error:
        raise CorpusError(f"CSV '{path}' does not exist") from error
    except (OSError, csv.Error) as error:
        raise CorpusError(f"CSV '{path}' cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"CSV '{path}' is not UTF-8 text: {error}") from error
    if not lines:
        raise CorpusError(f"CSV '{path}' has no utterances")
    return columns, lines


def _check_columns(path: Path, columns: Sequence[str], emotions: Sequence[str]) -> None:
    missing = [name for name in REQUIRED_COLUMNS if name not in columns]
    if missing:
        raise CorpusError(
            f"CSV '{path}' has no column {', '.join(map(repr, missing))}; "
            f"its columns are {', '.join(columns)}"
        )
    if not any(name in columns for name in GROUPING_COLUMNS):
        raise CorpusError(f"CSV '{path}' needs a column 'split' or a column 'speaker'")
    if len(set(columns)) < len(columns):
        raise CorpusError(f"CSV '{path}' names a column twice: {', '.join(columns)}")
    if not emotions:
        raise CorpusError(f"CSV '{path}' has no emotion: one column each, holding 0 or 1")


def _repeated_ids(lines: Mapping[int, Mapping[str, str]]) -> list[str]:
    first: dict[str, int] = {}
    faults = []
    for number, line in lines.items():
        known = first.setdefault(line["utterance"], number)
        if known != number:
            faults.append(
                f"line {number}, utterance: '{line['utterance']}' stands in line {known} already"
            )
    return faults


def _faults(line: Mapping[str, str], folder: Path, emotions: Sequence[str]) -> list[str]:
    faults = []
    if not line["utterance"]:
        faults.append("utterance: is empty")
    media = folder / line["file"]
    if not line["file"] or not media.resolve().is_relative_to(folder.resolve()):
        faults.append(f"file: '{line['file']}' does not lie in the clip folder")
    elif not media.is_file():
        faults.append(f"file: clip '{line['file']}' does not exist in '{folder}'")
    start, end = _seconds(line["start"]), _seconds(line["end"])
    if start is None or start < 0:
        faults.append(f"start: '{line['start']}' is not a time in seconds, 0 or later")
    elif end is None or end <= start:
        faults.append(f"end: '{line['end']}' is not a time in seconds after the start")
    if "split" in line and line["split"] not in SPLITS:
        faults.append(f"split: '{line['split']}' is none of {', '.join(SPLITS)}")
    if "split" not in line and not line["speaker"]:
        faults.append("speaker: is empty, and there is no split")
    faults += [
        f"{emotion}: '{line[emotion]}' is not 0 or 1"
        for emotion in emotions
        if line[emotion] not in ("0", "1", "0.0", "1.0")
    ]
    return faults


def _span_s(line: Mapping[str, str]) -> tuple[float, float]:
    return float(line["start"]), float(line["end"])


def _duration_s(line: Mapping[str, str]) -> float:
    start_s, end_s = _span_s(line)
    return end_s - start_s


def _seconds(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if value < float("inf") else None


def _splits(path: Path, lines: Mapping[int, Mapping[str, str]]) -> dict[int, Split]:
    """Take the splits as given, or deal whole speakers, the most talkative first."""
    if all("split" in line for line in lines.values()):
        return {number: SPLITS[SPLITS.index(line["split"])] for number, line in lines.items()}
    counts: dict[str, int] = {}
    for line in lines.values():
        counts[line["speaker"]] = counts.get(line["speaker"], 0) + 1
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
    return {number: home[line["speaker"]] for number, line in lines.items()}
