"""What takes the space of a storage, by kind."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from orchestrator.facts import Facts
from orchestrator.storage.mirror import mirror_at
from orchestrator.upkeep.garbage import Garbage, GarbageKind, Wanted, find_garbage
from orchestrator.upkeep.kinds import WORDS, Kind, kind_of
from orchestrator.upkeep.listing import StoredFile, files_below, files_in_bucket
from reports.ledger.ledger import LedgerError

OPTIONS: dict[GarbageKind, str] = {
    "checkpoints": "--checkpoints",
    "damaged": "--damaged",
    "models": "--models",
    "corpora": "--corpora",
    "media": "--media",
    "prefixes": "--prefixes",
}
"""The option of `gc` for each kind of garbage."""


class KindFacts(Facts):
    """What the files of one kind take."""

    kind: str
    """The kind of files."""

    about: str
    """What they are, in words."""

    num_files: int
    """How many files there are in the storage folder, or in this machine's mirror of a bucket."""

    num_bytes: int
    """The sum of their sizes, in bytes."""

    bucket_files: int | None = None
    """How many of the kind are in the bucket; null without a bucket."""

    bucket_bytes: int | None = None
    """The sum of their sizes, in bytes; null without a bucket."""

    gc_bytes: int | None = None
    """How many bytes `gc` could free on this machine; null if that is not known."""

    gc_option: str = ""
    """The option of `gc` that frees them; empty if there is none."""


class CorpusFacts(Facts):
    """What a prepared corpus takes."""

    corpus: str
    """Its name."""

    recipe: str
    """The recipe; empty for what all recipes of the corpus share."""

    num_files: int
    """How many files it has on this machine."""

    num_bytes: int
    """The sum of their sizes, in bytes."""

    can_go: bool
    """Whether `gc --corpora` would remove them."""


class UsageFacts(Facts):
    """What takes the space of a storage."""

    storage: str
    """The storage folder, or this machine's mirror of a bucket."""

    bucket: str | None
    """The bucket; null if the storage is a folder."""

    num_files: int
    """How many files there are on this machine."""

    num_bytes: int
    """The sum of their sizes, in bytes."""

    gc_bytes: int | None
    """How many bytes `gc` could free on this machine, with all options; null if not known."""

    why_unknown: str
    """Why that is not known; empty if it is."""

    kinds: list[KindFacts]
    """What each kind takes; kinds without files are left out."""

    corpora: list[CorpusFacts]
    """What each prepared corpus takes, by name and recipe."""


def measure_usage(storage: Path) -> UsageFacts:
    """Count the files of a storage and their sizes.

    Raises:
        OSError: While the bucket cannot be reached.
    """
    mirror = mirror_at(storage)
    here = list(files_below(storage))
    there = [] if mirror is None else list(files_in_bucket(mirror))
    garbage: list[Garbage] | None = None
    why_unknown = ""
    try:
        garbage = find_garbage(storage, Wanted(tuple(OPTIONS)))
    except LedgerError as error:
        why_unknown = str(error)
    return UsageFacts(
        storage=str(storage),
        bucket=None if mirror is None else mirror.uri,
        num_files=len(here),
        num_bytes=_sum(here),
        gc_bytes=None if garbage is None else sum(one.num_bytes for one in garbage),
        why_unknown=why_unknown,
        kinds=_kinds(here, there, garbage, has_bucket=mirror is not None),
        corpora=_corpora(here, garbage or ()),
    )


def _kinds(
    here: Iterable[StoredFile],
    there: Iterable[StoredFile],
    garbage: Iterable[Garbage] | None,
    *,
    has_bucket: bool,
) -> list[KindFacts]:
    ours, theirs = _by_kind(here), _by_kind(there)
    free: Counter[Kind] = Counter()
    options: dict[Kind, str] = {"damaged": OPTIONS["damaged"], "partial": OPTIONS["damaged"]}
    options |= {kind: option for kind, option in OPTIONS.items() if kind not in options}
    for one in garbage or ():
        for file in one.files:
            free[kind_of(file.name) if one.kind == "damaged" else one.kind] += file.num_bytes
    return [
        KindFacts(
            kind=kind,
            about=about,
            num_files=len(ours.get(kind, ())),
            num_bytes=_sum(ours.get(kind, ())),
            bucket_files=len(theirs.get(kind, ())) if has_bucket else None,
            bucket_bytes=_sum(theirs.get(kind, ())) if has_bucket else None,
            gc_bytes=None if garbage is None else free[kind],
            gc_option=options.get(kind, ""),
        )
        for kind, about in WORDS.items()
        if kind in ours or kind in theirs
    ]


def _corpora(here: Iterable[StoredFile], garbage: Iterable[Garbage]) -> list[CorpusFacts]:
    can_go = {file.name for one in garbage if one.kind == "corpora" for file in one.files}
    found: dict[tuple[str, str], list[StoredFile]] = {}
    for file in here:
        if kind_of(file.name) == "corpora":
            _, corpus, *rest = PurePosixPath(file.name).parts
            found.setdefault((corpus, rest[0] if len(rest) > 1 else ""), []).append(file)
    return [
        CorpusFacts(
            corpus=corpus,
            recipe=recipe,
            num_files=len(files),
            num_bytes=_sum(files),
            can_go=any(file.name in can_go for file in files),
        )
        for (corpus, recipe), files in sorted(found.items())
    ]


def _by_kind(files: Iterable[StoredFile]) -> dict[Kind, list[StoredFile]]:
    found: dict[Kind, list[StoredFile]] = {}
    for file in files:
        found.setdefault(kind_of(file.name), []).append(file)
    return found


def _sum(files: Iterable[StoredFile]) -> int:
    return sum(file.num_bytes for file in files)
