import json
from pathlib import Path

import pytest

from reports.ledger.ledger import LedgerError
from reports.ledger.search_result import (
    RESULT_FILE,
    Objective,
    SearchResult,
    name_search,
    read_searches,
    search_folder,
    write_result,
)
from tests.reports.search.factories import make_candidate, make_front, make_result, make_search


def test_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    curve = make_candidate(0, 0.5, valid_f1={1: 0.25, 2: 0.5})
    results = [make_front(id="b"), make_result(curve, space="depths", id="a")]
    for result in results:
        write_result(result, search_folder(result.name, tmp_path))
    assert read_searches(tmp_path) == results
    assert read_searches(tmp_path / "elsewhere") == []


def test_result_of_an_older_version_is_read_and_written_as_it_was(tmp_path: Path) -> None:
    """It has neither id nor curves."""
    result = make_search()
    content = write_result(result, search_folder(result.name, tmp_path)).read_bytes()
    known = json.loads(content)
    assert "id" not in known
    assert "valid_f1" not in known["candidates"][0]
    (read,) = read_searches(tmp_path)
    assert (read.id, read.candidates[0].valid_f1) == ("", {})
    assert write_result(read, tmp_path / "again").read_bytes() == content


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is damaged, or another version wrote it"),
        (make_search(space="other").model_dump_json().encode(), "result of search 'other-"),
    ],
)
def test_damaged_result_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    folder = search_folder(make_search().name, tmp_path)
    folder.mkdir(parents=True)
    (folder / RESULT_FILE).write_bytes(content)
    with pytest.raises(LedgerError, match=rf"{RESULT_FILE}' .*{told}|{told}"):
        read_searches(tmp_path)


@pytest.mark.parametrize(
    ("result", "is_complete"),
    [
        (make_search(), True),
        (make_search(num_asked=6), False),
        (make_result(make_candidate(0, state="running")), False),
        (make_result(), True),
    ],
)
def test_search_is_complete_once_all_that_were_asked_for_have_ended(
    result: SearchResult, is_complete: bool
) -> None:
    assert result.is_complete == is_complete


def test_search_is_named_by_all_that_tells_it_from_others() -> None:
    objectives = (Objective(name="f1"), Objective(name="macs"))
    names = [name_search("le", "mine", "tiny", objectives, one) for one in ("tpe", "random")]
    assert names == ["le-mine-tiny-f1-macs", "le-mine-tiny-f1-macs-random"]
