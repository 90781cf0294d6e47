import importlib
import pickle
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from pydantic import ValidationError

from models.own import system as systems
from models.own.errors import OwnCodeError
from models.own.system import OwnSystem, UnloadedSystem
from models.own.wrapping import own_system
from models.task import Task
from search_spaces.change import apply_change
from search_spaces.errors import StudyError
from search_spaces.identity import identity_of
from search_spaces.study import Row
from search_spaces.trial import CorpusRef, Trial, TrialConfig
from tests.models.own.own_files import NET, SYSTEM, load, wrap, write_own_files

CORPUS = CorpusRef(name="mine", recipe="le", fingerprint="0" * 64)


def key_of(system: OwnSystem) -> str:
    return Trial(config=TrialConfig(model=system), corpus=CORPUS, seed=0).key


@pytest.fixture
def gate(tmp_path: Path) -> OwnSystem:
    system: OwnSystem = load(write_own_files(tmp_path), "system", "Gate")()
    return system


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch):
    """Be a process that has not loaded the user's code, from the call on."""
    return lambda: monkeypatch.setattr(systems, "_CLASSES", {})


def test_own_system_names_its_code(gate: OwnSystem) -> None:
    assert (gate.code.module, gate.code.name, gate.code.recipe) == ("system", "Gate", "le")
    assert gate.code.digest == gate.source().digest


def test_changes_are_checked(gate: OwnSystem) -> None:
    config = TrialConfig(model=gate)
    assert apply_change(config, {"model.gate": "none"}).model.model_dump()["gate"] == "none"
    with pytest.raises(StudyError) as raised:
        apply_change(config, {"model.gate": "hard", "model.width": 0})
    assert str(raised.value).splitlines() == [
        "model.width: Input should be greater than 0, got 0",
        "model.gate: Input should be 'soft' or 'none', got 'hard'",
    ]
    with pytest.raises(StudyError, match=r"model\.gates: model has no field 'gates'"):
        apply_change(config, {"model.gates": "soft"})


def test_code_that_is_not_loaded_keeps_every_field_and_the_key(gate: OwnSystem, forget) -> None:
    config, key = TrialConfig(model=gate), key_of(gate)
    forget()
    read = TrialConfig.model_validate_json(config.model_dump_json())
    assert isinstance(read.model, UnloadedSystem)
    assert read.model_dump_json() == config.model_dump_json()
    assert identity_of(read) == identity_of(config)
    assert key_of(read.model) == key
    with pytest.raises(OwnCodeError, match=r"the code of the system 'gate' is not loaded"):
        read.model.build(Task(emotions=("happy",)))


def test_own_system_travels_by_its_fields(gate: OwnSystem, forget) -> None:
    sent = pickle.dumps(gate)
    assert pickle.loads(sent).model_dump() == gate.model_dump()
    assert not isinstance(pickle.loads(sent), UnloadedSystem)
    forget()
    assert isinstance(pickle.loads(sent), UnloadedSystem)


def test_edited_code_is_another_trial(tmp_path: Path) -> None:
    write_own_files(tmp_path)
    first = key_of(load(tmp_path, "system", "Gate")())
    assert key_of(load(tmp_path, "system", "Gate")()) == first
    (tmp_path / "gate.py").write_text(NET.replace("mean(1)", "sum(1)"), encoding="utf-8")
    assert key_of(load(tmp_path, "system", "Gate")()) != first


def test_class_in_the_study_file_is_refused(tmp_path: Path) -> None:
    imports, body = SYSTEM.split("class Gate", 1)
    local = indent(f"class Gate{body}\nreturn Gate\n", "    ")
    write_own_files(tmp_path, local=f"{imports}def make():\n{local}")
    with pytest.raises(ValidationError, match=r"lies in a function or a class; define it at the"):
        load(tmp_path, "local", "make")()()
    made = type("Typed", (OwnSystem,), {"__module__": "__main__", "recipe": "le"})
    with pytest.raises(ValidationError, match=r"has no Python file that workers could get; write"):
        made(system="typed")


def test_class_without_a_recipe_is_refused(tmp_path: Path) -> None:
    write_own_files(tmp_path, none=SYSTEM.replace('recipe = "le"', ""))
    with pytest.raises(ValidationError, match=r"'Gate' does not say what it reads; give it a re"):
        load(tmp_path, "none", "Gate")()


def test_name_of_a_built_in_system_is_refused(tmp_path: Path) -> None:
    write_own_files(tmp_path, taken=SYSTEM.replace('"gate"] = "gate"', '"mult"] = "mult"'))
    with pytest.raises(ValidationError, match=r"system 'mult' is built in; give your own another"):
        TrialConfig(model=load(tmp_path, "taken", "Gate")())


def test_class_without_build_is_told(tmp_path: Path) -> None:
    write_own_files(tmp_path, none=SYSTEM.replace("def build(", "def make("))
    with pytest.raises(OwnCodeError, match=r"'Gate' has no method 'build'; define build\(self, ta"):
        load(tmp_path, "none", "Gate")().build(Task(emotions=("happy",)))


def test_field_that_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    text = SYSTEM.replace("width: PositiveInt = 8", "width: type = int")
    write_own_files(tmp_path, typed=text)
    with pytest.raises(
        ValidationError, match=r"a field of 'Gate' has a type that JSON cannot hold"
    ):
        load(tmp_path, "typed", "Gate")()


