"""What of a storage can go: a list, from which `orchestrator.upkeep.removal` removes."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from corpora.source.errors import DamagedCorpusError
from corpora.source.names import SYNTHETIC_NAMES
from corpora.store.folders import corpus_folder, prepared_recipes, recipe_folder
from corpora.store.prepared import read_manifest
from orchestrator.corpus.setup import MEDIA_FOLDER
from orchestrator.kept_models.choose import best_of
from orchestrator.prefixes.store import PrefixStore
from orchestrator.storage.mirror import mirror_at
from orchestrator.storage.trials import TRIALS
from orchestrator.upkeep.kinds import kind_of
from orchestrator.upkeep.listing import StoredFile, files_below
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.planned import Planned, read_planned
from reports.ledger.record import Record
from reports.ledger.search_result import FOLDER as SEARCHES
from reports.ledger.search_result import JOURNAL_FILE, RESULT_FILE, SearchResult, read_searches

GarbageKind = Literal["checkpoints", "damaged", "models", "corpora", "media", "prefixes"]

REMOVED = "-removed"
"""The end of the name of a folder that is being removed."""

OLD_S = 24 * 3600.0
"""A partial file that nobody wrote to for so long is nobody's."""


@dataclass(frozen=True)
class Garbage:
    """Something that can go.

    Attributes:
        kind: What it is.
        what: Its name, as a user knows it.
        why: Why it can go.
        files: Its files, relative to the storage.
        folder: The folder that goes as a whole; empty if only the files go.
        key: The trial that it belongs to; empty if it belongs to none.
    """

    kind: GarbageKind
    what: str
    why: str
    files: tuple[StoredFile, ...]
    folder: str = ""
    key: str = ""

    @property
    def num_bytes(self) -> int:
        """What it takes."""
        return sum(file.num_bytes for file in self.files)


@dataclass(frozen=True)
class Wanted:
    """The kinds of garbage to look for; with `keeps_best`, the best model of each row is none."""

    kinds: Collection[GarbageKind]
    keeps_best: bool = False


def find_garbage(
    storage: Path, wanted: Wanted, *, clock: Callable[[], float] = time.time
) -> list[Garbage]:
    """List what can go, whether it is in use or not, in a stable order.

    Of a bucket's mirror it lists files of this machine alone. Those that can be needed again are
    listed only if the bucket holds them.

    Raises:
        LedgerError: If a plan, a record or the result of a search is damaged: it may name anything.
        OSError: While the bucket cannot be reached.
    """
    search = _Search(storage, wanted.keeps_best, clock)
    finders: Mapping[GarbageKind, Callable[[], Iterator[Garbage]]] = {
        "checkpoints": search.checkpoints,
        "damaged": search.damaged,
        "models": search.models,
        "corpora": search.corpora,
        "media": search.media,
        "prefixes": search.prefixes,
    }
    found = [one for kind, find in finders.items() if kind in wanted.kinds for one in find()]
    return [one for one in found if one.files or one.folder]


