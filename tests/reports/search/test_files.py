import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corpora.parsing.sealed import parse_sealed
from reports.forms import document
from reports.forms.document import compile_pdf
from reports.forms.latex_text import standalone
from reports.ledger.search_result import SearchResult
from reports.search.files import write_search
from reports.search.table import PREAMBLE
from tests.reports.search.factories import STOPPED, make_front, make_result, make_search

ALWAYS = ["search.json", "candidates.csv", "best.tex"]
WINNER = ["tuned_row.py", "tuned_study.py"]
IMPORTANCES = {"f1": {"fusion": 0.25, "system": 0.75}}


def drawn(name: str) -> list[str]:
    return [f"{name}.{suffix}" for suffix in ("pdf", "png", "csv")]


@pytest.mark.parametrize(
    ("result", "names"),
    [
        (make_result(STOPPED), ALWAYS),
        (make_search(), [*ALWAYS, "figures.tex", *WINNER, *drawn("history"), *drawn("tuning")]),
        (
            make_front(importances=IMPORTANCES),
            [*ALWAYS, "figures.tex", *WINNER, *drawn("pareto"), *drawn("importances")],
        ),
    ],
)
def test_files_are_those_that_there_is_something_to_show_for(
    tmp_path: Path, result: SearchResult, names: list[str]
) -> None:
    paths = write_search(result, tmp_path)
    assert list(paths) == names
    assert sorted(tmp_path.iterdir()) == sorted(paths.values())


def test_result_is_read_back_equal(tmp_path: Path) -> None:
    result = make_front(importances=IMPORTANCES)
    content = write_search(result, tmp_path)["search.json"].read_bytes()
    assert parse_sealed(content, SearchResult) == result


def test_what_searches_of_before_do_not_have_is_not_written(tmp_path: Path) -> None:
    text = write_search(make_search(), tmp_path)["search.json"].read_text(encoding="utf-8")
    assert "sampler" not in text
    assert "is_tried_again" not in text


def test_importances_are_a_line_each(tmp_path: Path) -> None:
    path = write_search(make_search(importances=IMPORTANCES), tmp_path)["importances.csv"]
    lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert lines == [
        ["objective", "field", "importance"],
        ["f1", "fusion", "0.25"],
        ["f1", "system", "0.75"],
    ]


def test_search_is_written_beside_the_one_that_it_is_compared_with(tmp_path: Path) -> None:
    rival = make_search(sampler="random")
    paths = write_search(make_search(), tmp_path, rival)
    assert list(paths)[-3:] == drawn(f"against-{rival.name}")
    lines = paths[f"against-{rival.name}.csv"].read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 5
    assert f"{{against-{rival.name}.pdf}}" in paths["figures.tex"].read_text(encoding="utf-8")


@pytest.mark.parametrize("result", [make_front(), make_search(sampler="random")])
def test_equal_results_give_equal_files(tmp_path: Path, result: SearchResult) -> None:
    rival = make_search()
    one, other = (write_search(result, tmp_path / name, rival) for name in ("one", "other"))
    assert [path.read_bytes() for path in one.values()] == [
        path.read_bytes() for path in other.values()
    ]


@pytest.mark.skipif(
    shutil.which(document.COMPILER) is None, reason=f"{document.COMPILER} is not installed"
)
def test_figures_compile_with_their_captions(tmp_path: Path) -> None:
    result = make_search(importances=IMPORTANCES, sampler="random")
    paths = write_search(result, tmp_path, make_search())
    text = standalone(paths["figures.tex"].read_text(encoding="utf-8"), PREAMBLE)
    done = compile_pdf(text, tmp_path / "all.pdf", {k: p for k, p in paths.items() if "pdf" in k})
    assert done.problem == ""


def test_nothing_slow_is_loaded_before_something_is_written() -> None:
    program = (
        "import sys, reports.search.files, reports.search.terminal\n"
        "print([name for name in ('matplotlib', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
