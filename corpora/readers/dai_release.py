"""What both halves of Dai et al.'s release (2021) share: each utterance has a folder of its media.

The folders are found by their names, and no id is ever made into a path.
"""

import re
import reprlib
import wave
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from numbers import Real
from pathlib import Path

from corpora.source.errors import CorpusError, MediaError
from corpora.source.plain_pickle import load_plain_pickle
from corpora.source.rejects import RejectReason

META_FILE = "meta.pkl"
DEPTH = 2
"""How deep below the release an utterance's folder may lie."""

Entry = Mapping[object, object]
"""What `meta.pkl` says about an utterance."""


def read_meta(folder: Path) -> dict[str, object]:
    """Read `meta.pkl`: a dict from utterance ids to the entry of each.

    Raises:
        CorpusError: If it cannot be read, or holds something else.
    """
    path = folder / META_FILE
    if not path.is_file():
        raise CorpusError(f"'{path}' does not exist; choose the folder that holds '{folder.name}'")
    meta = load_plain_pickle(path)
    if not isinstance(meta, dict) or not meta:
        raise CorpusError(f"'{path}' holds {reprlib.repr(meta)}, not a dict of utterances")
    no_ids = [reprlib.repr(key) for key in meta if not isinstance(key, str)]
    if no_ids:
        raise CorpusError(f"'{path}' has keys that are not utterance ids: {', '.join(no_ids[:3])}")
    return {str(key): entry for key, entry in meta.items()}


class UtteranceFolders:
    """The folders of a release, by name."""

    def __init__(self, root: Path) -> None:
        self._places: defaultdict[str, list[Path]] = defaultdict(list)
        level = [root]
        for _ in range(DEPTH):
            level = [folder for parent in level for folder in _folders_in(parent)]
            for folder in level:
                self._places[folder.name].append(folder)

    def __contains__(self, utterance_id: str) -> bool:
        return utterance_id in self._places

    def find(self, utterance_id: str) -> Path:
        """Find an utterance's folder.

        Raises:
            MediaError: If there is none, or there are several.
        """
        places = self._places.get(utterance_id, [])
        if not places:
            raise MediaError(RejectReason.NO_FILE, f"no folder is called '{utterance_id}'")
        if len(places) > 1:
            found = " and in ".join(f"'{place.parent.name}'" for place in places)
            raise MediaError(RejectReason.REPEATED, f"it has a folder in {found}")
        return places[0]


def entry_of(utterance_id: str, meta: Mapping[str, object], folders: UtteranceFolders) -> Entry:
    """Look an utterance up.

    Raises:
        MediaError: If it has no entry, or its entry has no fields.
    """
    if utterance_id not in meta and utterance_id in folders:
        raise MediaError(RejectReason.NO_LABEL, f"{META_FILE} has no entry for it")
    if utterance_id not in meta:
        raise MediaError(RejectReason.NO_FILE, f"no folder and no entry in {META_FILE}")
    entry = meta[utterance_id]
    if not isinstance(entry, dict):
        raise bad_field("entry", entry, "a dict")
    return entry


def number_in(entry: Entry, name: str) -> float:
    """Read a number.

    Raises:
        MediaError: If the field is missing or not a number.
    """
    value = entry.get(name)
    with suppress(OverflowError):
        if isinstance(value, Real):
            return float(value)
    raise bad_field(name, value, "a number")


def text_in(entry: Entry, name: str) -> str:
    """Read a text.

    Raises:
        MediaError: If the field is missing or not a text.
    """
    value = entry.get(name)
    if not isinstance(value, str):
        raise bad_field(name, value, "a text")
    return value.strip()


def bad_field(name: str, value: object, wanted: str) -> MediaError:
    """Make the error of a wrong field in `meta.pkl`."""
    return MediaError(
        RejectReason.BAD_LINE, f"{META_FILE}, {name}: {reprlib.repr(value)} is not {wanted}"
    )


def numbered_images(folder: Path, prefix: str) -> tuple[Path, ...]:
    """List `<prefix><k>.jpg` by the number k."""
    name = re.compile(rf"{re.escape(prefix)}([0-9]+)\.jpg")
    found = [(name.fullmatch(path.name), path) for path in folder.iterdir()]
    return tuple(
        path for _, path in sorted((int(match[1]), path) for match, path in found if match)
    )


def sound_length_s(path: Path) -> float:
    """Read the length of a wav file from its header.

    Raises:
        MediaError: If there is no such file, or it is broken, is empty or ends early.
    """
    if not path.is_file():
        raise MediaError(RejectReason.NO_FILE, f"it has no {path.name}")
    try:
        with path.open("rb") as file, wave.open(file) as sound:
            num_samples, rate_hz = sound.getnframes(), sound.getframerate()
            num_bytes = num_samples * sound.getnchannels() * sound.getsampwidth()
    except (OSError, EOFError, wave.Error) as error:
        raise MediaError(
            RejectReason.UNREADABLE, f"{path.name}: {error or 'it is empty'}"
        ) from error
    if not num_samples or not rate_hz or path.stat().st_size < num_bytes:
        raise MediaError(RejectReason.UNREADABLE, f"{path.name} is empty, or ends early")
    return num_samples / rate_hz


def _folders_in(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())
