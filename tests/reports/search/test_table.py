import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.forms import document
from reports.forms.document import compile_pdf
from reports.forms.latex_text import standalone
from reports.ledger.search_result import SearchResult
from reports.search.best import NUM_SHOWN
from reports.search.table import PREAMBLE, repeats_to_csv, to_csv, to_latex, to_markdown
from tests.reports.search.factories import (
    RATE,
    make_candidate,
    make_costly,
    make_front,
    make_result,
    make_search,
)
from tests.reports.search.winner.factories import make_repeat

NASTY = r"a_b & 50 % #1 \cmd {x} ~ ^2 $y$"
needs_tex = pytest.mark.skipif(
    shutil.which(document.COMPILER) is None, reason=f"{document.COMPILER} is not installed"
)


def large_front() -> SearchResult:
    many = (make_costly(n, n / 100, 1e3 + n, is_best=True) for n in range(NUM_SHOWN + 1))
    return make_result(*many, costs=("parameters",))


def lines_of(result: SearchResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(result))))


def test_csv_holds_every_candidate_and_every_field_that_is_on() -> None:
    lines = lines_of(make_search())
    assert [line["number"] for line in lines] == ["0", "1", "2", "3", "4"]
    assert [line["state"] for line in lines] == ["finished"] * 3 + ["stopped", "failed"]
    assert [line["scores.f1"] for line in lines] == ["0.375", "0.625", "0.5", "", ""]
    assert [line["values.sem"] for line in lines] == ["", "", "on", "", ""]
    assert [line["values.fusion"] for line in lines[1:3]] == ["bottleneck", ""]
    assert float(lines[0]["values.training.learning_rate"]) == RATE
    assert (lines[3]["last_f1"], lines[3]["num_epochs"]) == ("0.25", "2")
    assert lines[4]["failure"].startswith("RuntimeError: no [/b] luck")
    assert [line["from_ledger"] for line in lines[1:3]] == ["False", "True"]


def test_field_may_have_the_name_of_a_column() -> None:
    clash = make_result(make_candidate(0, 0.5, values={"state": "deep", "key": 3}))
    (line,) = lines_of(clash)
    assert (line["state"], line["values.state"], line["values.key"]) == ("finished", "deep", "3")


def test_latex_has_a_column_a_candidate_and_no_line_of_a_field_that_none_has() -> None:
    lines = to_latex(make_search()).splitlines()
    assert r"Candidate & 1 & 2 & 0 \\" in lines
    assert r"Validation F1 (\%) & 62.5 & 50.0 & 37.5 \\" in lines
    assert r"fusion & bottleneck & -- & bottleneck \\" in lines
    assert r"sem & -- & on & -- \\" in lines
    assert r"learning\_rate & 0.1 & -- & 0.1 \\" in lines
    assert sum(line.startswith("system &") for line in lines) == 1
    assert not any(line.startswith("sem") for line in to_latex(make_front()).splitlines())


def test_latex_caption_says_what_the_scores_are() -> None:
    text = to_latex(make_search())
    assert "the best of 3 is optimistic" in text
    assert r"Architecture \& rates: a search on the synthetic corpus at the tiny scale" in text
    assert "Pareto" not in text
    assert "--: the field does not exist there." in text
    assert "the field does not exist" not in to_latex(make_front())
    front = "The Pareto front, 3 of 4 finished candidates. The front lacks what was stopped early"
    assert front in to_latex(make_front())
    assert "lacks" not in text


def test_latex_of_a_large_front_goes_on_in_another_float() -> None:
    text = to_latex(large_front())
    assert text.count(r"\begin{table}") == 2
    assert text.count(r"\caption") == 1
    assert r"\tablename~\ref{tab:search-architecture}, continued" in text


TABLES = {
    "one objective": make_search,
    "large front": large_front,
    "nothing finished": make_result,
    "nasty names": lambda: make_result(
        make_candidate(0, 0.5, values={NASTY: NASTY}, system=NASTY), title=NASTY
    ),
}


@needs_tex
@pytest.mark.parametrize("make", TABLES.values(), ids=TABLES)
def test_latex_compiles(tmp_path: Path, make: Callable[[], SearchResult]) -> None:
    done = compile_pdf(standalone(to_latex(make()), PREAMBLE), tmp_path / "best.pdf")
    assert done.problem == ""


def test_markdown_has_the_best_candidates_as_columns() -> None:
    lines = to_markdown(make_front()).splitlines()
    assert lines[:5] == [
        "| candidate | 2 | 0 | 3 |",
        "| :-- | --: | --: | --: |",
        "| Validation F1 (%) | 75.0 | 50.0 | 25.0 |",
        "| Parameters | 68.1 M | 2 M | 10 k |",
        "| system | le | le | le |",
    ]


def test_markdown_shows_as_many_as_fit_and_escapes_what_they_hold() -> None:
    front = large_front()
    assert to_markdown(front).splitlines()[0].count("|") == NUM_SHOWN + 2
    nasty = make_candidate(0, 0.5, values={"a|b": "*x*"})
    assert to_markdown(make_result(nasty)).splitlines()[-1] == r"| a\|b | \*x\* |"


def test_repeats_are_a_line_each_and_means_stand_beside_the_first_seed() -> None:
    repeats = (make_repeat(1, 1, 0.375), make_repeat(2, 1, 0.75), make_repeat(2, 2, 0.5))
    result = make_search(num_seeds=2, repeats=repeats)
    assert repeats_to_csv(result).splitlines() == [
        "number,seed,chooses,state,scores.f1,key,failure",
        "1,1,True,finished,0.375,key-1-1,",
        "2,1,True,finished,0.75,key-2-1,",
        "2,2,False,finished,0.5,key-2-2,",
    ]
    lines = to_latex(result).splitlines()
    assert r"Candidate & 2 & 1 & 0 \\" in lines
    assert r"Mean over seeds (\%) & 62.5 & 50.0 & 37.5 \\" in lines
    assert r"Seeds & 2 & 2 & 1 \\" in lines
    assert repeats_to_csv(make_search()) == ""
