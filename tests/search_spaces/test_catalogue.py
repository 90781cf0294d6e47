import os
import re
from pathlib import Path

import pytest

from search_spaces.catalogue import (
    COLLECTIONS,
    SPACES,
    STUDIES,
    find_space,
    find_study,
    load_studies,
)
from search_spaces.errors import StudyError
from search_spaces.names import COLLECTION_NAMES, STUDY_NAMES
from tests.models.own.own_files import write_own_files

DERIVED = """
from search_spaces.studies.le2023 import LAYERS
{name} = LAYERS.model_copy(update={{"name": "{study}", "title": "{title}"}})
"""


def derived(name: str, study: str = "mine", title: str = "Mine") -> str:
    return DERIVED.format(name=name, study=study, title=title)


def write(folder: Path, content: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def test_studies_are_found_by_name() -> None:
    assert all(find_study(name).name == name for name in STUDIES)
    with pytest.raises(StudyError, match=r"'lairs' .*did you mean 'layers'\? choose from .*sem"):
        find_study("lairs")


def test_names_are_those_of_the_studies() -> None:
    assert tuple(STUDIES) == STUDY_NAMES
    assert tuple(COLLECTIONS) == COLLECTION_NAMES


def test_file_gives_its_own_studies_in_order(tmp_path: Path) -> None:
    content = derived("A", "second") + derived("B", "first") + "\nALIAS = A\n"
    found = load_studies(write(tmp_path, content))
    assert [study.name for study in found] == ["second", "first"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("STUDY = 1", "defines no Study of its own at its top level"),
        ("from search_spaces.studies.le2023 import LAYERS", "defines no Study of its own"),
        ("def (", "SyntaxError: invalid syntax"),
        ("\n1 / 0", "mine.py', line 2: ZeroDivisionError: division by zero"),
        (
            "import no_such_module",
            "No module named 'no_such_module'; put a file of your own beside it",
        ),
        ("import sys; sys.exit()", "SystemExit"),
        (
            "from search_spaces.study import Row\nRow(nam='a', change=3)",
            "mine.py', line 2: name: Field required; change: Input should be a valid dictionary, "
            "got 3; nam: Extra inputs are not permitted, got 'a'",
        ),
        (
            "from search_spaces.study import Row\nRow(name='a\\x1b[31m')",
            "mine.py', line 2: name: the control character U+001B at place 2 commands terminals",
        ),
        (derived("A", title=r"A\0"), "study 'mine': title: the control character U+0000 at"),
        (derived("A", title="A") + derived("B"), "another study has the name 'mine' too"),
        (derived("A", "layers"), "another study has the name 'layers' too"),
        (derived("A", "le2023"), "another study has the name 'le2023' too"),
    ],
    ids=lambda value: re.sub(r"\W+", " ", value.strip().splitlines()[-1][:40]),
)
def test_bad_file_is_told_with_the_reason(tmp_path: Path, content: str, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(StudyError, match=rf"study file '{path}'.*") as caught:
        load_studies(path)
    assert message in str(caught.value)


def test_missing_file_and_other_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"gone\.py' does not exist"):
        load_studies(tmp_path / "gone.py")
    with pytest.raises(StudyError, match=r"is not a Python file: its name must end in \.py"):
        load_studies(write(tmp_path, "", name="mine.txt"))
    with pytest.raises(StudyError, match=re.escape(f"'{tmp_path}' does not exist")):
        load_studies(tmp_path)
    with pytest.raises(StudyError, match="cannot be read: File name too long"):
        load_studies(tmp_path / f"{'x' * 300}.py")


SPACE = """
from search_spaces.space import LogRange, Space
{name} = Space(
    name="{space}",
    title="Rates",
    systems={{"le": "search_spaces.systems.le:LE"}},
    fields=(LogRange(path="training.learning_rate", low=1e-4, high=1e-2),),
)
"""


def test_spaces_are_found_by_name() -> None:
    assert all(find_space(name).name == name for name in SPACES)
    with pytest.raises(StudyError, match=r"'architect' .*did you mean 'architecture'\? choose"):
        find_space("architect")


def test_file_gives_its_own_space(tmp_path: Path) -> None:
    content = "from search_spaces.spaces.architecture import ARCHITECTURE\n"
    path = write(tmp_path, content + SPACE.format(name="RATES", space="rates"))
    assert find_space(str(path)).name == "rates"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("SPACE = 1", "must define one Space of its own at its top level, not none"),
        (
            SPACE.format(name="A", space="a") + SPACE.format(name="B", space="b"),
            "must define one Space of its own at its top level, not a, b",
        ),
        (SPACE.format(name="A", space="architecture"), "another space has the name 'architecture'"),
        ("1 / 0", "', line 1: ZeroDivisionError"),
        (
            "from search_spaces.space import IntRange\nIntRange(path='a', low=1)",
            "', line 2: high: Field required",
        ),
    ],
    ids=["none", "two", "taken", "raises", "faulty"],
)
def test_bad_space_file_is_told(tmp_path: Path, content: str, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(StudyError, match=rf"space file '{path}.*{re.escape(message)}") as caught:
        find_space(str(path))
    assert "\n" not in str(caught.value)


def test_missing_space_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"space file '.*none.py' does not exist"):
        find_space(str(tmp_path / "none.py"))


def test_file_that_is_edited_within_a_second_is_run_as_it_is_now(tmp_path: Path) -> None:
    for title in ("one", "two"):
        file = write(tmp_path, derived("A", title=title))
        os.utime(file, (1_000_000_000, 1_000_000_000))
        (study,) = load_studies(file)
        assert study.title == title
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_space_of_an_own_system_finds_its_baseline_later(tmp_path: Path) -> None:
    write_own_files(tmp_path, baselines="from system import Gate\n\nGATE = Gate(width=4)\n")
    file = write(
        tmp_path,
        "from mmer_sweep import IntRange, Space\n\n"
        "SPACE = Space(name='widths', title='Widths', systems={'gate': 'baselines:GATE'},\n"
        "    fields=(IntRange(path='model.width', low=2, high=8),))\n",
        "widths.py",
    )
    space = find_space(str(file))
    point = space.draw("tiny", lambda field: 7)
    assert space.config(point, "mine", "tiny").model.model_dump()["width"] == 7
