"""Media files whose emotions are predicted, and what is said in them."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from corpora.readers.release_files import read_lines
from corpora.source.errors import CorpusError
from corpora.source.names import SOUND_SUFFIXES, VIDEO_SUFFIXES
from corpora.text.subtitles import SUFFIXES as SUBTITLES
from corpora.text.subtitles import read_subtitles, subtitles_beside
from models.configs.base import MODALITIES, Modality

TEXT_SUFFIX = ".txt"


@dataclass(frozen=True)
class SpokenClip:
    """A media file, or a file of text, and what is said in it.

    `text_from` describes the source of the text; `sound_track` is the sound track to hear, the
    first is 1, by default the first.
    """

    path: Path
    text: str = ""
    text_from: str | None = None
    sound_track: int | None = None


def spoken_clip(
    path: Path, *, text: str | None = None, subtitles: Path | None = None
) -> SpokenClip:
    """Find what is said in a clip: the given text, else a subtitle file beside it, else nothing.

    A file of text says it itself.

    Raises:
        CorpusError: If the subtitles, or the file of text, cannot be read, or if the clip's name is
            no text.
    """
    if told_name(path) != path.name:
        raise CorpusError(f"clip '{told_name(path)}': its name is not in UTF-8; rename the file")
    if text is None and subtitles is None and is_text(path):
        return SpokenClip(path, "\n".join(read_lines(path)), "the file itself")
    if text is not None:
        return SpokenClip(path, text, "--text")
    if subtitles is not None:
        return SpokenClip(path, read_subtitles(subtitles), f"{subtitles.name}, --subtitles")
    beside = subtitles_beside(path)
    if beside is None:
        return SpokenClip(path)
    return SpokenClip(path, read_subtitles(beside), f"{beside.name}, beside the clip")


def told_name(path: Path) -> str:
    """Return the name of a file, readable also if it is not in UTF-8."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def is_text(path: Path) -> bool:
    """Tell by its name whether a file holds text."""
    return path.suffix.lower() == TEXT_SUFFIX


def clips_in(
    folder: Path, modalities: Collection[Modality] = MODALITIES
) -> tuple[list[Path], list[Path]]:
    """List the video files of a folder, by name, and the other files; hidden ones are left out.

    Files of sound count as well for a model that reads no vision, files of text for one that reads
    text alone. Subtitles are no other files. A link that leads nowhere is one.

    Raises:
        CorpusError: If there are no videos, nor what else counts.
    """
    suffixes: tuple[str, ...] = VIDEO_SUFFIXES
    if "vision" not in modalities:
        suffixes += SOUND_SUFFIXES
    if set(modalities) == {"text"}:
        suffixes += (TEXT_SUFFIX,)
    files = sorted(
        path for path in folder.iterdir() if not path.name.startswith(".") and not path.is_dir()
    )
    found = [path for path in files if path.suffix.lower() in suffixes and path.is_file()]
    if not found:
        what = "video file" if suffixes == VIDEO_SUFFIXES else "file that the model reads"
        raise CorpusError(f"folder '{folder}' holds no {what}: none ends in {', '.join(suffixes)}")
    others = [path for path in files if path.suffix.lower() not in SUBTITLES]
    return found, [path for path in others if path not in found]
