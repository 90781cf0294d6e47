"""Tables, verdicts and figures of metrics of which lower is better, and of plain ones."""

import csv
import json
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from matplotlib.patches import Rectangle

from reports.figures.draw import draw_figures
from reports.forms.latex import to_latex
from reports.forms.plain import to_csv, to_json
from reports.forms.verdict_words import show_evidence, show_margin, tell_method
from reports.forms.verdicts_plain import to_csv as verdicts_to_csv
from reports.ledger.ledger import Ledger
from reports.scores.cells import Cell, Outcome, SeedScore
from reports.scores.collapsed import collapsed_seeds
from reports.scores.trials import TrialScores
from reports.tables.blocks import TIED, OursBlock, Shown
from reports.tables.differences import find_ties, subtract_published
from reports.tables.table import Table, build_table
from reports.verdicts.judgement import Judged, judge_claims
from search_spaces.claim import Claim, better, greater
from search_spaces.errors import StudyError
from search_spaces.study import ANY_CORPUS, Column, Study
from tests.reports.factories import collect, make_study
from tests.reports.scores.task_factory import write_errors

COLUMNS = {
    ANY_CORPUS: (
        Column(metric="mae", header="MAE"),
        Column(metric="ccc", header="CCC"),
        Column(metric="acc7", header="Acc-7"),
    )
}
ERRORS = {
    "far": [1.5, 1.52, 1.48, 1.51],
    "near": [0.5, 0.52, 0.48, 0.53],
    "odd": [2.6, 2.5, 2.7, 2.6],
}


def study_of(errors: dict[str, list[float]], *claims: Claim) -> Study:
    return make_study(errors, columns=COLUMNS, claims=claims, source=None)


def outcome_of(storage: Path, study: Study, errors: dict[str, list[float]]) -> Outcome:
    return collect(study, write_errors(storage, errors), Ledger(storage))


def table_of(storage: Path, variant: str = "ours") -> Table:
    study = study_of(ERRORS)
    outcome = outcome_of(storage, study, ERRORS)
    return build_table(study, [outcome], variant)  # type: ignore[arg-type]


def shown(table: Table) -> dict[str, dict[str, Shown]]:
    (block,) = table.blocks
    return {
        row.name: dict(zip((c.header for c in block.columns), cells, strict=True))
        for row, cells in zip(table.rows, block.shown, strict=True)
    }


def test_lowest_error_is_bold_and_the_second_lowest_underlined(tmp_path: Path) -> None:
    cells = shown(table_of(tmp_path))
    assert [cells[row]["MAE"].rank for row in ERRORS] == ["second", "best", ""]
    assert [cells[row]["CCC"].rank for row in ERRORS] == ["second", "best", ""]


def test_plain_numbers_are_shown_as_they_are_beside_percent(tmp_path: Path) -> None:
    cells = shown(table_of(tmp_path))
    assert (cells["near"]["MAE"].value, cells["near"]["MAE"].spread) == ("0.507", "0.022")
    assert cells["near"]["CCC"].value.startswith("0.9")
    assert float(cells["near"]["Acc-7"].value) > 1


