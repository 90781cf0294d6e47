"""Predictions of a linear classifier count only as they were written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from corpora.source.split import Split
from reports.ledger.floor_file import Linear, floor_file, read_floor, write_floor
from reports.ledger.record import Predictions
from tests.reports.factories import make_split, make_trial
from tests.reports.floor_factory import make_linear, write_linear

SPLIT = make_split(0, 4)
FINGERPRINT = make_trial().corpus.fingerprint


def with_metadata_of(given: Path, predicted: Path) -> None:
    """Let a file have the facts and the digest of another one."""
    table = pq.read_table(predicted).replace_schema_metadata(pq.read_schema(given).metadata)
    pq.write_table(table, given)


def test_floors_are_read_as_they_were_written(tmp_path: Path) -> None:
    linear = make_linear(SPLIT, make_split(1, 2))
    path = write_floor(tmp_path, linear)
    content = linear.facts.corpus.content
    assert path == floor_file(tmp_path, content) == tmp_path / "floors" / f"{content}.parquet"
    found = read_floor(tmp_path, content)
    assert found is not None
    assert found.facts == linear.facts
    for split, expected in linear.predictions.items():
        for name, values in vars(expected).items():
            assert np.array_equal(getattr(found.predictions[split], name), values)
    assert write_floor(tmp_path / "again", linear).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "other",
    [
        replace(SPLIT, ids=np.array([*SPLIT.ids[:-1], "utterance-other"])),
        replace(SPLIT, groups=np.array([*SPLIT.groups[:-1], "dialogue-other"])),
        replace(SPLIT, labels=(1 - SPLIT.labels).astype(np.int8)),
        replace(SPLIT, probabilities=SPLIT.probabilities[::-1]),
    ],
    ids=["ids", "groups", "labels", "probabilities"],
)
@pytest.mark.parametrize("split", ["valid", "test"])
def test_floors_of_other_predictions_count_as_missing(
    tmp_path: Path, other: Predictions, split: Split
) -> None:
    linear = make_linear(SPLIT, SPLIT)
    changed = Linear(linear.facts, {**linear.predictions, split: other})
    with_metadata_of(write_floor(tmp_path, linear), write_floor(tmp_path / "other", changed))
    assert read_floor(tmp_path, linear.facts.corpus.content) is None


def test_floors_of_other_facts_or_of_another_corpus_count_as_missing(tmp_path: Path) -> None:
    linear = make_linear(SPLIT, SPLIT)
    content = linear.facts.corpus.content
    path = write_floor(tmp_path, linear)
    path.rename(floor_file(tmp_path, "f00d"))
    assert read_floor(tmp_path, "f00d") is None
    assert read_floor(tmp_path, content) is None
    facts = linear.facts.model_copy(update={"inverse_penalty": 2.0})
    changed = write_floor(tmp_path, replace(linear, facts=facts))
    metadata = pq.read_schema(write_floor(tmp_path / "other", linear)).metadata
    table = pq.read_table(changed)
    mixed = {b"facts": table.schema.metadata[b"facts"], b"sha256": metadata[b"sha256"]}
    pq.write_table(table.replace_schema_metadata(mixed), changed)
    assert read_floor(tmp_path, content) is None


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "of another corpus", "newer"])
def test_file_that_cannot_be_used_counts_as_missing(tmp_path: Path, damage: str) -> None:
    path = write_linear(tmp_path, 4)
    content = path.read_bytes()
    assert read_floor(tmp_path, FINGERPRINT) is not None
    match damage:
        case "cut":
            path.write_bytes(content[:-100])
        case "changed":
            pq.write_table(pq.read_table(path).slice(1), path)
        case "empty":
            path.write_bytes(b"")
        case "of another corpus":
            path = path.rename(floor_file(tmp_path, "another"))
        case _:
            linear = make_linear(SPLIT, SPLIT)
            newer = linear.facts.model_copy(update={"version": 9})
            write_floor(tmp_path, replace(linear, facts=newer))
    assert path.read_bytes() != content or path.stem == "another"
    assert read_floor(tmp_path, path.stem) is None
