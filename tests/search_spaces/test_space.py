import re
from pathlib import Path

import pytest
from pydantic import JsonValue

from search_spaces.catalogue import find_space
from search_spaces.errors import StudyError
from search_spaces.space import Choice, IntRange, LogRange, Point, Space, SpaceField, choice_of
from search_spaces.space_faults import check_space

LE, XIA = "search_spaces.systems.le:LE", "search_spaces.systems.xia:XIA"
DECODER: dict[str, JsonValue] = {"model.head": {"kind": "emotion_decoder", "depth": 1}}
CLS: dict[str, JsonValue] = {"model.head": {"kind": "cls"}}
HEAD = Choice(name="head", options={"decoder": DECODER, "cls": CLS}, when={"system": ("le",)})
DEPTH = IntRange(path="model.head.depth", low=1, high=3, when={"head": ("decoder",)})
RATE = LogRange(path="training.learning_rate", low=1e-4, high=1e-2)
PRETRAINED = LogRange(
    path="training.pretrained_learning_rate", low=1e-6, high=1e-4, when={"scale": ("paper",)}
)


def make_space(*fields: SpaceField, **settings: object) -> Space:
    given = {"name": "mine", "title": "Mine", "systems": {"le": LE, "xia": XIA}, **settings}
    return Space.model_validate({**given, "fields": fields})


SPACE = make_space(HEAD, DEPTH, RATE, PRETRAINED)


def draw(space: Space, scale: str = "tiny", **values: JsonValue) -> Point:
    """Draw the point with these values, and the lowest or first of all other fields."""

    def choose(field: SpaceField) -> JsonValue:
        first = next(iter(field.options)) if isinstance(field, Choice) else field.low
        return values.get(field.name.rpartition(".")[2], first)

    return space.draw(scale, choose)  # type: ignore[arg-type]  # a scale by its name


def test_point_has_the_fields_whose_conditions_hold() -> None:
    point = draw(SPACE, head="decoder", depth=2, learning_rate=1e-3)
    assert point.system == "le"
    assert point.values == {
        "head": "decoder",
        "model.head.depth": 2,
        "training.learning_rate": 1e-3,
    }
    assert point.change == {**DECODER, "model.head.depth": 2, "training.learning_rate": 1e-3}


def test_point_lacks_the_fields_whose_parent_is_off_or_does_not_exist() -> None:
    assert [*draw(SPACE, head="cls").values] == ["head", "training.learning_rate"]
    assert [*draw(SPACE, system="xia").values] == ["training.learning_rate"]
    assert [*draw(SPACE, "paper", system="xia").values] == [
        "training.learning_rate",
        "training.pretrained_learning_rate",
    ]


def test_space_of_one_system_asks_for_none() -> None:
    space = make_space(HEAD, systems={"le": LE})
    assert [field.name for field in space.all_fields] == ["head"]
    assert draw(space) == Point("le", {"head": "decoder"}, DECODER)


def test_config_is_the_baseline_with_the_changes_of_space_and_point() -> None:
    space = make_space(HEAD, DEPTH, change={"training.max_epochs": 2})
    config = space.config(draw(space, depth=3), "any", "tiny")
    assert config.training.max_epochs == 2
    assert config.model.model_dump()["head"] == {"kind": "emotion_decoder", "depth": 3}
    assert config.model.model_dump()["width"] == 32


def test_choice_of_names_each_value() -> None:
    choice = choice_of("model.width", (16, 32), when={"system": ("le",)})
    assert choice.options == {"16": {"model.width": 16}, "32": {"model.width": 32}}
    assert (choice.name, choice.when) == ("model.width", {"system": ("le",)})


def test_sound_space_has_no_fault() -> None:
    check_space(SPACE, "any", "tiny")
    check_space(SPACE, "mosei", "paper")


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        (IntRange(path="model.widht", low=1, high=2), "no field 'widht'; choose from .*width"),
        (Choice(name="none", options={}), "field 'none': has no options"),
        (
            IntRange(path="model.width", low=3, high=2),
            r"field 'model.width': its domain is empty: low 3 is above high 2",
        ),
        (LogRange(path="training.learning_rate", low=0, high=1), "low 0 has no logarithm"),
        (
            IntRange(path="model.width", low=32, high=32, when={"sem": ("on",)}),
            "when: there is no choice 'sem'; choose from system, scale, head",
        ),
        (
            Choice(name="a", options={"x": {}}, when={"head": ("none",)}),
            "when: 'head' has no option 'none'; choose from decoder, cls",
        ),
        (
            Choice(name="a", options={"x": {}}, when={"head": ()}),
            "when: names no option of 'head'; choose from decoder, cls",
        ),
        (
            Choice(name="a", options={"x": {}}, when={"a": ("x",)}),
            "when: there is no choice 'a' that comes before it",
        ),
        (Choice(name="head", options={"x": {}}), "field 'head': the name is used twice"),
        (Choice(name="scale", options={"x": {}}), "field 'scale': the name is used twice"),
        (
            IntRange(path="model.width", low=32, high=33, when={"head": ("cls",)}),
            r"field 'model.width', 33 \(system 'le'\): model: layer.num_heads 4 does not divide",
        ),
        (
            Choice(name="wide", options={"x": {"model.width": 7}}, when={"system": ("le",)}),
            "system 'le': model: layer.num_heads 4 does not divide width 7",
        ),
        (
            IntRange(path="model.head.depth", name="deep", low=1, high=2, when={"head": ("cls",)}),
            "field 'deep': model.head.depth: model.head has no field 'depth'; choose from kind",
        ),
    ],
)
def test_fault_of_a_field_is_told(field: SpaceField, fault: str) -> None:
    with pytest.raises(StudyError, match=rf"space 'mine', .*{fault}"):
        check_space(make_space(HEAD, field), "any", "tiny")


