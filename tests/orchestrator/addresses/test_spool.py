import hashlib
from pathlib import Path

import pytest

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.addresses.spool import (
    SPOOL_FOLDER,
    forget,
    is_waiting,
    read_mirrored,
    read_spooled,
    spool,
    spooled_uris,
    unspool,
)
from reports.ledger.search_result import search_folder, write_result
from tests.orchestrator.tracking.factories import make_plan
from tests.reports.search.factories import make_search

WITH_PASSWORD = "http://me:geheim@host"


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "storage"


def write_as_older_version(storage: Path, uri: str) -> Path:
    folder = hashlib.sha256(uri.encode()).hexdigest()[:12]
    file = storage / SPOOL_FOLDER / folder / "depth" / "synthetic-tiny"
    file.parent.mkdir(parents=True)
    file.write_text(uri)
    return file


def test_note_holds_no_credentials_and_is_private(storage: Path) -> None:
    planned, _ = make_plan(storage)
    spool([planned], storage, WITH_PASSWORD)
    (file,) = (storage / SPOOL_FOLDER).glob("*/*/*")
    assert file.read_text() == "http://***@host"
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_spooled(storage, WITH_PASSWORD) == read_spooled(storage, "http://host") == [planned]
    unspool([planned], storage, WITH_PASSWORD)
    assert not is_waiting(storage, WITH_PASSWORD)


@pytest.mark.parametrize("uri", [WITH_PASSWORD, "own"])
def test_note_of_an_older_version_is_rewritten(storage: Path, uri: str) -> None:
    planned, _ = make_plan(storage)
    uri = tracking_uri_of(None, storage) if uri == "own" else uri
    older = write_as_older_version(storage, uri)
    assert read_spooled(storage, uri) == [planned]
    assert not older.exists()
    (file,) = (storage / SPOOL_FOLDER).glob("*/*/*")
    assert "geheim" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_moved_storage_waits_for_its_own_mlflow(storage: Path, tmp_path: Path) -> None:
    planned, _ = make_plan(storage)
    spool([planned], storage, tracking_uri_of(None, storage))
    moved = storage.rename(tmp_path / "moved")
    assert spooled_uris(moved) == [tracking_uri_of(None, moved)]
    assert read_spooled(moved, tracking_uri_of(None, moved)) == [planned]


def test_damaged_note_names_an_address_that_can_be_forgotten(storage: Path) -> None:
    planned, _ = make_plan(storage)
    spool([planned], storage, "http://host")
    (file,) = (storage / SPOOL_FOLDER).glob("*/*/*")
    file.write_bytes(b"\xff\xfe\x1bhttp")
    (address,) = spooled_uris(storage)
    assert address.isprintable()
    assert forget(storage, address)
    assert not forget(storage, address)
    assert spooled_uris(storage) == []


def test_search_waits_beside_a_study_unless_an_older_version_wrote_it(storage: Path) -> None:
    planned, _ = make_plan(storage)
    searches = [make_search(id="a"), make_search(space="older")]
    for search in searches:
        write_result(search, search_folder(search.name, storage))
    assert read_mirrored(storage) == [planned, searches[0]]
    spool([planned, searches[0]], storage, "http://host")
    unspool([planned], storage, "http://host")
    assert read_spooled(storage, "http://host") == [searches[0]]
    assert forget(storage, "http://host")
    assert not is_waiting(storage, "http://host")
