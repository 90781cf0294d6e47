import json
import re
import shutil
from pathlib import Path

import pytest

from corpora.parsing.errors import ParseError
from reports.ledger.ledger import PREDICTIONS_FILE, RECORD_FILE, Ledger, LedgerError
from reports.ledger.record import Record
from reports.ledger.record_file import parse_record, record_bytes
from reports.scores.trials import TrialScores
from tests.reports.factories import make_record, make_split, make_trial, write_trial

RECORD = make_record(make_trial(), "0" * 64)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def without_digest(record: Record = RECORD) -> bytes:
    return record.model_dump_json(indent=1).encode()


def edited(content: bytes, **result: object) -> bytes:
    """Change fields of the result, or take them out, as a person with an editor would."""
    tree = json.loads(content)
    tree["result"] |= result
    return json.dumps(tree, indent=1).encode()


def test_record_is_read_as_it_was_written() -> None:
    content = record_bytes(RECORD)
    assert parse_record(content, RECORD.key) == RECORD
    assert json.loads(content).keys() == {*json.loads(without_digest()), "sha256"}


def test_record_without_digest_is_read() -> None:
    assert parse_record(without_digest(), RECORD.key) == RECORD


def test_a_flipped_bit_anywhere_is_found() -> None:
    whole = record_bytes(RECORD)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 7
        try:
            assert parse_record(bytes(damaged), RECORD.key) == RECORD  # white space at the end
        except ParseError:
            continue
        assert damaged[place] in b"\t\n \v"


def test_changed_thresholds_are_found() -> None:
    changed = edited(record_bytes(RECORD), thresholds=[0.1, 0.5, 0.5])
    with pytest.raises(ParseError, match="changed after it was written: its SHA-256 differs"):
        parse_record(changed, RECORD.key)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"thresholds": [0.5]}, "it has 1 thresholds for 3 emotions of the task multilabel"),
        ({"thresholds": [0.5, 0.5, "nan"]}, "a threshold is no finite number"),
        ({"emotions": ["a", "a", "b"]}, "its emotions are (a, a, b)"),
        ({"emotions": [], "thresholds": []}, "its emotions are ()"),
        ({"best_epoch": 1}, "its best epoch 1 is none of its 1 epochs"),
        ({"best_epoch": -2}, "its best epoch -2 is none"),
        ({"best_epoch": -1}, "it has no best epoch, though the training did not diverge"),
        ({"epochs": []}, "its best epoch 0 is none of its 0 epochs"),
    ],
    ids=str,
)
def test_result_that_no_trial_leaves_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ParseError, match=re.escape(message)):
        parse_record(edited(without_digest(), **change), RECORD.key)


def test_record_of_a_later_format_is_refused() -> None:
    later = without_digest(RECORD.model_copy(update={"schema_version": 999}))
    with pytest.raises(ParseError, match="it is of format 999, and this version reads format 1"):
        parse_record(later, RECORD.key)


@pytest.mark.parametrize("write", [record_bytes, without_digest])
def test_record_of_another_trial_is_told_and_never_counted(write, ledger: Ledger) -> None:
    ours, theirs = (write_trial(ledger, make_trial(s), make_split(s, 2 * s)) for s in range(2))
    for name in (RECORD_FILE, PREDICTIONS_FILE):
        shutil.copy(ledger.folder(theirs.key) / name, ledger.folder(ours.key) / name)
    (ledger.folder(ours.key) / RECORD_FILE).write_bytes(write(theirs))
    message = f"trials/{ours.key}/record.json' is damaged: it is the record of '{theirs.key}'"
    with pytest.raises(LedgerError, match=message.replace("of '", "of trial '")):
        TrialScores(ledger).finished([ours.key, theirs.key])


def test_renamed_record_without_digest_is_found_by_its_settings() -> None:
    renamed = without_digest(RECORD.model_copy(update={"key": "1234"}))
    with pytest.raises(ParseError, match=f"are those of trial '{RECORD.key}', not of '1234'"):
        parse_record(renamed, "1234")


def test_all_damaged_records_are_told_together(ledger: Ledger) -> None:
    records = [write_trial(ledger, make_trial(seed), make_split(seed, 1)) for seed in range(3)]
    for record, content in zip(records, (b"\xff\xfe", b"", None), strict=True):
        if content is not None:
            (ledger.folder(record.key) / RECORD_FILE).write_bytes(content)
    with pytest.raises(LedgerError) as raised:
        ledger.finished([record.key for record in records])
    lines = str(raised.value).splitlines()
    assert [line.split("'")[1] for line in lines] == [
        str(ledger.folder(record.key) / RECORD_FILE) for record in records[:2]
    ]
    assert all("move its folder away to train the trial again" in line for line in lines)


def test_predictions_of_other_emotions_are_refused(ledger: Ledger) -> None:
    record = write_trial(ledger, make_trial(), make_split(0, 1, num_emotions=2))
    with pytest.raises(LedgerError, match="are of 2 emotions, but the record names 3"):
        TrialScores(ledger).find(record, "f1")


def test_records_share_what_is_equal_in_them() -> None:
    other = make_record(make_trial(seed=1), "0" * 64)
    first, second = (parse_record(record_bytes(one), one.key) for one in (RECORD, other))
    assert (first, second) == (RECORD, other)
    assert first.trial.config is second.trial.config
    assert first.trial.corpus is second.trial.corpus
    assert first.circumstances.libraries is second.circumstances.libraries


def test_record_with_a_digest_may_have_a_key_of_another_version() -> None:
    """Its settings may have a later default that gives another key; the digest vouches for it."""
    record = RECORD.model_copy(update={"key": "given"})
    assert parse_record(record_bytes(record), "given") == record
