import csv
import io
from pathlib import Path

import pytest

from orchestrator.tracking.content import (
    MAX_PARAMS,
    MAX_POINTS,
    MirroredStudy,
    Point,
    curves_file,
    has_former_name,
    inputs_of,
    recorded_points,
    split_batches,
    trial_name,
)
from search_spaces.study import RowRef
from search_spaces.trial import FoldRef, Trial
from tests.orchestrator.tracking.factories import make_epoch, make_plan, record_trial
from tests.reports.factories import make_split

START_MS = 1735689600000
"""2025-01-01, when made-up trials started; they trained 2 s and took 2.5 s."""


def test_batches_hold_everything_within_the_limits() -> None:
    points = [Point("loss", 0.5, 0, step) for step in range(MAX_POINTS * 2 + 1)]
    params = {f"param{number}": "" for number in range(MAX_PARAMS + 1)}
    batches = list(split_batches(points, params, {"tag": ""}))
    assert [len(batch.points) for batch in batches] == [MAX_POINTS, MAX_POINTS, 1]
    assert [len(batch.params) for batch in batches] == [0, MAX_PARAMS, 1]
    assert [point for batch in batches for point in batch.points] == points
    assert {name for batch in batches for name, _ in batch.params} == set(params)
    assert [batch.tags for batch in batches] == [(), (), [("tag", "")]]


def test_nothing_to_log_makes_no_batch() -> None:
    assert list(split_batches([], {}, {})) == []


def test_params_are_the_fields_that_differ(storage: Path) -> None:
    planned, trials = make_plan(storage)
    assert MirroredStudy(planned).params_of(trials[-1]) == {
        "model.audio.depth": "2",
        "seed": "1",
        "corpus": "synthetic",
    }


def test_fold_is_named_by_tags_params_inputs_and_the_name_of_the_run(storage: Path) -> None:
    planned, (first, *_) = make_plan(storage)
    fold = FoldRef(number=2, count=5, name="Session2", digest="d1")
    trial = first.model_copy(update={"corpus": first.corpus.model_copy(update={"fold": fold})})
    study = MirroredStudy(planned)
    tags = study.tags_of(trial, first.key)
    assert (tags["fold"], tags["fold_number"]) == ("Session2", "2")
    assert trial_name(tags) == f"s0 f2 {tags['row']}"
    assert study.params_of(trial)["fold"] == "Session2"
    assert "fold" not in study.params_of(first)
    whole, part = inputs_of(first), inputs_of(trial)
    assert [one.name for one in whole] == [one.name for one in part]
    assert not {one.digest for one in whole} & {one.digest for one in part}
    assert '"Session2"' in part[0].source


def test_rows_of_equal_config_share_a_trial(storage: Path) -> None:
    planned, _ = make_plan(storage)
    key = planned.keys["shallow"][0]
    twin = planned.model_copy(update={"keys": {"shallow": (key,), "deep": (key,)}})
    assert MirroredStudy(twin).rows_by_key == {
        key: (RowRef("depth", "shallow"), RowRef("depth", "deep"))
    }


def test_points_follow_from_the_record_alone(storage: Path) -> None:
    _, (trial, *_) = make_plan(storage)
    record = record_trial(storage, trial, num_epochs=2)
    test = make_split(0, 1)
    points = recorded_points(record, {1}, test)
    assert points == recorded_points(record, {1}, test)
    assert Point("valid_f1", 0.6, START_MS + 2000, 2) in points
    assert Point("system/wall_s", 2.5, START_MS + 2500, 0) in points
    (accuracy,) = (point.value for point in points if point.name == "test_acc")
    assert accuracy == pytest.approx(0.95)  # one utterance of 20 is wrong
    assert not [p for p in points if p.name == "train_loss" and p.step == 1]


def test_costs_that_are_not_known_are_left_out(storage: Path) -> None:
    _, (trial, *_) = make_plan(storage)
    record = record_trial(storage, trial)
    measured = record.circumstances.model_copy(update={"peak_memory_mib": 812.5})
    names = {
        point.name: point.value
        for point in recorded_points(
            record.model_copy(update={"circumstances": measured}), set(), None
        )
    }
    assert names["system/peak_memory_mib"] == 812.5
    assert "system/peak_gpu_memory_mib" not in names
    assert not any(name.startswith("test_") for name in names)


def test_curves_are_a_line_an_epoch() -> None:
    lines = csv.DictReader(io.StringIO(curves_file([make_epoch(0), make_epoch(1)]).decode()))
    assert [(line["epoch"], line["valid_f1"]) for line in lines] == [("1", "0.5"), ("2", "0.6")]


def test_inputs_are_the_three_splits_with_digests_that_mlflow_takes(storage: Path) -> None:
    _, (trial, *_) = make_plan(storage)
    inputs = inputs_of(trial)
    assert [(one.name, one.context) for one in inputs] == [
        ("synthetic/train", "train"),
        ("synthetic/valid", "valid"),
        ("synthetic/test", "test"),
    ]
    assert all(0 < len(one.digest) <= 36 for one in inputs)


def test_varied_trial_is_told_from_the_seeds_of_its_row(storage: Path) -> None:
    planned, (*_, first, _) = make_plan(storage)
    varied = Trial.model_validate({**first.model_dump(), "streams": {"init": 1}})
    planned = planned.model_copy(update={"varied": {"init": (first.key, varied.key)}})
    study = MirroredStudy(planned)
    plain, tags = study.tags_of(first, first.key), study.tags_of(varied, varied.key)
    assert tags == {**plain, "row": "deep (init varied)", "seed_init": "1"}
    assert plain["row"] == "deep"
    assert study.params_of(varied) == {**study.params_of(first), "seed_init": "1"}
    assert study.rows_text(first.key) == "deep"
    assert study.rows_text(varied.key) == "deep (init varied)"


def test_name_of_a_run_begins_with_its_seeds() -> None:
    tags = {"kind": "trial", "row": "deep (init varied)", "seed": "0", "seed_init": "2"}
    assert trial_name(tags) == "s0 init2 deep (init varied)"
    assert trial_name({"row": "deep", "seed": "3"}) == "s3 deep"
    former = "deep (init varied) seed 0, init 2"
    assert has_former_name({**tags, "mlflow.runName": former})
    assert not has_former_name({**tags, "mlflow.runName": trial_name(tags)})
