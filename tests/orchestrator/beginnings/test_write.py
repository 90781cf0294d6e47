import re
from pathlib import Path
from typing import get_args

import pytest

from corpora.preparation.known import know_corpus
from corpora.readers.clip_folder import read_clips
from corpora.source.labels import check_labels
from orchestrator.beginnings.write import (
    FILES,
    PLACEHOLDER,
    TEMPLATES,
    BeginningError,
    write_corpus,
    write_file,
)
from orchestrator.plan.plan import make_plan
from reports.ledger.ledger import Ledger
from reports.lint.checks import lint
from search_spaces.catalogue import find_space, load_studies
from search_spaces.printed.read import read_published
from search_spaces.space_faults import check_space
from search_spaces.study import Study
from search_spaces.terms import Scale


def test_study_can_be_planned_as_it_is(tmp_path: Path) -> None:
    (study,) = load_studies(write_file("study", tmp_path / "mine"))
    assert (study.name, study.source) == ("mine", None)
    plan = make_plan(study, know_corpus("synthetic", tmp_path), "tiny", None, Ledger(tmp_path))
    assert len(plan.missing) == 9


def test_what_the_study_leaves_to_the_user_is_right(tmp_path: Path) -> None:
    """Its lines that begin with `#` are Python too: with them the study still loads."""
    write_file("published", tmp_path / "mine")
    file = write_file("study", tmp_path / "mine")
    text = re.sub(r"# (Row\(|published=)", r"\1", file.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8")
    (study,) = load_studies(file)
    assert len(study.rows) == 4
    assert study.printed.row("main/ours").values[1] == "60.0"


def test_printed_values_are_those_that_a_study_can_name(tmp_path: Path) -> None:
    write_file("published", tmp_path / "mine")
    file = write_file("study", tmp_path / "mine")
    text = file.read_text(encoding="utf-8")
    text = text.replace('Row(name="all")', 'Row(name="all", published="main/ours")')
    text = text.replace('header="F1")', 'header="F1", published="Avg.F1")')
    file.write_text(text.replace("# published=", "published="), encoding="utf-8")
    (study,) = load_studies(file)
    cell = study.find_printed(study.rows[-1], "synthetic", study.columns_for("synthetic")[0])
    assert cell == "main/ours/Avg.F1"


@pytest.mark.parametrize("scale", get_args(Scale))
def test_space_can_be_searched_as_it_is(scale: Scale, tmp_path: Path) -> None:
    space = find_space(str(write_file("space", tmp_path / "mine")))
    assert space.name == "mine"
    check_space(space, "synthetic", scale)


def test_printed_values_pass_the_lint(tmp_path: Path) -> None:
    found = lint(read_published(write_file("published", tmp_path / "mine")))
    assert not found.findings


def test_clips_have_every_emotion_in_every_split(tmp_path: Path) -> None:
    write_corpus(tmp_path / "calls")
    source = read_clips(tmp_path / "calls")
    check_labels(source.utterances, source.labels, "calls")
    assert (len(source.utterances), source.rejects) == (30, ())
    readme = (tmp_path / "calls" / "README.txt").read_text(encoding="utf-8")
    assert "mmer-sweep prepare clips --source calls" in readme
    assert [path.name for path in tmp_path.iterdir()] == ["calls"]


@pytest.mark.parametrize("kind", FILES)
def test_file_that_exists_is_kept(kind: str, tmp_path: Path) -> None:
    file = write_file(kind, tmp_path / "mine")
    file.write_text("edited", encoding="utf-8")
    for name in ("mine", file.name):
        with pytest.raises(BeginningError, match=rf"{file.name}: exists; choose another name"):
            write_file(kind, tmp_path / name)
    assert file.read_text(encoding="utf-8") == "edited"


def test_folder_that_exists_is_kept(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("calls", "link"):
        with pytest.raises(BeginningError, match="exists; choose another name"):
            write_corpus(tmp_path / name)
    assert not list((tmp_path / "calls").iterdir())


def test_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(BeginningError, match="cannot be written: No such file or directory"):
        write_file("study", tmp_path / "gone" / "mine")
    with pytest.raises(BeginningError, match="cannot be written: No such file or directory"):
        write_corpus(tmp_path / "gone" / "mine")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a b", "choose letters, digits, '-' and '_'"),
        ("layers", "a built-in one has this name"),
        ("le2023", "a built-in one has this name"),
        ("architecture", "a built-in one has this name"),
        ("synthetic", "a built-in one has this name"),
        ("x" * 201, "it has 201 bytes"),
    ],
)
def test_name_that_cannot_be_used_is_told(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BeginningError, match=message):
        write_file("study", tmp_path / name)
    with pytest.raises(BeginningError, match=message):
        write_corpus(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["3-layers", "first", "Ünïcode", "class"])
def test_any_name_of_a_study_gives_a_file_that_loads(name: str, tmp_path: Path) -> None:
    (study,) = load_studies(write_file("study", tmp_path / name))
    assert isinstance(study, Study)
    assert study.name == name


def test_templates_say_the_name_where_it_belongs(tmp_path: Path) -> None:
    for kind, template in FILES.items():
        text = write_file(kind, tmp_path / f"my-{kind}").read_text(encoding="utf-8")
        assert PLACEHOLDER in (TEMPLATES / template).read_text(encoding="utf-8")
        assert PLACEHOLDER not in text.lower()