def test_words_around_the_table_say_what_is_better_and_in_which_unit(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    assert "in percent, but MAE, CCC as they are" in table.caption
    assert "Lower is better: MAE." in table.notes
    assert "Ours: the best mean of a column is bold, the second best underlined." in table.notes
    assert r"0.507 +- 0.022" in to_latex(table)


def test_difference_keeps_its_sign(tmp_path: Path) -> None:
    cells = shown(table_of(tmp_path, "minus-baseline"))
    assert cells["near"]["MAE"].value == "reference"
    assert cells["far"]["MAE"].value == "+0.995"
    assert cells["odd"]["MAE"].value.startswith("+2.09")
    assert cells["far"]["CCC"].value.startswith("-0.")


def test_files_for_programs_say_which_values_are_no_fractions(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    lines = list(csv.DictReader(StringIO(to_csv(table))))
    assert {line["metric"]: line["unit"] for line in lines} == {
        "mae": "plain",
        "ccc": "plain",
        "acc7": "fraction",
    }
    written = json.loads(to_json(table))
    about = {one["name"]: one for one in written["metrics"]}
    assert about["mae"]["higher_is_better"] is False
    assert about["ccc"]["unit"] == "plain"
    assert "acc7" not in about


def cell_of(*scores: float, metric: str = "mae", row: str = "a") -> Cell:
    seeds = tuple(SeedScore(f"{row}{n}", n, score) for n, score in enumerate(scores))
    return Cell(row, "synthetic", metric, seeds, len(seeds))


def test_tie_is_with_the_lowest_error() -> None:
    near, same, far = cell_of(0.5, 0.6, 0.55), cell_of(0.6, 0.5, 0.56), cell_of(2.0, 2.1, 2.05)
    assert find_ties([far, near, same]) == [False, None, True]
    cells = (far, near, same)
    as_scores = [cell_of(*(each.score for each in one.scores), metric="ccc") for one in cells]
    assert find_ties(as_scores)[0] is None


def test_best_of_some_runs_is_the_lowest_of_them() -> None:
    cell = cell_of(0.5, 0.6, 0.7)
    assert subtract_published(cell, 0.6, 0.0005, "t/r/c").best_of == 1
    assert subtract_published(cell, 0.51, 0.0005, "t/r/c").best_of == 3
    assert subtract_published(cell, 0.4, 0.0005, "t/r/c").best_of is None


def test_seed_of_a_far_higher_error_collapsed_and_not_that_of_a_far_lower_one() -> None:
    usual = (1.0, 1.01, 0.99, 1.02, 0.98)
    assert collapsed_seeds([cell_of(*usual, 9.0)]) == [[5]]
    assert collapsed_seeds([cell_of(*usual, 0.1)]) == [[]]
    assert collapsed_seeds([cell_of(*usual, 0.1, metric="ccc")]) == [[5]]


def judge(storage: Path, *claims: Claim) -> list[Judged]:
    study = study_of(ERRORS, *claims)
    study.configs("synthetic", "tiny")  # raises if a claim makes no sense
    outcome = outcome_of(storage, study, ERRORS)
    return judge_claims(study, [outcome], TrialScores(Ledger(storage)))


def test_better_means_lower_where_lower_is_better(tmp_path: Path) -> None:
    claim = partial(better, corpus="synthetic", metric="mae")
    holds, reversed_, weaker = judge(
        tmp_path,
        claim("A", "near beats far", "near", "far"),
        claim("B", "odd beats far", "odd", "far"),
        claim("C", "near beats far by 2", "near", "far", margin=2.0),
    )
    assert [one.verdict for one in (holds, reversed_, weaker)] == [
        "HOLDS",
        "REVERSED",
        "HOLDS-WEAKER",
    ]
    assert holds.beyond == "HOLDS"
    assert holds.reason.startswith("gap +0.9950 [")
    assert "] (above 0: lower, so better), n = 4" in holds.reason
    assert "points" not in holds.reason + holds.brief
    assert "P(better) = 1.00" in holds.reason
    assert show_margin(weaker) == "2.0000"
    assert "margin 0.0050" in show_evidence(holds)
    assert tell_method([holds]).endswith("if the row scores lower, and that is better.")


def test_margin_of_a_plain_metric_has_a_column_of_its_own(tmp_path: Path) -> None:
    claim = better("A", "near beats far", "near", "far", corpus="synthetic", metric="mae")
    judged = judge(tmp_path, claim)
    (line,) = csv.DictReader(StringIO(verdicts_to_csv(judged)))
    assert (line["margin_points"], line["margin_plain"]) == ("", "0.0050")


def test_greater_contradicts_a_metric_of_which_lower_is_better(tmp_path: Path) -> None:
    wrong = greater("A", "near beats far", "near", "far", corpus="synthetic", metric="mae")
    with pytest.raises(StudyError, match=r"claim 'A': says 'greater', but by 'mae' lower is bett"):
        judge(tmp_path, wrong)


def test_claim_of_metrics_in_two_units_has_no_margin(tmp_path: Path) -> None:
    one = better("A", "near beats far", "near", "far", corpus="synthetic", metric="ccc")
    other = better("A", "", "near", "far", corpus="synthetic", metric="acc7")
    mixed = one.model_copy(update={"parts": (*one.parts, *other.parts)})
    with pytest.raises(StudyError, match="compares metrics in percent and metrics that are no fra"):
        judge(tmp_path, mixed)


def test_figures_have_axes_in_the_unit_of_each_metric(tmp_path: Path) -> None:
    study = study_of(ERRORS)
    outcome = outcome_of(tmp_path, study, ERRORS)
    drawn = {d.name: d for d in draw_figures(study, outcome, TrialScores(Ledger(tmp_path)))}
    bars, forest = drawn["depth-bars"], drawn["depth-forest"]
    labels = [axes.get_xlabel() for axes in bars.figure.axes]
    assert labels == ["MAE (lower is better)", "CCC", "Acc-7 (%)"]
    patches = [one for one in bars.figure.axes[0].patches if isinstance(one, Rectangle)]
    widths = [one.get_width() for one in patches]
    assert widths == pytest.approx([1.5025, 0.5075, 2.6], abs=1e-3)
    assert "lower is better" in forest.caption
    assert forest.figure.get_supxlabel() == "difference (lower is better)"


def test_block_of_ours_has_no_tie_with_the_worst(tmp_path: Path) -> None:
    (block,) = table_of(tmp_path).blocks
    assert isinstance(block, OursBlock)
    assert all(cell.mark != TIED for cell in block.shown[2])
