"""One line of a clip CSV: which part of which file, if any, who speaks, and what is said."""

import os.path
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from corpora.media.duration import read_duration_s
from corpora.readers.clip_cells import check_printable, read_split, read_time_s
from corpora.readers.csv_table import Line
from corpora.source.errors import CorpusError, MediaError
from corpora.source.names import SOUND_SUFFIXES, VIDEO_SUFFIXES
from corpora.source.split import Split
from corpora.text.subtitles import SUFFIXES, Cue, read_cues, subtitles_beside, text_between

Read = TypeVar("Read")

MAX_NAME_BYTES = 255
"""The longest name of a file on common file systems."""


class Segment(NamedTuple):
    """A part of a media file."""

    file: Path
    start_s: float
    end_s: float


@dataclass(frozen=True)
class ClipLine:
    """What a line says.

    `segment` is None if the CSV names no files, `split` if it has none; an unknown `speaker`, or
    `dialogue`, is empty.
    """

    utterance: str
    segment: Segment | None
    text: str
    split: Split | None
    speaker: str
    dialogue: str


class LineReader:
    """Reads lines of a clip folder's CSV, and collects what is wrong with them.

    Without a folder, no files are read, and a text may be missing.

    Attributes:
        faults: Each with its line and column.
    """

    def __init__(self, folder: Path | None, *, has_commas: bool) -> None:
        self._folder = folder
        self._has_commas = has_commas
        self._duration_s = cache(_duration_s)
        self._cues = cache(_cues_beside)
        self.faults: list[str] = []

    def read(self, number: int, line: Line) -> ClipLine | None:
        """Read a line; None if something is wrong."""
        num_before = len(self.faults)
        utterance = self._cell(number, "utterance", lambda: _name(line["utterance"]))
        speaker = self._cell(number, "speaker", lambda: _speaker(line))
        dialogue = self._cell(number, "dialogue", lambda: _dialogue(line))
        split = self._cell(
            number, "split", lambda: read_split(line["split"]) if "split" in line else None
        )
        segment = None
        text: str | None = line.get("text", "")
        if self._folder is not None:
            segment = self._segment(number, line, self._folder)
            if segment is not None:
                text = self._cell(number, "text", lambda: self._text(line, segment))
        if utterance is None or text is None or len(self.faults) > num_before:
            return None
        return ClipLine(utterance, segment, text, split, speaker or "", dialogue or "")

    def _cell(self, number: int, column: str, read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except CorpusError as error:
            self.faults.append(f"line {number}, {column}: {error}")
            return None

    def _segment(self, number: int, line: Line, folder: Path) -> Segment | None:
        file = self._cell(number, "file", lambda: _find_file(folder, line["file"]))
        start_s = self._cell(number, "start", lambda: self._start_s(line))
        if file is None or start_s is None:
            return None
        end_s = self._cell(number, "end", lambda: self._end_s(line, file, start_s))
        return None if end_s is None else Segment(file, start_s, end_s)

    def _start_s(self, line: Line) -> float:
        """Read the start; a clip without one begins with its file."""
        written = line.get("start", "")
        if not written:
            return 0.0
        start_s = read_time_s(written, has_commas=self._has_commas)
        if start_s < 0:
            raise CorpusError(f"'{written}' is not a time in seconds, 0 or later")
        return start_s

    def _end_s(self, line: Line, file: Path, start_s: float) -> float:
        """Read the end; a clip without one goes on to the end of its file."""
        written = line.get("end", "")
        if written:
            end_s = read_time_s(written, has_commas=self._has_commas)
            if end_s <= start_s:
                raise CorpusError(f"'{written}' is not a time in seconds after the start")
            return end_s
        end_s = self._duration_s(file)
        if end_s <= start_s:
            raise CorpusError(f"is empty, and '{line['file']}' ends before the start: {end_s:g} s")
        return end_s

    def _text(self, line: Line, segment: Segment) -> str:
        """Read the text; without its column, subtitles beside the file say it."""
        if "text" in line:
            return line["text"]
        return text_between(self._cues(segment.file), segment.start_s, segment.end_s)


def _name(cell: str) -> str:
    if not cell:
        raise CorpusError("is empty")
    check_printable(cell)
    return cell


def _speaker(line: Line) -> str:
    speaker = line.get("speaker", "")
    if not speaker and "split" not in line:
        raise CorpusError("is empty, and there is no split")
    check_printable(speaker)
    return speaker


def _dialogue(line: Line) -> str:
    dialogue = line.get("dialogue", "")
    if not dialogue and "dialogue" in line:
        raise CorpusError("is empty; name the dialogue that the utterance belongs to")
    check_printable(dialogue)
    return dialogue


def _find_file(folder: Path, name: str) -> Path:
    """Find a media file inside the folder.

    Raises:
        CorpusError: If it is not there, or outside.
    """
    if not name:
        raise CorpusError("is empty, but other lines name a file; name the file of this one")
    check_printable(name)
    path = folder / name
    if not Path(os.path.normpath(path)).is_relative_to(os.path.normpath(folder)):
        raise CorpusError(f"'{name}' does not lie in the clip folder")
    if any(len(os.fsencode(part)) > MAX_NAME_BYTES for part in path.parts):
        raise CorpusError(
            f"'{name[:20]}...' has over {MAX_NAME_BYTES} bytes; no file can have such a name"
        )
    try:
        place, is_there = path.resolve(), path.is_file()
    except (OSError, RuntimeError) as error:  # links in a circle raise either
        raise CorpusError(f"'{name}' cannot be read: {error}") from error
    if not place.is_relative_to(folder.resolve()):
        raise CorpusError(
            f"'{name}' is a link to '{place}', outside of the clip folder, and is not read; put "
            "the file itself into the folder"
        )
    if not is_there:
        raise CorpusError(f"clip '{name}' does not exist in '{folder}'{_hint(path)}")
    return path


def _hint(path: Path) -> str:
    """Name the file that may be meant: people leave out the ending."""
    meant = (path.with_name(path.name + suffix) for suffix in (*VIDEO_SUFFIXES, *SOUND_SUFFIXES))
    found = [f"'{file.name}'" for file in meant if is_file(file)]
    return f"; is it {' or '.join(found)}?" if found else ""


def is_file(path: Path) -> bool:
    """Tell whether a file is there, whatever its name."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name longer than any file's, or none
        return False


def _duration_s(file: Path) -> float:
    try:
        return read_duration_s(file)
    except MediaError as error:
        raise CorpusError(
            f"is empty, and '{file.name}' does not tell its length: {error}"
        ) from error


def _cues_beside(file: Path) -> list[Cue]:
    beside = subtitles_beside(file)
    if beside is None:
        raise CorpusError(
            f"there is no column 'text', and no {' or '.join(SUFFIXES)} with its name beside "
            f"'{file.name}'; add either, or a column 'text' of empty cells if there is no text"
        )
    return read_cues(beside)
