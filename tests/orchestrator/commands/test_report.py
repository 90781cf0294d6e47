import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from orchestrator.cli import EXIT_BAD_INPUT, main
from orchestrator.commands.report import choose_planned
from reports.figures.style import Drawing
from reports.forms import document
from reports.ledger.planned import Planned
from reports.ledger.record import Record
from search_spaces.catalogue import find_study
from search_spaces.errors import StudyError
from search_spaces.study import RowRef
from tests.reports.document.factories import write_own_study, write_study
from tests.reports.factories import make_study

KEY = "own-synthetic-0-0"

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Give the command in this process; returns its exit status and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        place = ("--storage", str(tmp_path))
        monkeypatch.setattr(sys, "argv", ["mmer-sweep", "report", *arguments, *place])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    return run


@pytest.fixture
def without_tex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "COMPILER", "no-such-tex")


def plan(*names: str) -> list[Planned]:
    """Plan studies, built-in ones as they are, without a trial."""
    builtin = {"sem", "layers", "modules"}
    return [
        Planned(
            study=find_study(name) if name in builtin else make_study(name=name),
            corpus="synthetic",
            family="synthetic",
            scale="tiny",
            keys={},
        )
        for name in names
    ]


def choose(planned: Sequence[Planned], *names: str) -> list[str]:
    return [one.study.name for one in choose_planned(planned, names, Path("here"))]


# Which studies


def test_everything_is_chosen_in_the_papers_order_and_own_studies_last() -> None:
    assert choose(plan("a", "layers", "modules", "sem", "z")) == [
        *("layers", "modules", "sem", "a", "z"),
    ]


def test_papers_and_studies_are_chosen_by_name() -> None:
    planned = plan("a", "layers", "modules", "sem")
    assert choose(planned, "xia2022") == ["modules", "sem"]
    assert choose(planned, "a", "layers") == ["layers", "a"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["main"], "'main' was not run in 'here' yet: run `mmer-sweep main` first; choose from a"),
        (["xia2022"], "'xia2022' was not run in 'here' yet: run `mmer-sweep xia2022` first"),
        (
            ["b"],
            "'b' is neither a paper nor a study that was run in 'here'; choose from a, layers,",
        ),
    ],
)
def test_what_was_not_run_is_told_with_the_choices(names: list[str], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        choose(plan("a", "layers"), *names)


# The command


@pytest.mark.skipif(shutil.which(document.COMPILER) is None, reason="TeX is not installed")
def test_report_is_written_beside_its_twins(report: Command, tmp_path: Path) -> None:
    write_own_study(tmp_path)
    status, printed = report()
    assert status == 0
    folder = tmp_path / "report"
    assert {path.name for path in folder.iterdir()} == {
        *("report.html", "report.pdf", "tables", "figures", "verdicts"),
    }
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f'href="../trials/{KEY}/record.json"' in page
    assert str(folder / "report.html") in printed
    assert str(folder / "report.pdf") in printed
    assert "own: Synthetic corpus, tiny scale: 8 of 8 trials are finished" in printed
    assert "Verdicts on 1 claim: 1 HOLDS" in printed


@pytest.mark.usefixtures("without_tex")
def test_parts_of_an_earlier_report_go_and_a_users_files_stay(
    report: Command, tmp_path: Path
) -> None:
    write_own_study(tmp_path)
    old, notes = tmp_path / "report" / "tables" / "old" / "old.tex", tmp_path / "report" / "notes"
    for file in (old, notes):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    assert report()[0] == 0
    assert (old.exists(), notes.exists()) == (False, True)


@pytest.mark.usefixtures("without_tex")
def test_missing_tex_is_told_and_the_rest_is_written(report: Command, tmp_path: Path) -> None:
    write_own_study(tmp_path)
    output = tmp_path / "elsewhere"
    status, printed = report("own", "--output", str(output))
    assert status == 0
    assert "no PDF: no-such-tex (TeX Live) is not installed" in printed
    assert (output / "report.html").is_file()
    assert not (tmp_path / "report").exists()


@pytest.mark.usefixtures("without_tex")
def test_pytorch_is_left_alone_where_no_model_was_kept(
    report: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "orchestrator.kept_models.figures", None)
    write_own_study(tmp_path)
    status, printed = report()
    assert status == 0
    assert "no model was kept" in printed


def draw_one(
    trials: Mapping[RowRef, Sequence[Record]], storage: Path
) -> tuple[list[Drawing], list[str]]:
    (rows,) = [str(row) for row in trials if row.row == "base"]
    drawing = Drawing("one", "One", f"Drawn of {rows}.", Figure(), pd.DataFrame({"a": [1]}))
    return [drawing], ["another is not drawn: there is no reason"]


@pytest.mark.usefixtures("without_tex")
def test_figures_of_kept_models_are_drawn(
    report: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = SimpleNamespace(draw_model_figures=draw_one)
    monkeypatch.setitem(sys.modules, "orchestrator.kept_models.figures", fake)  # without PyTorch
    study = make_study(["base"], name="own")
    write_study(tmp_path, study, {"base": [3]}, model_sha256="123")
    status, printed = report()
    assert status == 0
    assert "Synthetic corpus, tiny scale: another is not drawn: there is no reason" in printed
    folder = tmp_path / "report"
    assert (folder / "figures" / "models" / "synthetic-tiny" / "one.png").is_file()
    assert "Drawn of own/base." in (folder / "report.html").read_text()
    _, printed = report("--no-model-figures")
    assert "is not drawn" not in printed
    assert "Drawn of" not in (folder / "report.html").read_text()


def test_nothing_run_is_told(report: Command, tmp_path: Path) -> None:
    status, printed = report()
    assert status == EXIT_BAD_INPUT
    assert f"no study was run in '{tmp_path}' yet; run one, such as `mmer-sweep layers`" in printed
    assert list(tmp_path.iterdir()) == []


def test_nothing_finished_is_told(report: Command, tmp_path: Path) -> None:
    write_study(tmp_path, make_study(["a"]), {"a": [None]})
    status, printed = report()
    assert status == EXIT_BAD_INPUT
    assert f"nothing to report: '{tmp_path}' has no finished trial of depth; run" in printed
    assert not (tmp_path / "report").exists()


def test_output_that_is_a_file_is_refused(report: Command, tmp_path: Path) -> None:
    write_own_study(tmp_path)
    (tmp_path / "file").touch()
    status, printed = report("--output", str(tmp_path / "file"))
    assert status == EXIT_BAD_INPUT
    assert "is a file" in printed
