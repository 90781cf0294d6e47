from pathlib import Path

import pytest
from mlflow.utils.validation import _validate_metric_name, _validate_tag_name

from orchestrator.addresses.pages import VIEW, RunPlace
from orchestrator.storage.folder import tables_folder
from orchestrator.tracking.client import Run
from orchestrator.tracking.content import MAX_TAG, MAX_VIEW, MirroredStudy
from orchestrator.tracking.studies.page import (
    RESULTS_FILE,
    TOO_LONG,
    describe,
    points_of_rows,
    write_results,
    write_views,
)
from reports.forms.html import to_html
from reports.ledger.ledger import Ledger
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from reports.tables.table import build_table
from tests.orchestrator.tracking.factories import make_plan, record_study, record_trial

PLACE = RunPlace("1", "ab", RESULTS_FILE)


def files_of(storage: Path) -> dict[str, bytes]:
    folder = tables_folder(storage, "depth", "synthetic", "tiny")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_scores_are_those_of_the_table(storage: Path) -> None:
    planned, _, outcome = record_study(storage, "shallow", "deep")
    points = points_of_rows(planned.study, outcome, 5)
    assert {point.name: point.value for point in points} == {
        f"{cell.row}/test_{cell.metric}_{statistic}": value
        for cells in outcome.cells
        for cell in cells
        for statistic, value in (("mean", cell.mean), ("std", cell.std))
    }
    assert {(point.time_ms, point.step) for point in points} == {(5, 0)}


def test_rows_whose_names_mlflow_refuses_keep_names_of_their_own(storage: Path) -> None:
    planned, _, outcome = record_study(storage, "+ fusion", "_ fusion-2", "? fusion")
    points = points_of_rows(planned.study, outcome, 0)
    assert {point.name.partition("/")[0] for point in points} == {
        "_ fusion",
        "_ fusion-2",
        "_ fusion-3",
    }


@pytest.mark.parametrize("row", ["a // b", "a/./b", "a/../b", "..", "a/", f"{'a' * 124}/b"])
def test_rows_named_like_paths_have_names_that_mlflow_takes(storage: Path, row: str) -> None:
    planned, _, outcome = record_study(storage, "full", row)
    points = points_of_rows(planned.study, outcome, 0)
    assert len({point.name.rpartition("/")[0] for point in points}) == 2
    for point in points:
        _validate_metric_name(point.name)


def test_view_of_a_study_with_a_long_name_has_a_name_that_mlflow_takes(storage: Path) -> None:
    planned, _ = make_plan(storage, name="s" * (MAX_VIEW - 1))
    study = MirroredStudy(planned)
    _validate_tag_name(study.row_tag)
    for view in write_views(study):
        _validate_tag_name(f"{VIEW}{view}")


def test_one_seed_has_no_deviation(storage: Path) -> None:
    planned, trials = make_plan(storage, num_seeds=1)
    for trial in trials:
        record_trial(storage, trial)
    outcome = collect_outcome(planned, TrialScores(Ledger(storage)))
    assert not [point for point in points_of_rows(planned.study, outcome, 0) if "std" in point.name]


def test_description_has_table_and_verdicts_before_notes(storage: Path) -> None:
    planned, _, _ = record_study(storage, "shallow", "deep")
    files = files_of(storage)
    text = describe(MirroredStudy(planned), PLACE, [], files)
    assert text.startswith("All 4 trials: [by row](#/experiments/1/runs?viewStateShareKey=")
    table = files["depth.md"].decode()
    places = [text.index(line) for line in table.splitlines() if line.startswith("| ")]
    claim, caption = text.index("| deeper |"), text.index("**Depth of the model")
    assert max(places) < claim < caption
    assert sorted(text.split()) == sorted(
        [
            *text.partition("\n")[0].split(),
            *b" ".join((files["depth.md"], files["depth-verdicts.md"])).decode().split(),
        ]
    )


def test_description_that_is_too_long_ends_at_a_line_and_says_so(storage: Path) -> None:
    planned, _ = make_plan(storage)
    lines = [f"| row {number} | {'x' * 90} |" for number in range(100)]
    table = "\n".join(["caption", "", *lines, "", "- note"]).encode()
    text = describe(MirroredStudy(planned), PLACE, [], {"depth.md": table})
    assert MAX_TAG - 100 < len(text) <= MAX_TAG
    assert text.endswith(f"{'x' * 90} |\n\n{TOO_LONG}")


def test_description_leads_to_the_study_below_which_trials_stand(storage: Path) -> None:
    planned, _ = make_plan(storage)
    tags = {"study": "first", "corpus": "synthetic", "scale": "tiny"}
    trials = [
        Run(str(number), "FINISHED", 0, {**tags, "mlflow.parentRunId": parent}, {})
        for number, parent in enumerate(["ab", "other", "other", "ab"])
    ]
    text = describe(MirroredStudy(planned), PLACE, trials, {})
    assert (
        "2 of them stand below [first synthetic tiny]"
        "(#/experiments/1/runs/other?workflowType=machine_learning)."
    ) in text
    assert "below" not in describe(MirroredStudy(planned), PLACE, trials[:1], {})


def test_page_of_results_holds_table_and_verdicts(storage: Path) -> None:
    planned, _, outcome = record_study(storage, "shallow", "deep")
    study = MirroredStudy(planned)
    page = write_results(study, files_of(storage))[RESULTS_FILE].decode()
    table = to_html(build_table(planned.study, [outcome]))
    assert table in page
    assert page.index(table) < page.index("the deeper one is better")
    assert page.count("<main") == page.count("</main>") == 1
    assert write_results(study, {}) == {}
