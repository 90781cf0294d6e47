"""Predictions without modalities count only as they were written, and for their record."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from reports.ledger.record import Predictions, Record
from reports.ledger.withheld_file import read_withheld, withheld_file, write_withheld
from search_spaces.metrics.metric import Withheld
from tests.reports.factories import make_record, make_split, make_trial

RECORD = make_record(make_trial(), "of these predictions")
TEXT: Withheld = (("text", 50),)
TEST = make_split(0, 4)


def test_predictions_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = write_withheld(tmp_path, RECORD, TEXT, TEST)
    assert path == withheld_file(tmp_path, RECORD, TEXT)
    assert path.parent == tmp_path / "withheld"
    assert path.name.startswith(f"{RECORD.key}-")
    found = read_withheld(tmp_path, RECORD, TEXT)
    assert found is not None
    for name, values in vars(TEST).items():
        assert np.array_equal(getattr(found, name), values)
    assert read_withheld(tmp_path, RECORD, (("audio", 50),)) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(TEST, ids=np.array([*TEST.ids[:-1], "utterance-other"])),
        replace(TEST, groups=np.array([*TEST.groups[:-1], "dialogue-other"])),
        replace(TEST, labels=(1 - TEST.labels).astype(np.int8)),
        replace(TEST, probabilities=TEST.probabilities[::-1]),
    ],
    ids=["ids", "groups", "labels", "probabilities"],
)
def test_other_predictions_count_as_missing(tmp_path: Path, other: Predictions) -> None:
    given = write_withheld(tmp_path, RECORD, TEXT, TEST)
    table = pq.read_table(write_withheld(tmp_path / "other", RECORD, TEXT, other))
    pq.write_table(table.replace_schema_metadata(pq.read_schema(given).metadata), given)
    assert read_withheld(tmp_path, RECORD, TEXT) is None


@pytest.mark.parametrize(
    ("record", "withheld"),
    [
        (make_record(make_trial(), "of others"), TEXT),
        (make_record(make_trial(1), "of these predictions"), TEXT),
        (RECORD, (("text", 100),)),
    ],
    ids=["trained anew", "another trial", "another share"],
)
def test_predictions_of_another_model_count_as_missing(
    tmp_path: Path, record: Record, withheld: Withheld
) -> None:
    path = write_withheld(tmp_path, RECORD, TEXT, TEST)
    path.replace(withheld_file(tmp_path, record, withheld))
    assert read_withheld(tmp_path, record, withheld) is None


def test_facts_that_were_changed_count_as_missing(tmp_path: Path) -> None:
    path = write_withheld(tmp_path, RECORD, (("text", 100),), TEST)
    table = pq.read_table(path)
    facts = pq.read_schema(write_withheld(tmp_path, RECORD, TEXT, TEST)).metadata[b"facts"]
    mixed = {b"facts": facts, b"sha256": table.schema.metadata[b"sha256"]}
    pq.write_table(table.replace_schema_metadata(mixed), withheld_file(tmp_path, RECORD, TEXT))
    assert read_withheld(tmp_path, RECORD, TEXT) is None


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"no Parquet at all"])
def test_damaged_file_counts_as_missing(tmp_path: Path, damage: bytes) -> None:
    write_withheld(tmp_path, RECORD, TEXT, TEST).write_bytes(damage)
    assert read_withheld(tmp_path, RECORD, TEXT) is None
