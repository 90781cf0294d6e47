from pathlib import Path

import pytest

from reports.given.columns import ColumnNames, Columns, choose_columns
from reports.given.errors import GivenError
from reports.given.grid import read_results
from tests.reports.given.factories import write_lines

MLFLOW = (
    "run_id,status,params.model,params.seed,params.lr,metrics.test_f1,metrics.train_loss,"
    "metrics.test_frob,tags.mlflow.runName"
)
OF_MLFLOW = "1f,FINISHED,ours,0,0.1,0.71,0.2,3.0,calm-crow-1"


def choose(folder: Path, header: str, line: str, names: ColumnNames | None = None) -> Columns:
    grid = read_results(write_lines(folder, [header, line]))
    return choose_columns(grid, names or ColumnNames())


def test_long_form_is_known_by_metric_and_value(tmp_path: Path) -> None:
    columns = choose(tmp_path, "Row,Seed,Metric,Value,Corpus,Fold,Emotion", "a,0,f1,.5,x,1,sad")
    assert (columns.row, columns.seed, columns.metric, columns.value) == (0, 1, 2, 3)
    assert (columns.corpus, columns.fold, columns.emotion) == (4, 5, 6)


def test_own_wide_form_has_metrics_of_known_names(tmp_path: Path) -> None:
    columns = choose(tmp_path, "model,seed,F1,frobnication,note", "a,0,.5,3,hello")
    assert columns.metrics == (("F1", 2),)
    assert columns.left_out == ("frobnication",)


def test_mlflow_columns_are_found_and_test_scores_preferred(tmp_path: Path) -> None:
    columns = choose(tmp_path, MLFLOW, OF_MLFLOW)
    assert (columns.row, columns.seed, columns.state) == (2, 3, 1)
    assert columns.metrics == (("test_f1", 5),)
    assert columns.left_out == ("metrics.train_loss", "metrics.test_frob")


def test_named_columns_come_first(tmp_path: Path) -> None:
    names = ColumnNames(row="TAGS.mlflow.runname", metrics=("train_loss", "metrics.test_f1"))
    columns = choose(tmp_path, MLFLOW, OF_MLFLOW, names)
    assert columns.row == 8
    assert columns.metrics == (("train_loss", 6), ("test_f1", 5))


def test_setting_of_mlflow_is_named_without_its_prefix(tmp_path: Path) -> None:
    columns = choose(tmp_path, MLFLOW, OF_MLFLOW, ColumnNames(row="lr"))
    assert columns.row == 4


def test_two_columns_of_one_metric_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GivenError, match="columns 'test/f1' and 'test_f1' are one metric"):
        choose(tmp_path, "row,seed,test/f1,test_f1", "a,0,.5,.6")
    names = ColumnNames(metrics=("test_f1", "test_f1"))
    assert choose(tmp_path, "row,seed,test/f1,test_f1", "a,0,.5,.6", names).metrics == (
        ("test_f1", 3),
    )


@pytest.mark.parametrize(
    ("header", "names", "fault"),
    [
        (
            "Name,seed,f1",
            ColumnNames(),
            "no column is evidently the row; name it with --row-column",
        ),
        ("row,f1", ColumnNames(), "no column is evidently the seed; name it with --seed-column"),
        ("row,seed,f1", ColumnNames(row="rwo"), "no column 'rwo' for --row-column"),
        ("row,seed,f1", ColumnNames(metrics=("f2",)), "no column 'f2' for --metric;"),
        ("row,seed,frob", ColumnNames(), "no column has the name of a known metric; name one with"),
    ],
)
def test_missing_column_is_an_error_with_the_choices(
    tmp_path: Path, header: str, names: ColumnNames, fault: str
) -> None:
    line = ",".join("0" for _ in header.split(","))
    with pytest.raises(GivenError, match=f"line 1: {fault}.*columns are"):
        choose(tmp_path, header, line, names)
