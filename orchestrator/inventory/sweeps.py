"""What a sweep left, as facts."""

from collections.abc import Iterable
from pathlib import Path

from orchestrator.facts import Facts
from orchestrator.status.facts import FailureGroup, StudyStatus, collect_status
from orchestrator.storage.folder import tables_folder


class SweptStudy(Facts):
    """A study after a sweep."""

    study: StudyStatus
    """How far it is; all seeds count that were ever planned."""

    tables: str
    """The folder with its table in every form, and its verdicts."""

    table_json: str
    """The table as JSON, with the trials behind each number."""

    verdicts_json: str | None
    """The verdicts as JSON; null if the study states no claim."""


class SweepFacts(Facts):
    """What a sweep left, as the command of a study prints it at its end."""

    studies: tuple[SweptStudy, ...]
    """The studies, in the order in which they were named."""

    failures: tuple[FailureGroup, ...]
    """The failed trials of the storage, by cause."""


def sweep_facts(names: Iterable[str], corpus: str, storage: Path) -> SweepFacts:
    """Describe what a sweep of some studies on a corpus left.

    Raises:
        LedgerError: If a plan is damaged.
        OSError: If the storage cannot be reached.
    """
    status = collect_status(storage)
    by_name = {
        name: [one for one in status.studies if (one.study, one.corpus) == (name, corpus)]
        for name in names
    }
    swept = (_swept(one, storage) for of_name in by_name.values() for one in of_name)
    return SweepFacts(studies=tuple(swept), failures=status.failures)


def _swept(one: StudyStatus, storage: Path) -> SweptStudy:
    folder = tables_folder(storage, one.study, one.corpus, one.scale)
    table = folder / f"{one.study}.json"
    verdicts = folder / f"{one.study}-verdicts.json"
    return SweptStudy(
        study=one,
        tables=str(folder),
        table_json=str(table),
        verdicts_json=str(verdicts) if verdicts.is_file() else None,
    )