def test_condition_on_what_comes_later_is_told() -> None:
    with pytest.raises(StudyError, match="no choice 'head' that comes before it; choose from sys"):
        check_space(make_space(DEPTH, HEAD), "any", "tiny")


def test_range_is_nothing_to_depend_on() -> None:
    field = IntRange(path="model.width", low=32, high=32, when={"model.head.depth": ("1",)})
    with pytest.raises(StudyError, match=r"no choice 'model.head.depth' that comes before it"):
        check_space(make_space(HEAD, DEPTH, field), "any", "tiny")


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"name": "my space"}, "name: choose letters"),
        ({"systems": {}}, "systems: a space needs at least one system"),
        ({"systems": {"le": "nowhere:LE"}}, "there is no baseline 'nowhere:LE'.*module:NAME"),
        ({"systems": {"le": "search_spaces.systems.le:ELSE"}}, "there is no baseline"),
        ({"systems": {"le": "search_spaces.study:ANY_CORPUS"}}, "is not a baseline; choose a"),
        ({"change": {"model.head": {"kind": "cls"}}}, "'head': sets what the space's own change"),
        ({"change": {"model.nothing": 1}}, r"system 'le': model.nothing: model has no field"),
    ],
)
def test_fault_of_a_space_is_told(settings: dict[str, object], fault: str) -> None:
    with pytest.raises(StudyError, match=fault):
        check_space(make_space(HEAD, **settings), "any", "tiny")


def test_space_without_fields_is_told() -> None:
    with pytest.raises(StudyError, match="fields: a space needs at least one field"):
        check_space(make_space(), "any", "tiny")


def test_scale_without_a_baseline_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_spaces.systems.le.LE", {"tiny": {"mine": SPACE}})
    with pytest.raises(StudyError, match=r"has no config for corpus 'other' at scale 'tiny'"):
        check_space(make_space(HEAD, systems={"le": LE}), "other", "tiny")


@pytest.mark.parametrize(
    "later",
    [
        IntRange(path="model.head.depth", name="again", low=1, high=2, when={"head": ("decoder",)}),
        Choice(name="whole", options={"x": DECODER}, when={"system": ("le",)}),
    ],
    ids=["the same path", "what holds the path"],
)
def test_two_fields_that_set_one_path_are_told(later: SpaceField) -> None:
    match = f"field '{later.name}': sets model.head.depth, as field 'model.head.depth' does"
    with pytest.raises(StudyError, match=match):
        check_space(make_space(HEAD, DEPTH, later), "any", "tiny")


def test_fields_that_never_meet_may_set_one_path() -> None:
    xia = IntRange(path="model.width", name="a", low=32, high=32, when={"system": ("xia",)})
    le = IntRange(path="model.width", name="b", low=32, high=32, when={"system": ("le",)})
    under_cls = Choice(name="c", options={"x": CLS}, when={"head": ("cls",)})
    depth = IntRange(path="model.head.depth", low=1, high=3, when={"head": ("decoder",)})
    set_by_option = Choice(
        name="head",
        options={"decoder": DECODER, "cls": {}},
        when={"system": ("le",)},
    )
    check_space(make_space(xia, le, set_by_option, under_cls, depth), "any", "tiny")


def test_all_faults_are_told_together() -> None:
    fields = (
        IntRange(path="model.audio.depht", low=1, high=2, when={"system": ("le",)}),
        Choice(name="empty", options={}),
        IntRange(path="model.width", low=32, high=16),
    )
    with pytest.raises(StudyError) as error:
        check_space(make_space(*fields), "any", "tiny")
    lines = str(error.value).splitlines()
    assert len(lines) == 3
    for word in ("depht", "has no options", "domain is empty"):
        assert sum(word in line for line in lines) == 1


def test_example_of_the_docs_is_sound(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my_space.py").write_text(block)
    space = find_space(str(tmp_path / "my_space.py"))
    check_space(space, "any", "tiny")
    check_space(space, "mosei", "paper")