class _Search:
    """Looks through a storage for what can go."""

    def __init__(self, storage: Path, keeps_best: bool, clock: Callable[[], float]) -> None:
        self._storage = storage
        self._keeps_best = keeps_best
        self._clock = clock
        self._mirror = mirror_at(storage)
        self._ledger = Ledger(storage)

    def checkpoints(self) -> Iterator[Garbage]:
        for key, files in self._of_trials("checkpoints"):
            if (self._ledger.folder(key) / RECORD_FILE).is_file():
                why = "the trial has a record"
            elif not self._has_unfinished_search and key not in self._named_trials:
                why, files = "no plan and no search names the trial", self._needless(files)
            else:
                continue
            yield Garbage("checkpoints", f"checkpoint of {key}", why, files, key=key)

    def damaged(self) -> Iterator[Garbage]:
        now = self._clock()
        for file in files_below(self._storage):
            match kind_of(file.name):
                case "damaged":
                    yield Garbage("damaged", file.name, "it was damaged and set aside", (file,))
                case "partial" if now - _changed_at(self._storage / file.name) > OLD_S:
                    yield Garbage("damaged", file.name, "its writer has left it", (file,))

    def models(self) -> Iterator[Garbage]:
        best = self._best_models() if self._keeps_best else {}
        planned = self._planned_trials if self._keeps_best else {}
        for key, files in self._of_trials("models"):
            if self._keeps_best and self._has_unfinished_search and key not in planned:
                continue  # it may be the best of that search
            if (self._ledger.folder(key) / RECORD_FILE).is_file() and key not in best:
                why = "another trial of its row is better" if self._keeps_best else "as asked"
                needless = self._needless(files)
                yield Garbage("models", f"model of {key}", why, needless, key=key)

    def corpora(self) -> Iterator[Garbage]:
        for path in sorted((self._storage / "corpora").glob("*")):
            if path.name.startswith(".") or not path.is_dir():
                if path.name.endswith(REMOVED):
                    yield self._whole(path, "corpora", "its removal was interrupted")
                continue
            recipes = prepared_recipes(self._storage, path.name)
            unnamed = [recipe for recipe in recipes if not self._is_named(path.name, recipe)]
            why = "no plan and no search names it"
            if unnamed and unnamed == recipes and self._mirror is None:
                yield self._whole(corpus_folder(self._storage, path.name), "corpora", why)
                continue
            for recipe in unnamed:
                yield self._whole(recipe_folder(self._storage, path.name, recipe), "corpora", why)

    def media(self) -> Iterator[Garbage]:
        for path in (self._storage / MEDIA_FOLDER / name for name in sorted(SYNTHETIC_NAMES)):
            if path.is_dir():  # what else lies there is the user's
                files = tuple(files_below(self._storage, self._name(path)))
                yield self._made_again("media", path, files)

    def prefixes(self) -> Iterator[Garbage]:
        for path in sorted(PrefixStore(self._storage).folders()):
            yield self._made_again(
                "prefixes", path, tuple(files_below(self._storage, self._name(path)))
            )

    def _made_again(self, kind: GarbageKind, path: Path, files: tuple[StoredFile, ...]) -> Garbage:
        name = self._name(path)
        return Garbage(kind, name, "made again when needed", files, folder=name)

    def _whole(self, path: Path, kind: GarbageKind, why: str) -> Garbage:
        """List a folder; of a mirror, only the files that the bucket holds, but for manifests."""
        name = self._name(path)
        files = tuple(files_below(self._storage, name))
        if self._mirror is None:
            return Garbage(kind, name, why, files, folder=name)
        return Garbage(kind, name, why, self._needless(f for f in files if _is_split(f)))

    def _needless(self, files: Iterable[StoredFile]) -> tuple[StoredFile, ...]:
        """Choose the files that can be fetched again; where there is no bucket, all of them."""
        mirror = self._mirror
        return tuple(one for one in files if mirror is None or mirror.is_in_bucket(one.name))

    def _of_trials(
        self, kind: Literal["checkpoints", "models"]
    ) -> Iterator[tuple[str, tuple[StoredFile, ...]]]:
        """List the files of one kind by trial."""
        for key, files in sorted(self._large_files.items()):
            found = tuple(file for file in files if kind_of(file.name) == kind)
            if found:
                yield key, found

    @cached_property
    def _large_files(self) -> dict[str, list[StoredFile]]:
        """The checkpoints and models of each trial."""
        found: dict[str, list[StoredFile]] = {}
        for file in files_below(self._storage, TRIALS):
            if kind_of(file.name) in ("checkpoints", "models"):
                found.setdefault(file.name.split("/")[1], []).append(file)
        return found

    def _is_named(self, corpus: str, recipe: str) -> bool:
        """Whether a plan or a search names a prepared corpus; a damaged one counts as named."""
        if self._has_unfinished_search:
            return True
        if any(search.corpus == corpus for search in self._searches):
            return True
        try:
            fingerprint = read_manifest(self._storage, corpus, recipe).fingerprint
        except DamagedCorpusError:
            return True
        return any(
            one.corpus == corpus and fingerprint in (one.fingerprints or (fingerprint,))
            for one in self._plans
        )

    def _best_models(self) -> set[str]:
        """Name the trials whose models stay: the best of each row, and those of each search."""
        rows = [keys for one in self._plans for keys in one.keys.values()]
        found = {key for key, _ in self._of_trials("models")}
        best = (best_of(self._records(keys, found)) for keys in rows)
        of_searches = (one.key for s in self._searches for one in s.candidates if one.is_best)
        return {*(one.key for one in best if one is not None), *of_searches}

    def _records(self, keys: Iterable[str], with_model: Collection[str]) -> list[Record]:
        return [*self._ledger.finished(key for key in keys if key in with_model).values()]

    @cached_property
    def _plans(self) -> list[Planned]:
        return read_planned(self._ledger)

    @cached_property
    def _searches(self) -> list[SearchResult]:
        return read_searches(self._storage)

    @cached_property
    def _has_unfinished_search(self) -> bool:
        """Whether a search was killed: its result does not tell all that it names."""
        return any(
            _is_unfinished(folder)
            for folder in (self._storage / SEARCHES).glob("*")
            if folder.is_dir()
        )

    @cached_property
    def _named_trials(self) -> set[str]:
        searched = (one.key for search in self._searches for one in search.attempts)
        return {*self._planned_trials, *searched}

    @cached_property
    def _planned_trials(self) -> set[str]:
        return {key for one in self._plans for key in one.rows_by_key}

    def _name(self, path: Path) -> str:
        return path.relative_to(self._storage).as_posix()


def _is_split(file: StoredFile) -> bool:
    return file.name.endswith(".arrow")


def _is_unfinished(search: Path) -> bool:
    """Whether a search has no result, or has gone on since it was written."""
    result, journal = search / RESULT_FILE, search / JOURNAL_FILE
    if not result.is_file():
        return True
    return journal.is_file() and _changed_at(journal) > _changed_at(result)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
