import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from reports.ledger.files import stage
from reports.ledger.ledger import (
    MODEL_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    Ledger,
    LedgerError,
    read_predictions,
    remove_partial_files,
    stage_predictions,
    to_table,
)
from reports.ledger.record import Record
from tests.reports.factories import (
    make_circumstances,
    make_record,
    make_split,
    make_trial,
    write_trial,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def stage_trial(ledger: Ledger, num_wrong: int) -> Record:
    """Stage what a machine leaves of the one trial of these tests."""
    trial, split = make_trial(), make_split(0, num_wrong)
    folder = ledger.folder(trial.key)
    sha256 = stage_predictions(folder, {"valid": split, "test": split})
    model = stage(folder / MODEL_FILE, bytes([num_wrong]))
    return make_record(trial, sha256, circumstances=make_circumstances(model_sha256=model))


def files(ledger: Ledger) -> set[str]:
    return {path.name for path in ledger.folder(make_trial().key).iterdir()}


FINISHED = {RECORD_FILE, PREDICTIONS_FILE, MODEL_FILE}


def test_first_of_two_records_stands_with_its_own_files(ledger: Ledger) -> None:
    first, second = stage_trial(ledger, 1), stage_trial(ledger, 2)
    assert ledger.write(first) == first
    assert ledger.write(second) == first
    ledger.predictions(first)
    assert ledger.folder(first.key).joinpath(MODEL_FILE).read_bytes() == b"\1"
    assert files(ledger) == FINISHED


def test_record_that_comes_between_look_and_creation_stands(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stage_trial(ledger, 1), stage_trial(ledger, 2)
    find, looks = Ledger.find, []

    def miss_once(self: Ledger, key: str) -> Record | None:
        looks.append(key)
        return None if len(looks) == 1 else find(self, key)

    ledger.folder(first.key).joinpath(RECORD_FILE).write_text(first.model_dump_json())
    monkeypatch.setattr(Ledger, "find", miss_once)
    assert ledger.write(second) == first
    assert ledger.predictions(first)
    assert files(ledger) == FINISHED


def test_files_of_a_writer_that_died_before_it_renamed_them_are_read(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = stage_trial(ledger, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "move_into_place", lambda *_: None)
        ledger.write(record)
    assert PREDICTIONS_FILE not in files(ledger)
    assert ledger.predictions(record)["test"].ids.size
    model = ledger.model_file(record)
    assert model is not None
    assert model.read_bytes() == b"\1"
    ledger.move_into_place(record)
    assert files(ledger) == FINISHED
    assert ledger.predictions(record)["test"].ids.size


def test_equal_files_of_two_machines_are_one(ledger: Ledger) -> None:
    first = stage_trial(ledger, 1)
    ledger.write(first)
    assert ledger.write(stage_trial(ledger, 1)) == first
    assert ledger.predictions(first)
    assert files(ledger) == FINISHED


def test_record_without_predictions_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="has no predictions to record"):
        ledger.write(make_record(make_trial(), "0" * 64))


def test_only_partial_files_of_a_training_are_removed(tmp_path: Path) -> None:
    ours = [".checkpoint.pt.0.partial", ".predictions-ab.parquet.0.partial"]
    theirs = {".lease-1.0.partial", "checkpoint.pt", "predictions-ab.parquet"}
    for name in (*ours, *theirs):
        (tmp_path / name).touch()
    remove_partial_files(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == theirs


def test_partial_file_that_its_writer_removes_meanwhile_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / ".record.json.0.partial"
    monkeypatch.setattr(Path, "glob", lambda *_: iter([gone]))
    remove_partial_files(tmp_path)
    assert not gone.exists()


READING = """
import os, sys
from pathlib import Path
import pyarrow
from reports.ledger.ledger import read_predictions
before = len(os.listdir("/proc/self/task"))
assert read_predictions(pyarrow.BufferReader(Path(sys.argv[1]).read_bytes()))
print(len(os.listdir("/proc/self/task")) - before)
"""


def test_reading_starts_no_thread_that_could_abort_the_end_of_the_process(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    record = ledger.write(stage_trial(ledger, 3))
    command = [sys.executable, "-c", READING, str(ledger.predictions_file(record))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "0\n", done.stderr


def finish(ledger: Ledger, seed: int) -> Record:
    return write_trial(ledger, make_trial(seed), make_split(seed, 2))


def test_finished_trials_are_read_in_the_order_asked_for(ledger: Ledger) -> None:
    first, second = finish(ledger, 0), finish(ledger, 1)
    found = ledger.finished([second.key, "unfinished", first.key, second.key])
    assert list(found.items()) == [(second.key, second), (first.key, first)]
    assert ledger.find("unfinished") is None
    assert list(ledger.records()) == sorted([first, second], key=lambda record: record.key)


def test_damaged_records_are_told_together_or_left_out(ledger: Ledger) -> None:
    whole, *damaged = (finish(ledger, seed) for seed in range(3))
    for record in damaged:
        (ledger.folder(record.key) / RECORD_FILE).write_text("{")
    with pytest.raises(LedgerError) as caught:
        ledger.finished([record.key for record in (*damaged, whole)])
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    for record, line in zip(damaged, lines, strict=True):
        path = ledger.folder(record.key) / RECORD_FILE
        assert line.startswith(f"record '{path}' is damaged: ")
        assert line.endswith("or move its folder away to train the trial again")
    with pytest.raises(LedgerError, match="is damaged"):
        list(ledger.records())
    assert list(ledger.records(leaves_damaged=True)) == [whole]


def test_predictions_are_of_the_splits_asked_for(ledger: Ledger) -> None:
    record = finish(ledger, 0)
    assert list(ledger.predictions(record)) == ["valid", "test"]
    only = ledger.predictions(record, ["test"])
    assert list(only) == ["test"]
    for name, values in vars(make_split(0, 2)).items():
        assert np.array_equal(getattr(only["test"], name), values)
        assert getattr(only["test"], name).dtype.kind == values.dtype.kind
    assert only["test"].probabilities.dtype == np.float32


def test_predictions_that_are_not_those_of_the_record_are_told(ledger: Ledger) -> None:
    record = finish(ledger, 0)
    path = ledger.predictions_file(record)
    two = record.result.model_copy(update={"emotions": ("joy", "fear")})
    with pytest.raises(LedgerError, match="are of 3 emotions, but the record names 2; move its"):
        ledger.predictions(record.model_copy(update={"result": two}))
    path.write_bytes(path.read_bytes() + b"0")
    with pytest.raises(LedgerError, match="do not have the SHA-256 that the record names; restore"):
        ledger.predictions(record)
    path.unlink()
    with pytest.raises(LedgerError, match=f"predictions '{path}' are missing though the trial has"):
        ledger.predictions(record)


def test_record_that_names_no_model_has_none(ledger: Ledger) -> None:
    assert ledger.model_file(finish(ledger, 0)) is None


def test_split_that_a_file_lacks_has_no_utterances(tmp_path: Path) -> None:
    pq.write_table(to_table("test", make_split(0, 2)), tmp_path / "file")
    found = read_predictions(tmp_path / "file")
    assert found["valid"].labels.shape == found["valid"].probabilities.shape == (0, 0)
    assert found["test"].labels.shape == (20, 3)
