import json
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from corpora.parsing.sealed import unsealed
from orchestrator.tracking.client import Client
from orchestrator.tracking.pull import Pulled, pull_ledger
from reports.ledger.ledger import PREDICTIONS_FILE, RECORD_FILE, Ledger
from reports.ledger.search_result import RESULT_FILE, read_searches, search_folder
from tests.orchestrator.tracking.factories import deliver, make_plan, record_trial, runs_of
from tests.orchestrator.tracking.searches.factories import (
    candidate,
    candidates_of,
    search_of,
    small_search,
    trial_of,
    write,
)


def pull(uri: str, storage: Path) -> Pulled:
    client = Client(uri)
    client.find_experiment()
    return pull_ledger(client, storage)


def test_search_and_its_records_come_back_byte_by_byte(
    storage: Path, uri: str, tmp_path: Path
) -> None:
    result = small_search(storage)
    deliver(storage, uri, result)
    back = tmp_path / "back"
    pulled = pull(uri, back)
    assert (pulled.searches, pulled.plans, pulled.faults) == ([result.name], [], [])
    assert sorted(pulled.trials) == sorted(trial_of(number).key for number in range(2))
    assert read_searches(back) == [result]
    here, there = (search_folder(result.name, place) for place in (storage, back))
    code = {"tuned_row.py", "tuned_study.py"}
    assert {p.name for p in there.iterdir()} == {p.name for p in here.iterdir()} - code
    for path in there.iterdir():
        assert path.read_bytes() == (here / path.name).read_bytes()
    for number in range(2):
        for name in (RECORD_FILE, PREDICTIONS_FILE):
            ours, theirs = (
                Ledger(place).folder(trial_of(number).key) / name for place in (storage, back)
            )
            assert ours.read_bytes() == theirs.read_bytes()


def test_search_that_is_here_stays_as_it_is(storage: Path, uri: str, tmp_path: Path) -> None:
    deliver(storage, uri, small_search(storage))
    pull(uri, tmp_path / "back")
    other = write(tmp_path / "other", search_of(candidate(0, 0.5), id="another"))
    pulled = pull(uri, tmp_path / "other")
    assert pulled.searches == []
    assert read_searches(tmp_path / "other") == [other]
    again = pull(uri, tmp_path / "back")
    assert (again.searches, again.trials, again.num_known) == ([], [], 2)


def test_trial_that_a_study_shares_comes_once(storage: Path, uri: str, tmp_path: Path) -> None:
    planned, (trial, *_) = make_plan(storage, num_seeds=1)
    record_trial(storage, trial)
    assert trial == trial_of(0)
    deliver(storage, uri, planned, write(storage, search_of(candidate(0, 0.5))))
    pulled = pull(uri, tmp_path / "back")
    assert (pulled.trials, pulled.num_known) == ([trial.key], 0)
    assert pull(uri, tmp_path / "back").num_known == 1


def test_search_of_which_mlflow_has_no_files_yet_is_left_out(
    storage: Path, uri: str, tmp_path: Path
) -> None:
    deliver(storage, uri, small_search(storage))
    (run,) = runs_of(uri, "search")
    MlflowClient(tracking_uri=uri).delete_tag(run.info.run_id, "files")
    pulled = pull(uri, tmp_path / "back")
    assert (pulled.searches, pulled.faults) == ([], [])


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("space", "../../elsewhere", "is no name of a file"),
        ("space", 5, "search.json is of another version"),
    ],
)
def test_search_of_a_strange_result_is_refused(
    storage: Path, uri: str, tmp_path: Path, field: str, value: object, told: str
) -> None:
    result = small_search(storage)
    file = search_folder(result.name, storage) / RESULT_FILE
    file.write_text(json.dumps(json.loads(unsealed(file.read_bytes())[0]) | {field: value}))
    deliver(storage, uri, result)
    pulled = pull(uri, tmp_path / "deep" / "back")
    (fault,) = pulled.faults
    assert told in fault
    assert not list(tmp_path.glob("**/elsewhere*"))
    assert len(pulled.trials) == 2


def test_damaged_file_of_a_search_is_told(storage: Path, uri: str, tmp_path: Path) -> None:
    deliver(storage, uri, small_search(storage))
    (run,) = runs_of(uri, "search")
    MlflowClient(tracking_uri=uri).log_text(run.info.run_id, "other", "candidates.csv")
    pulled = pull(uri, tmp_path / "back")
    assert "its files are not those that its tag names" in pulled.faults[0]
    assert not (tmp_path / "back" / "searches").exists()
    assert len(candidates_of(uri)) == 4
