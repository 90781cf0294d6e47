from random import Random
from typing import get_args

import pytest
from pydantic import JsonValue

from models.build import build
from models.configs.le import LeConfig
from models.configs.xia import XiaConfig
from search_spaces.change import apply_change
from search_spaces.space import Choice, IntRange, Point, SpaceField
from search_spaces.space_faults import check_space
from search_spaces.spaces.architecture import ARCHITECTURE
from search_spaces.terms import Scale
from tests.models.factories import TASK

FUSIONS = ("transformer", "bottleneck", "gated", "early")
CROSSES = ("bottleneck", "independent", "joint", "bicross", "nagrani")


def draw(random: Random, scale: Scale = "tiny", **fixed: JsonValue) -> Point:
    """Draw a point at random, but for some fields."""

    def choose(field: SpaceField) -> JsonValue:
        if field.name in fixed:
            return fixed[field.name]
        if isinstance(field, Choice):
            return random.choice([*field.options])
        if isinstance(field, IntRange):
            return random.randint(field.low, field.high)
        return random.uniform(field.low, field.high)

    return ARCHITECTURE.draw(scale, choose)


@pytest.mark.parametrize("scale", get_args(Scale))
@pytest.mark.parametrize("corpus", ["synthetic", "iemocap", "mosei"])
def test_space_has_no_fault(corpus: str, scale: Scale) -> None:
    check_space(ARCHITECTURE, corpus, scale)


@pytest.mark.parametrize("scale", get_args(Scale))
def test_any_point_is_a_model(scale: Scale) -> None:
    random = Random(0)
    points = [draw(random, scale) for _ in range(300)]
    for point in points:
        ARCHITECTURE.config(point, "mosei", scale)
    for name in {field.name for field in ARCHITECTURE.fields if "scale" not in field.when}:
        assert any(name in point.values for point in points), name


def test_each_fusion_and_cross_modal_part_is_built() -> None:
    random = Random(0)
    points = [draw(random, system="le", fusion=kind) for kind in FUSIONS]
    points += [draw(random, system="xia", cross=kind) for kind in CROSSES]
    for point in points:
        config = ARCHITECTURE.config(point, "synthetic", "tiny")
        assert any(parameter.requires_grad for parameter in build(config.model, TASK).parameters())


def test_semantic_enhancement_stands_only_where_it_is_chosen() -> None:
    for sem, has_audio, has_vision in (
        ("audio+vision", True, True),
        ("audio", True, False),
        ("vision", False, True),
        ("off", False, False),
    ):
        point = draw(Random(0), system="xia", sem=sem)
        model = ARCHITECTURE.config(point, "synthetic", "tiny").model
        assert isinstance(model, XiaConfig)
        assert (bool(model.audio.sem_after), bool(model.vision.sem_after)) == (
            has_audio,
            has_vision,
        )
        assert ("model.audio.sem_after" in point.values) == has_audio
        assert ("model.vision.sem_after" in point.values) == has_vision


@pytest.mark.parametrize("fusion", ["gated", "early"])
def test_what_leaves_no_sequence_is_not_decoded(fusion: str) -> None:
    point = draw(Random(0), system="le", fusion=fusion)
    model = ARCHITECTURE.config(point, "mosei", "paper").model
    assert isinstance(model, LeConfig)
    assert model.head.kind == "cls"
    absent = {"head", "model.head.depth", "model.fusion.depth", "model.fusion.num_tokens"}
    assert not absent & set(point.values)


def test_both_papers_are_points() -> None:
    papers: tuple[dict[str, JsonValue], ...] = (
        {
            "system": "le",
            "model.audio.depth": 2,
            "model.vision.depth": 2,
            "fusion": "transformer",
            "model.fusion.depth": 2,
            "head": "emotion_decoder",
            "model.head.depth": 2,
        },
        {
            "system": "xia",
            "sem": "audio+vision",
            "model.audio.sem_after": "conv2+conv4",
            "model.vision.sem_after": "conv3+conv5",
            "cross": "bottleneck",
            "model.cross.depth": 1,
            "model.cross.num_tokens": "4",
        },
    )
    for values in papers:
        baseline = ARCHITECTURE.baseline(str(values["system"]), "iemocap", "paper")
        point = draw(Random(0), "paper", **values)
        rates = ("learning_rate", "pretrained_learning_rate")
        as_printed = {f"training.{name}": getattr(baseline.training, name) for name in rates}
        found = ARCHITECTURE.config(point, "iemocap", "paper")
        assert apply_change(found, as_printed) == baseline
