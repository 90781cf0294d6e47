"""Where the journal of a search is found, and how one that was kept in a file comes to a bucket."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.search.journal.file import FileJournal
from orchestrator.search.journal.open import OWNER_FILE, find_journal, open_journal
from orchestrator.search.journal.shared import SharedJournal
from orchestrator.search.log import SearchLog
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.mirror import mirror_of
from reports.ledger.search_result import JOURNAL_FILE
from search_spaces.errors import StudyError
from tests.orchestrator.search.factories import open_log, values_of
from tests.orchestrator.search.journal.asker import BELOW, NAME

FOLDER = Path("searches", NAME)
Machine = Callable[[str], Path]


@pytest.fixture
def place(bucket: str) -> str:
    return f"{bucket}/place"


@pytest.fixture
def on(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return the mirror of a machine."""

    def mirror_on(machine: str) -> Path:
        monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / machine))
        return mirror_of(place).folder

    return mirror_on


def begin(storage: Path, num_candidates: int = 2) -> SearchLog:
    """Begin the search, in a file of this storage folder."""
    log = open_log(FileJournal(storage / FOLDER))
    for number in range(num_candidates):
        log.ask(num_candidates)
        log.finish(number, {"f1": number / 10})
    return log


def go_on(storage: Path) -> SearchLog:
    return open_log(open_journal(NAME, storage))


def test_search_in_a_folder_is_kept_in_a_file(tmp_path: Path) -> None:
    begin(tmp_path)
    journal = open_journal(NAME, tmp_path)
    assert isinstance(journal, FileJournal)
    assert journal.place == str(tmp_path / FOLDER)
    assert len(open_log(journal).study.trials) == 2


def test_search_in_a_bucket_is_that_of_every_machine(on: Machine, place: str) -> None:
    here, there = go_on(on("here")), go_on(on("there"))
    here.ask(1)
    assert values_of(here) == values_of(there)
    assert here.id == there.id
    journal = open_journal(NAME, on("there"))
    assert isinstance(journal, SharedJournal)
    assert journal.place == f"{place}/{FOLDER}"
    assert not (on("here") / FOLDER / JOURNAL_FILE).exists()


def test_journal_that_a_machine_kept_for_itself_moves_into_the_bucket(
    on: Machine, place: str
) -> None:
    """An earlier version let one machine keep it, and copied it to the bucket now and then."""
    here, store = on("here"), BucketStore(place)
    log = begin(here)
    before = (log.id, values_of(log))
    owner = here / FOLDER / OWNER_FILE
    owner.write_bytes(b"here 1234\n")
    store.write(f"{FOLDER}/{OWNER_FILE}", owner.read_bytes())
    store.write(f"{FOLDER}/{JOURNAL_FILE}", b"what was copied is older\n")
    with (here / FOLDER / JOURNAL_FILE).open("ab") as file:
        file.write(b'{"op_code": 5, "wor')  # a full disk
    with pytest.raises(StudyError, match="machine 'here', which has its journal; run this comm"):
        go_on(on("there"))
    assert not store.names(BELOW)
    after = go_on(on("here"))
    assert (after.id, values_of(after)) == before
    assert not (here / FOLDER / JOURNAL_FILE).exists()
    there = go_on(on("there"))
    there.ask(3)
    assert values_of(there) == values_of(after)
    assert len(values_of(go_on(on("here")))) == 3


def test_candidate_that_was_begun_there_is_asked_for_in_the_bucket(on: Machine) -> None:
    log = begin(on("here"))
    begun = log.study.ask()
    begun.suggest_categorical("head", ["decoder", "cls"])
    first, second = go_on(on("here")), go_on(on("there"))
    asked = [log.ask(3) for log in (second, first)]
    assert [one.number if one else None for one in asked] == [2, None]
    (point,) = (one.point for one in first.open_candidates())
    assert point.values["head"] == begun.params["head"]


def test_search_of_a_copied_folder_goes_on_in_the_bucket(
    on: Machine, place: str, tmp_path: Path
) -> None:
    before = begin(tmp_path / "folder")
    content = (tmp_path / "folder" / FOLDER / JOURNAL_FILE).read_bytes()
    BucketStore(place).write(f"{FOLDER}/{JOURNAL_FILE}", content)
    here, there = go_on(on("here")), go_on(on("there"))
    here.ask(3)
    assert here.id == there.id == before.id
    assert len(values_of(there)) == 3


def test_search_of_a_copied_mirror_goes_on_in_the_folder(on: Machine, tmp_path: Path) -> None:
    log = go_on(on("here"))
    log.ask(1)
    go_on(on("here"))  # the command that brings the mirror up to date
    shutil.copytree(on("here"), tmp_path / "folder")
    after = go_on(tmp_path / "folder")
    assert isinstance(open_journal(NAME, tmp_path / "folder"), FileJournal)
    assert (after.id, values_of(after)) == (log.id, values_of(log))
    after.ask(2)
    assert len(values_of(go_on(tmp_path / "folder"))) == 2
    assert len(values_of(log)) == 1


def test_search_that_was_removed_from_the_bucket_begins_anew(on: Machine, place: str) -> None:
    before = begin(on("here"))
    go_on(on("here"))
    for name in BucketStore(place).names(str(FOLDER)):
        BucketStore(place).remove(name)
    after = go_on(on("here"))
    assert after.id != before.id
    assert values_of(after) == []


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_search_is_found_by_its_name(kind: str, on: Machine, place: str, tmp_path: Path) -> None:
    storage, told = (tmp_path, str(tmp_path)) if kind == "folder" else (on("here"), place)
    with pytest.raises(StudyError, match=f"no search 'small' in '{told}/searches'; .*none yet"):
        find_journal(NAME, storage)
    assert not (storage / FOLDER).exists()
    go_on(storage)
    other = storage if kind == "folder" else on("there")
    assert find_journal(NAME, other).name == NAME
    with pytest.raises(StudyError, match=r"did you mean 'small'\? choose from small"):
        find_journal("smal", other)
