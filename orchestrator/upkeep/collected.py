"""What `gc --json` prints."""

from collections.abc import Iterable
from pathlib import Path

from orchestrator.facts import Facts
from orchestrator.upkeep.garbage import Garbage
from orchestrator.upkeep.removal import Removal


class GarbageFacts(Facts):
    """Something that can go."""

    kind: str
    """Its kind, as the option of `gc` names it."""

    what: str
    """What it is."""

    why: str
    """Why it can go."""

    num_files: int
    """How many files it has."""

    num_bytes: int
    """The sum of their sizes, in bytes."""


class CollectedFacts(Facts):
    """What can go, and what went."""

    storage: str
    """The storage folder, or this machine's mirror of a bucket."""

    can_go: list[GarbageFacts]
    """What could go, and was not removed because nobody confirmed it."""

    removed: list[GarbageFacts]
    """What was removed."""

    in_use: list[GarbageFacts]
    """What could go, but that somebody uses it."""

    removed_bytes: int
    """The sum of the sizes of what was removed, in bytes."""


def collected_facts(storage: Path, can_go: Iterable[Garbage], removal: Removal) -> CollectedFacts:
    """Say what can go, and what went."""
    return CollectedFacts(
        storage=str(storage),
        can_go=[*map(_facts, can_go)],
        removed=[*map(_facts, removal.removed)],
        in_use=[*map(_facts, removal.in_use)],
        removed_bytes=sum(one.num_bytes for one in removal.removed),
    )


def _facts(one: Garbage) -> GarbageFacts:
    return GarbageFacts(
        kind=one.kind,
        what=one.what,
        why=one.why,
        num_files=len(one.files),
        num_bytes=one.num_bytes,
    )
