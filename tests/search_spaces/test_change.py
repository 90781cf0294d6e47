import math
import re
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import JsonValue

from models.configs.le import ClsHead, EarlyFusion, LeConfig
from search_spaces.change import apply_change, flatten
from search_spaces.errors import StudyError
from search_spaces.trial import TrialConfig

MODEL_FIELDS = (
    "modalities, system, width, layer, text, audio, vision, modality_dropout, fusion, head"
)


def fault_of(change: Mapping[str, JsonValue]) -> str:
    with pytest.raises(StudyError) as caught:
        apply_change(TrialConfig(), change)
    return str(caught.value)


def test_change_replaces_only_what_it_names() -> None:
    changed = apply_change(TrialConfig(), {"model.head.depth": 5, "training.batch_size": 7})
    before, after = flatten(TrialConfig()), flatten(changed)
    differing = {path: after[path] for path in after if after[path] != before[path]}
    assert differing == {"model.head.depth": 5, "training.batch_size": 7}


def test_fields_that_are_written_only_where_they_differ_can_be_changed() -> None:
    assert flatten(TrialConfig())["model.vision.resize_px"] is None
    changed = apply_change(TrialConfig(), {"model.vision.resize_px": 32})
    assert flatten(changed)["model.vision.resize_px"] == 32


def test_alternative_is_given_whole() -> None:
    change: dict[str, JsonValue] = {
        "model.fusion": {"kind": "early", "hidden": 64},
        "model.head": {"kind": "cls"},
    }
    model = apply_change(TrialConfig(), change).model
    assert isinstance(model, LeConfig)
    assert (model.fusion, model.head) == (EarlyFusion(hidden=64), ClsHead())


def test_a_later_path_may_lead_into_an_earlier_value() -> None:
    change: dict[str, JsonValue] = {
        "model.fusion": {"kind": "transformer", "depth": 1},
        "model.fusion.depth": 6,
    }
    assert flatten(apply_change(TrialConfig(), change))["model.fusion.depth"] == 6
    assert change["model.fusion"] == {"kind": "transformer", "depth": 1}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("modle", 1, "modle: the config has no field 'modle'; choose from model, training"),
        ("model.hed.depth", 1, f"model has no field 'hed'; choose from {MODEL_FIELDS}"),
        ("model.head.dept", 1, "model.head has no field 'dept'; choose from kind, depth"),
        ("model.width.x", 1, "model.width.x: model.width has no fields of its own"),
        ("", 1, "the config has no field ''; choose from model, training"),
        ("model.width", "wide", "model.width: Input should be a valid integer, unable to parse"),
        ("model.width", 33, "model: layer.num_heads 4 does not divide width 33; choose from 1, 3"),
        ("model.vision.face_px", 65, "face_px: Input should be a multiple of 32, got 65"),
        ("training.learning_rate", math.inf, "Input should be a finite number, got inf"),
        (
            "training.schedule",
            "step",
            "Input should be 'cosine', 'constant' or 'plateau', got 'step'",
        ),
    ],
)
def test_wrong_change_is_named_with_the_choices(path: str, value: JsonValue, message: str) -> None:
    assert message in fault_of({path: value})


@pytest.mark.parametrize(
    ("fusion", "message"),
    [
        ({"kind": "erly"}, "'kind' does not match any of the expected tags: 'none', 'early'"),
        ({"kind": "early", "hiden": 3}, "model.fusion.early.hiden: Extra inputs are not permitted"),
        (
            {"kind": "early"},
            "needs fusion.kind 'transformer' or 'bottleneck', not 'early'; choose one of those",
        ),
        ({}, "model.fusion: Unable to extract tag using discriminator 'kind'"),
        ("early", "model.fusion: Input should be a valid dictionary"),
    ],
    ids=["kind", "field", "misfit", "no kind", "no alternative"],
)
def test_wrong_alternative_is_named(fusion: JsonValue, message: str) -> None:
    assert message in fault_of({"model.fusion": fusion})


def test_all_wrong_paths_are_told_at_once() -> None:
    faults = fault_of({"a": 1, "model.b": 2, "training.seed.c": 3, "model.width": 64}).splitlines()
    assert [fault.partition(":")[0] for fault in faults] == ["a", "model.b", "training.seed.c"]


def test_all_wrong_values_are_told_at_once() -> None:
    faults = fault_of({"training.max_epochs": 0, "model.width": "wide"}).splitlines()
    places = ["model.width", "training.max_epochs"]
    assert [fault.partition(":")[0] for fault in faults] == places


def test_message_does_not_print_the_whole_config() -> None:
    assert re.fullmatch(r"model: [^{}]{1,100}", fault_of({"model.width": 33}))


def nested(depth: int) -> JsonValue:
    value: JsonValue = 3
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.fusion": {1: 2}, "model.fusion.hidden": 3}, "model.fusion.dict.1.[key]: Input"),
        ({1: 2}, "1.[key]: Input should be a valid string, got 1"),
        ({None: 2}, "None.[key]: Input should be a valid string"),
        ({"model.fusion": object()}, "model.fusion: input was not a valid JSON value"),
        ({"model": nested(3000)}, "model.list.0.list.0"),
    ],
    ids=lambda given: repr(type(given)),
)
def test_change_that_is_no_json_is_refused(change: Any, message: str) -> None:
    fault = fault_of(change)
    assert message in fault
    assert len(fault) < 1000
