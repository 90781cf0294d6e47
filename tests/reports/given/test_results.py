from pathlib import Path

import pytest

from reports.given.columns import ColumnNames, choose_columns
from reports.given.errors import GivenError
from reports.given.grid import read_results
from reports.given.metrics import identify
from reports.given.results import MOST_ROWS, Declared, Place, Results, collect_results
from tests.reports.given.factories import long_lines, write_lines


def collect(folder: Path, *lines: str, declared: Declared | None = None) -> Results:
    grid = read_results(write_lines(folder, lines))
    return collect_results(grid, choose_columns(grid, ColumnNames()), declared or Declared())


def values(results: Results, **place: str | None) -> list[float | None]:
    about = Place(**{"corpus": "results.csv", "metric": "f1", "emotion": None, **place})  # type: ignore[arg-type]
    return [one.value for one in results.scores[about]]


def test_percent_is_guessed_and_said(tmp_path: Path) -> None:
    results = collect(tmp_path, *long_lines({"a": (61.2, 62)}))
    assert values(results, row="a") == [0.612, 0.62]
    assert results.notes == (
        "Values of f1 are taken to be in percent (guessed: they are above 1).",
    )


def test_fractions_are_guessed_and_said(tmp_path: Path) -> None:
    results = collect(tmp_path, *long_lines({"a": (0.612, "6.2e-1")}))
    assert values(results, row="a") == [0.612, 0.62]
    assert "fractions (guessed: none is above 1)" in results.notes[0]


def test_stated_unit_is_used(tmp_path: Path) -> None:
    results = collect(tmp_path, *long_lines({"a": (0.5, 1)}), declared=Declared({}, "percent"))
    assert values(results, row="a") == [0.005, 0.01]
    assert "(as said)" in results.notes[0]


def test_metric_that_is_no_share_can_be_named(tmp_path: Path) -> None:
    lines = long_lines({"a": (612.0, 0.5)}, metric="frob")
    declared = Declared({"frob": "lower"}, "percent", {"frob": "plain"})
    assert values(collect(tmp_path, *lines, declared=declared), row="a", metric="frob") == [
        612,
        0.5,
    ]


def test_losses_are_left_as_they_are(tmp_path: Path) -> None:
    results = collect(tmp_path, *long_lines({"a": (612.0, 0.5)}, metric="val/loss"))
    assert values(results, row="a", metric="val_loss") == [612.0, 0.5]
    assert not results.metrics[0].higher_is_better


@pytest.mark.parametrize(
    ("scores", "declared", "fault"),
    [
        ((1.5, 0.7), Declared(), "highest value of f1 is 1.5: in percent, or a fraction.*--unit"),
        ((71.5, 712), Declared(), "f1 has the value 712, which is neither a fraction nor in"),
        ((0.7, 71), Declared({}, "fraction"), "71, outside of the range of the unit 'fraction'"),
    ],
)
def test_unit_that_is_not_evident_is_asked_for(
    tmp_path: Path, scores: tuple[float, ...], declared: Declared, fault: str
) -> None:
    with pytest.raises(GivenError, match=fault):
        collect(tmp_path, *long_lines({"a": scores}), declared=declared)


def test_rows_in_different_units_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GivenError, match="of row 'b' is at most 1, but other rows reach 71"):
        collect(tmp_path, *long_lines({"a": (70, 71), "b": (0.7, 0.71)}))


@pytest.mark.parametrize("text", ["", "NaN", "None", "n/a"])
def test_missing_value_is_a_seed_without_score(tmp_path: Path, text: str) -> None:
    results = collect(tmp_path, *long_lines({"a": (61.2, text)}))
    assert values(results, row="a") == [0.612, None]
    assert "1 value is empty or NaN: line 3." in results.notes[-1]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("a,0,f1,seventy", "line 2: f1 is no number: 'seventy'; write it as 71.2"),
        ('a,0,f1,"71,2"', "line 2: f1 is no number: '71,2'"),
        ("a,0,f1,71.2%", "line 2: f1 is no number: '71.2%'"),
        ("a,0,f1,-Inf", "line 2: f1 is not finite; leave it empty if the run diverged: '-Inf'"),
        ("a,0,f1,1e999", "line 2: f1 is not finite"),
        ("a,first,f1,71", "line 2: the seed 'first' is no whole number of 0 or more"),
        ("a,-1,f1,71", "line 2: the seed '-1' is no whole number"),
        (",0,f1,71", "line 2: the column 'row' names no row"),
        ("a,0,,71", "line 2: names no metric"),
    ],
)
def test_wrong_line_is_refused(tmp_path: Path, cells: str, fault: str) -> None:
    with pytest.raises(GivenError, match=fault):
        collect(tmp_path, "row,seed,metric,value", cells)