class TestWrapped:
    def test_arguments_become_fields(self, tmp_path: Path) -> None:
        system = wrap(write_own_files(tmp_path), width=4)
        assert system.model_dump(include={"system", "width", "gate", "rates"}) == {
            "system": "gate-net",
            "width": 4,
            "gate": "soft",
            "rates": (0.1, 0.2),
        }
        model = system.build(Task(emotions=("happy", "sad")))
        assert type(model).__name__ == "GateNet"
        shapes = {name: tuple(value.shape) for name, value in model.named_parameters()}
        assert shapes["head.weight"] == (2, 4)
        assert shapes["words.weight"] == (system.tokens.vocabulary, 4)

    def test_equal_calls_return_one_class(self, tmp_path: Path) -> None:
        first, second = (wrap(write_own_files(tmp_path), width=width) for width in (4, 8))
        assert type(first) is type(second)
        assert type(wrap(tmp_path, recipe="dai")) is not type(first)

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("width: int = 8", "build: int = 8", r"argument 'build' of 'GateNet' has the name of"),
            ("width: int = 8", "width: torch.Tensor = None", r"'width' .* JSON cannot hold"),
            ("width: int = 8", "width: type = int", r"'width' .* JSON cannot hold"),
            ("self,\n", "self, depth, /,\n", r"argument 'depth' of 'GateNet' cannot be given by"),
        ],
    )
    def test_argument_that_cannot_be_a_field_is_told(
        self, tmp_path: Path, old: str, new: str, told: str
    ) -> None:
        write_own_files(tmp_path, odd=NET.replace(old, new, 1))
        with pytest.raises(OwnCodeError, match=told):
            wrap(tmp_path, "odd")

    def test_unknown_argument_is_told(self, tmp_path: Path) -> None:
        write_own_files(tmp_path)
        with pytest.raises(ValidationError, match="depth\n  Extra inputs are not permitted"):
            wrap(tmp_path, depth=2)


def test_linked_source_counts_under_the_name_of_the_link(tmp_path: Path) -> None:
    keys = set()
    for name in ("first", "second"):
        folder = write_own_files(tmp_path / name)
        text = NET.replace("mean(1)", "sum(1)") if name == "second" else NET
        (folder / "gate.py").rename(folder / "gate_v2.py")
        (folder / "gate_v2.py").write_text(text)
        (folder / "gate.py").symlink_to(folder / "gate_v2.py")
        system = wrap(folder)
        assert "gate.py" in system.source().files
        keys.add(key_of(system))
    assert len(keys) == 2


def test_module_that_was_edited_since_it_was_imported_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a notebook, where modules stay loaded."""
    write_own_files(tmp_path)
    (tmp_path / "gate.py").rename(tmp_path / "notebook_gate.py")
    monkeypatch.syspath_prepend(tmp_path)
    net = importlib.import_module("notebook_gate").GateNet
    first = own_system(net, recipe="le")
    (tmp_path / "notebook_gate.py").write_text(NET.replace("mean(1)", "sum(1)"))
    with pytest.raises(OwnCodeError, match="was edited since it was imported; restart the program"):
        own_system(net, recipe="le")
    assert key_of(wrap(tmp_path, "notebook_gate")) != key_of(first)  # a study file loads it anew


def test_users_package_of_one_of_our_names_can_hold_the_model(tmp_path: Path) -> None:
    write_own_files(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "gate.py").rename(tmp_path / "models" / "gate.py")
    write_own_files(tmp_path, study="from mmer_sweep import own_system\n"
        "from models.gate import GateNet\n\nNET = own_system(GateNet, recipe='le')\n")  # fmt: skip
    (tmp_path / "gate.py").unlink()
    system = load(tmp_path, "study", "NET")
    assert set(system.source().files) == {"models/gate.py", "parts/scale.py"}


@pytest.mark.parametrize(
    ("argument", "value", "told"),
    [
        ("names={'a', 'b'}", None, "a field of 'GateNet' is a set, whose order differs"),
        ("names={1: 2}", None, r"field 'names' is \{1: 2\}, which JSON gives back as another"),
        ("names: float = 1.0", float("inf"), "field 'names' is inf, which JSON cannot hold"),
        ("names: int = None", None, "Input should be a valid integer"),
        ("recipe: str = 'x'", None, "argument 'recipe' of 'GateNet' has the name of what every"),
        ("_names: int = 1", None, "argument '_names' of 'GateNet' begins with '_'"),
    ],
)
def test_value_that_would_not_come_back_is_refused(
    tmp_path: Path, argument: str, value: object, told: str
) -> None:
    write_own_files(tmp_path, odd=NET.replace("width: int = 8", f"width: int = 8, {argument}"))
    settings: dict[str, Any] = {} if value is None else {"names": value}
    with pytest.raises((ValidationError, OwnCodeError), match=told):
        wrap(tmp_path, "odd", **settings)


def test_change_to_another_own_system_is_its_fields(gate: OwnSystem, tmp_path: Path) -> None:
    other = wrap(write_own_files(tmp_path / "other"), width=4)
    row = Row(name="other", change={"model": other})
    assert apply_change(TrialConfig(model=gate), row.change).model == other
