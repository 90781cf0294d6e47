import json
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from mlflow.utils.validation import _validate_metric_name, _validate_param_name, _validate_tag_name

from orchestrator.addresses.pages import VIEW, RunPlace
from orchestrator.tracking.content import MAX_TAG
from orchestrator.tracking.searches.content import MirroredSearch, result_points
from orchestrator.tracking.searches.page import describe, write_views
from tests.orchestrator.tracking.factories import deliver, runs_of
from tests.orchestrator.tracking.searches.factories import (
    candidate,
    running,
    search_of,
    small_search,
    stopped,
)
from tests.reports.search.factories import make_front, make_search

PLACE = RunPlace("1", "ab")


def test_description_has_links_the_best_candidates_and_what_mattered() -> None:
    text = describe(MirroredSearch(make_search(importances={"f1": {"fusion": 0.875}})), PLACE)
    first, shown, table, mattered, optimism, unreliable = text.split("\n\n")
    assert first.startswith("All 5 candidates: [table](#/experiments/1/runs?viewStateShareKey=")
    assert first.endswith("3 finished (1 of them from the ledger), 1 stopped early, 1 failed.")
    assert shown == "The best 3 of 3 finished candidates."
    lines = table.splitlines()
    assert lines[:3] == [
        "| candidate | 1 | 2 | 0 |",
        "| :-- | --: | --: | --: |",
        "| Validation F1 (%) | 62.5 | 50.0 | 37.5 |",
    ]
    assert "| fusion | bottleneck | \N{EN DASH} | bottleneck |" in lines
    assert mattered.endswith("`fusion` 88 %.")
    assert "optimistic" in optimism
    assert "unreliable" in unreliable


def test_description_says_what_the_front_lacks() -> None:
    text = describe(MirroredSearch(make_front()), PLACE)
    assert "The Pareto front, 3 of 4 finished candidates." in text
    assert "The front lacks what was stopped early (1)" in text


def test_search_without_a_finished_candidate_is_described_by_its_counts() -> None:
    text = describe(MirroredSearch(search_of(running(0))), PLACE)
    assert text.endswith("0 finished, 1 not ended.")


def test_description_is_no_longer_than_mlflow_keeps() -> None:
    values = {f"field-{number}": "x" * 50 for number in range(40)}
    many = (candidate(number, 0.5, values=values) for number in range(8))
    text = describe(MirroredSearch(search_of(*many)), PLACE)
    assert MAX_TAG - 1000 < len(text) <= MAX_TAG
    assert text.splitlines()[-1].endswith("|")


def test_views_find_all_candidates_that_mlflow_has(storage: Path, uri: str) -> None:
    result = small_search(storage)
    deliver(storage, uri, result)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment(runs_of(uri, "search")[0].info.experiment_id)
    search = MirroredSearch(result)
    for name in write_views(search):
        view = json.loads(experiment.tags[f"{VIEW}{name}"])
        found = client.search_runs([experiment.experiment_id], view["searchFilter"])
        assert {run.data.tags["candidate"] for run in found} == {"0", "1", "2", "3"}
        shown = {name.partition("`")[2].rstrip("`") for name in view["selectedColumns"]}
        for run in found[:2]:
            known = {*run.data.params, *run.data.metrics, *run.data.tags}
            assert shown & known


def test_charts_have_the_fields_that_every_finished_candidate_has() -> None:
    """MLflow leaves out of parallel coordinates whoever lacks one."""
    deep = candidate(0, 0.5, values={"head": "decoder", "model.head.depth": 2})
    flat = candidate(1, 0.5, values={"head": "cls"})
    early = stopped(2, values={"fusion": "mean"})
    shares = {"f1": {"model.head.depth": 0.7, "system": 0.3}}
    search = MirroredSearch(search_of(deep, flat, early, importances=shares))
    parallel, scatter, curves = charts_of(search)
    assert parallel["selectedParams"] == ["system", "head"]
    assert parallel["selectedMetrics"] == ["objective_f1"]
    assert scatter["xaxis"] == {"key": "system", "type": "PARAM"}
    assert curves["metricKey"] == "valid_f1"


def test_scatter_plots_f1_against_the_cost() -> None:
    _, scatter, _ = charts_of(MirroredSearch(make_front()))
    assert scatter["xaxis"] == {"key": "objective_parameters", "type": "METRIC"}
    assert scatter["yaxis"] == {"key": "objective_f1", "type": "METRIC"}


def charts_of(search: MirroredSearch) -> list[dict[str, object]]:
    _, charts = write_views(search).values()
    found: list[dict[str, object]] = json.loads(charts)["compareRunCharts"]
    return found


@pytest.mark.parametrize("name", ["model.audio.sem_after", "sem", "über-fields", "a_b"])
def test_names_are_those_that_mlflow_takes(name: str) -> None:
    result = search_of(
        candidate(0, 0.5, values={name: 1}),
        space=name.replace(".", "-"),
        importances={"f1": {name: 1.0}},
    )
    search = MirroredSearch(result)
    for point in result_points(result, 0):
        _validate_metric_name(point.name)
    for view in write_views(search):
        _validate_tag_name(f"{VIEW}{view}")
    for param in search.params_of(result.candidates[0]):
        _validate_param_name(param)
