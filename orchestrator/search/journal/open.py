"""Finds the journal of a search: in its folder, or in the bucket that the storage mirrors."""

from pathlib import Path

from corpora.errors import did_you_mean
from orchestrator.search.journal.file import FileJournal
from orchestrator.search.journal.journal import Journal
from orchestrator.search.journal.objects import COPY_FILE, Pieces, read_copy
from orchestrator.search.journal.shared import SharedJournal
from orchestrator.storage.mirror import Mirror, mirror_at, place_of
from reports.ledger.files import create_once
from reports.ledger.search_result import FOLDER, JOURNAL_FILE, search_folder
from search_spaces.errors import StudyError

PIECES, OWNER_FILE = "journal", "owner"


def open_journal(name: str, storage: Path) -> Journal:
    """Open the journal of a search, or begin one.

    Raises:
        LedgerError: If the journal is damaged.
        OSError: While the bucket that the storage mirrors cannot be reached.
        StudyError: If an earlier version began the search in the bucket on another machine, and the
            journal is still there.
    """
    folder = search_folder(name, storage)
    mirror = mirror_at(storage)
    if mirror is None:
        _unfold_copy(folder)
        return FileJournal(folder)
    below = f"{FOLDER}/{name}"
    pieces = Pieces(mirror.store, f"{below}/{PIECES}", folder / COPY_FILE)
    _move_in(mirror, below, pieces)
    return SharedJournal(name, f"{mirror.uri}/{below}", pieces)


def find_journal(name: str, storage: Path) -> Journal:
    """Open the journal of a search that was begun.

    Raises:
        StudyError: If there is none of that name.
        LedgerError, OSError, StudyError: As `open_journal`.
    """
    mirror = mirror_at(storage)
    files = (storage / FOLDER).glob("*/*")
    known = {path.parent.name for path in files if path.name in (JOURNAL_FILE, COPY_FILE)}
    if mirror is not None:
        known = {file.split("/")[1] for file in mirror.store.names(FOLDER)}
    if name not in known:
        raise StudyError(
            f"there is no search '{name}' in '{place_of(storage)}/{FOLDER}'; "
            f"{did_you_mean(name, known)}choose from {', '.join(sorted(known)) or 'none yet'}"
        )
    return open_journal(name, storage)


def _unfold_copy(folder: Path) -> None:
    """Make the journal of a folder that was a machine's mirror of a bucket."""
    pieces = read_copy(folder / COPY_FILE)
    if pieces and not (folder / JOURNAL_FILE).exists():
        create_once(folder / JOURNAL_FILE, b"".join(pieces))


def _move_in(mirror: Mirror, below: str, pieces: Pieces) -> None:
    """Make the first piece of a journal that was kept in a file, by an earlier version or a folder.

    An earlier version kept the journal on the machine that began the search, and named that machine
    in the bucket. Without such a name, the file in the bucket came there with a copied folder.

    Raises:
        StudyError: If it is on another machine.
    """
    here = mirror.folder / below / JOURNAL_FILE
    if not pieces.known:
        owner = mirror.store.read(f"{below}/{OWNER_FILE}")
        if owner is not None and owner != _read(mirror.folder / below / OWNER_FILE):
            raise StudyError(_belongs_to(owner, f"{mirror.uri}/{below}"))
        lines = _whole_lines(_read(here) or mirror.store.read(f"{below}/{JOURNAL_FILE}") or b"")
        if lines and not pieces.add(lines):
            pieces.read_new()
    if pieces.known and pieces.known[0] == _whole_lines(_read(here)):
        here.unlink()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def _whole_lines(content: bytes) -> bytes:
    """Leave out an incomplete last line, which a full disk may have left."""
    return content[: content.rfind(b"\n") + 1]


def _belongs_to(owner: bytes, place: str) -> str:
    machine = owner.decode(errors="replace").split()[0]
    return (
        f"search '{place}' was begun by an earlier version on machine '{machine}', which has its "
        "journal; run this command there once, and then all machines share the search. If that "
        f"machine no longer exists, remove '{place}/{OWNER_FILE}': then the search goes on from "
        "the journal that was last copied to the bucket, and finished trials stay in the ledger"
    )
