from pathlib import Path

import pytest

from orchestrator.failures.failure import TrialFailure, failure_of
from orchestrator.failures.notes import MAX_DETAILS, notes_in
from orchestrator.live.failure_notes import NotingFailures
from search_spaces.study import RowRef
from tests.reports.factories import make_record, make_trial

ROW = RowRef("depth", "2-2 [b]")
TRIAL = make_trial(3)


def test_note_holds_the_last_failure_and_counts_the_earlier_ones(tmp_path: Path) -> None:
    notes = notes_in(tmp_path)
    assert notes.keys() == set()
    notes.add(TRIAL, ROW, failure_of("memory", "out of memory"))
    notes.add(TRIAL, ROW, failure_of("training", "KeyError: 'x'\n\nTraceback"))
    (note,) = notes.every()
    assert note.failed.name == "depth/2-2 [b]/3"
    assert (note.failure.cause, note.failure.summary) == ("training", "KeyError: 'x'")
    assert (note.failure.details, note.count) == ("Traceback", 2)
    assert note.first_at <= note.last_at
    notes.remove(TRIAL.key)
    assert notes.find(TRIAL.key) is None


def test_note_is_bounded_and_holds_no_secret(tmp_path: Path) -> None:
    failure = TrialFailure(
        cause="storage",
        summary="http://me:secret@host failed",
        details="x" * MAX_DETAILS + " the end of it",
        log=("http://me:secret@host",),
    )
    notes_in(tmp_path).add(TRIAL, ROW, failure)
    note = notes_in(tmp_path).find(TRIAL.key)
    assert note is not None
    assert len(note.failure.details) == MAX_DETAILS
    assert note.failure.details.endswith("the end of it")
    assert "secret" not in note.model_dump_json()


def test_secret_that_a_cut_would_divide_is_hidden(tmp_path: Path) -> None:
    details = "http://me:secret@host" + "x" * (MAX_DETAILS - 10)
    failure = TrialFailure(cause="storage", summary="y" * 9_999, details=details)
    notes_in(tmp_path).add(TRIAL, ROW, failure)
    note = notes_in(tmp_path).find(TRIAL.key)
    assert note is not None
    assert "cret@host" not in note.failure.details
    assert len(note.failure.summary) < 9_999


def test_damaged_note_counts_as_a_failure_without_a_reason(tmp_path: Path) -> None:
    notes = notes_in(tmp_path)
    notes.add(TRIAL, ROW, failure_of("memory", "out of memory"))
    (tmp_path / "failures" / f"{TRIAL.key}.json").write_text("{")
    assert notes.keys() == {TRIAL.key}
    assert [*notes.every()] == []
    notes.add(TRIAL, ROW, failure_of("memory", "again"))
    assert [note.count for note in notes.every()] == [1]


def test_note_goes_when_the_trial_has_its_record(tmp_path: Path) -> None:
    notes = notes_in(tmp_path)
    noting = NotingFailures(notes, lambda key: ROW)
    noting.failed(TRIAL, failure_of("process", "lost"))
    assert [one.name for one in noting.failures.values()] == ["depth/2-2 [b]/3"]
    noting.finished(make_record(TRIAL))
    assert (noting.failures, notes.keys()) == ({}, set())
    notes.add(TRIAL, ROW, failure_of("process", "lost in another sweep"))
    NotingFailures(notes, lambda key: ROW).finished(make_record(TRIAL))
    assert notes.keys() == set()


def test_storage_that_fails_does_not_end_the_sweep(tmp_path: Path) -> None:
    (tmp_path / "failures").write_text("a file stands where the folder should be")
    noting = NotingFailures(notes_in(tmp_path), lambda key: ROW)
    noting.failed(TRIAL, failure_of("process", "lost"))
    assert TRIAL.key in noting.failures


def test_notes_in_a_bucket_are_seen_by_other_machines(tmp_path: Path, bucket: str) -> None:
    from orchestrator.failures.notes import FailureNotes
    from orchestrator.storage.bucket import BucketStore

    FailureNotes(BucketStore(bucket)).add(TRIAL, ROW, failure_of("gpu", "CUDA error"))
    (note,) = FailureNotes(BucketStore(bucket)).every()
    assert note.failure.summary == "CUDA error"


@pytest.mark.parametrize("text", ["one line", "two\nlines", "a gap\n\nTraceback\n  x"])
def test_first_line_of_a_reason_is_its_summary(text: str) -> None:
    failure = failure_of("training", text)
    assert failure.summary == text.splitlines()[0]
    assert "\n" not in failure.summary
    assert failure.reason.startswith(failure.summary)
