"""What is said in a clip, from a subtitle file: SubRip (.srt) or WebVTT (.vtt)."""

import html
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from corpora.source.errors import CorpusError

SUFFIXES = (".srt", ".vtt")

_TIMING = "-->"
_TIMES = re.compile(r"\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(\s.*)?", re.ASCII)
_TIME = re.compile(r"(?:(\d{1,5}):)?(\d\d?):(\d\d?(?:[.,]\d+)?)", re.ASCII)
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_MARKUP = re.compile(
    r"</?[a-z0-9][^<>]*>"  # <i>, </c>, <v Name>, <00:00:01.500>; not "a < b"
    r"|\{\\[^{}]*\}",  # {\an8}
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cue:
    """What is said from one time to another, in seconds since the start of the file."""

    start_s: float
    end_s: float
    text: str

    @property
    def middle_s(self) -> float:
        """The time half way: a cue belongs to the clip that holds it."""
        return (self.start_s + self.end_s) / 2


def subtitles_beside(clip: Path) -> Path | None:
    """Return the subtitle file with a clip's name and another suffix, if there is one."""
    for suffix in SUFFIXES:
        with suppress(OSError):  # the suffix can make a name longer than any file's
            if (path := clip.with_suffix(suffix)).is_file():
                return path
    return None


def read_subtitles(path: Path) -> str:
    """Read the text of all cues, one after another, without their markup.

    Names of speakers inside markup (`<v Name>`) are removed too.

    Raises:
        CorpusError: If the file cannot be read, or holds something else.
    """
    return _joined(text for _, text in _blocks(path))


def read_cues(path: Path) -> list[Cue]:
    """Read all cues with their times.

    Raises:
        CorpusError: If the file cannot be read, holds something else, or a time cannot be read.
    """
    cues = []
    for timing, text in _blocks(path):
        times = _TIMES.fullmatch(timing)
        start_s, end_s = (_seconds(times[1]), _seconds(times[2])) if times else (None, None)
        if start_s is None or end_s is None:
            raise CorpusError(
                f"subtitles '{path}': '{timing.strip()}' is not a time such as "
                "'00:00:01,000 --> 00:00:02,500'"
            )
        cues.append(Cue(start_s, end_s, text))
    return cues


def text_between(cues: Iterable[Cue], start_s: float, end_s: float) -> str:
    """Join what is said in a clip: the cues whose middle lies in it."""
    return _joined(cue.text for cue in cues if start_s <= cue.middle_s < end_s)


def _joined(texts: Iterable[str]) -> str:
    return " ".join(" ".join(texts).split())


def _seconds(time: str) -> float | None:
    """Read hours:minutes:seconds, or minutes:seconds; fractions after a comma or a point."""
    found = _TIME.fullmatch(time)
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds.replace(",", "."))


def _blocks(path: Path) -> list[tuple[str, str]]:
    """Return the line of times and the text of each cue."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CorpusError(f"subtitles '{path}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CorpusError(f"subtitles '{path}' are not UTF-8 text: {error}") from error
    cues = list(_cues(content))
    if content.strip() and not cues and not content.startswith("WEBVTT"):
        raise CorpusError(
            f"subtitles '{path}' hold no cue: a line such as '00:00:01,000 --> 00:00:02,500' and "
            f"text below it; choose a file of {' or '.join(SUFFIXES)}"
        )
    return cues


def _cues(content: str) -> Iterator[tuple[str, str]]:
    """Yield times and text of each cue; blocks without a time are headers, styles and comments."""
    for block in _BLANK_LINES.split(content):
        lines = block.strip().splitlines()
        timings = [number for number, line in enumerate(lines[:2]) if _TIMING in line]
        if timings:  # in the first line, or below the cue's name
            text = " ".join(lines[timings[0] + 1 :])
            yield lines[timings[0]], html.unescape(_MARKUP.sub("", text))