def test_seed_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    fault = "line 4: row 'a' has seed 0 twice for f1, before in line 2; if runs differ"
    with pytest.raises(GivenError, match=fault):
        collect(tmp_path, "row,seed,metric,value", "a,0,f1,71", "a,1,f1,71", "a,0,f1,72")


def test_seed_may_be_in_several_folds(tmp_path: Path) -> None:
    lines = ["row,seed,fold,metric,value", "a,0,x,f1,71", "a,0,y,f1,72"]
    assert values(collect(tmp_path, *lines), row="a") == [0.71, 0.72]
    with pytest.raises(GivenError, match="seed 0, fold 'y' twice"):
        collect(tmp_path, *lines, "a,0,y,f1,72")


def test_seed_that_pandas_made_a_float_is_whole(tmp_path: Path) -> None:
    results = collect(tmp_path, "row,seed,f1", "a,3.0,71")
    assert [one.seed for of_place in results.scores.values() for one in of_place] == [3]


def test_direction_that_nobody_knows_is_asked_for(tmp_path: Path) -> None:
    lines = long_lines({"a": (0.5, 0.6)}, metric="frob")
    with pytest.raises(GivenError, match="--lower-is-better frob or --higher-is-better frob"):
        collect(tmp_path, *lines)
    (metric,) = collect(tmp_path, *lines, declared=Declared({"frob": "lower"})).metrics
    assert not metric.higher_is_better


def test_direction_of_a_metric_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GivenError, match=r"no metric 'f2' in .*; choose from f1"):
        collect(tmp_path, *long_lines({"a": (0.5,)}), declared=Declared({"f2": "lower"}))


def test_known_direction_cannot_be_turned_round(tmp_path: Path) -> None:
    with pytest.raises(GivenError, match="of f1 it is known that higher is better"):
        collect(tmp_path, *long_lines({"a": (0.5,)}), declared=Declared({"f1": "lower"}))
    declared = Declared({}, None, {"f1": "plain"})
    with pytest.raises(GivenError, match="f1 is known to be a share"):
        collect(tmp_path, *long_lines({"a": (0.5,)}), declared=declared)


@pytest.mark.parametrize(
    ("name", "direction"),
    [("Test/F1", "higher"), ("val_loss", "lower"), ("metrics.MAE", "lower"), ("acc@5", "higher")],
)
def test_names_say_which_way_is_better(tmp_path: Path, name: str, direction: str) -> None:
    (metric,) = collect(tmp_path, *long_lines({"a": (0.5,)}, metric=name)).metrics
    assert metric.higher_is_better == (direction == "higher")


def test_identifiers_begin_with_a_letter_and_are_short() -> None:
    assert identify("metrics.test/F1 (macro)") == "test_f1_macro"
    assert identify("1-shot acc") == "metric_1_shot_acc"
    assert len(identify("f" * 99)) == 40


def test_runs_that_did_not_finish_are_left_out(tmp_path: Path) -> None:
    lines = ["model,seed,State,f1", "a,0,finished,71", "a,1,crashed,12", "a,2,FINISHED,72"]
    results = collect(tmp_path, *lines)
    assert values(results, row="a") == [0.71, 0.72]
    assert "Runs that did not finish are left out: line 3." in results.notes


def test_more_rows_than_a_table_can_have_are_refused(tmp_path: Path) -> None:
    rows = {f"run-{number}": (70,) for number in range(MOST_ROWS + 1)}
    with pytest.raises(GivenError, match="names 101 rows, more than 100; choose another one with"):
        collect(tmp_path, *long_lines(rows))
