"""What is said in a clip, from a subtitle file: SubRip (.srt) or WebVTT (.vtt)."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from corpora.source.errors import CorpusError

SUFFIXES = (".srt", ".vtt")

_TIMING = "-->"
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_MARKUP = re.compile(
    r"</?[a-z0-9][^<>]*>"  # <i>, </c>, <v Name>, <00:00:01.500>; not "a < b"
    r"|\{\\[^{}]*\}",  # {\an8}
    re.IGNORECASE,
)


def subtitles_beside(clip: Path) -> Path | None:
    """Return the subtitle file with a clip's name and another suffix, if there is one."""
    found = (clip.with_suffix(suffix) for suffix in SUFFIXES)
    return next((path for path in found if path.is_file()), None)


def read_subtitles(path: Path) -> str:
    """Read the text of all cues, one after another, without their markup.

    Names of speakers inside markup (`<v Name>`) are removed too.

    Raises:
        CorpusError: If the file cannot be read, or holds something else.
    """
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
    return " ".join(" ".join(cues).split())


def _cues(content: str) -> Iterator[str]:
    """Yield the text of each cue; blocks without a time are headers, styles and comments."""
    for block in _BLANK_LINES.split(content):
        lines = block.strip().splitlines()
        timings = [number for number, line in enumerate(lines[:2]) if _TIMING in line]
        if timings:  # in the first line, or below the cue's name
            text = " ".join(lines[timings[0] + 1 :])
            yield html.unescape(_MARKUP.sub("", text))
