"""What somebody sees who compares the rows of a study in MLflow's page."""

from pathlib import Path

import pytest

from tests.browser.compare_view import (
    BROWSER,
    DRIVER,
    browser,
    open_compare_view,
    open_curves,
    shown_metrics,
    shown_params,
)
from tests.mlflow_server import mlflow_server
from tests.orchestrator.tracking.factories import (
    NUM_EPOCHS,
    deliver,
    make_plan,
    record_trial,
    runs_of,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="needs Debian's packages chromium and chromium-driver"
    ),
]


def test_compare_view_shows_what_differs_and_draws_every_epoch(tmp_path: Path) -> None:
    planned, trials = make_plan(tmp_path / "storage")
    for trial in trials:
        record_trial(tmp_path / "storage", trial)
    with mlflow_server(tmp_path / "server") as server, browser(tmp_path / "profile") as page:
        deliver(tmp_path / "storage", server.uri, planned)
        runs = runs_of(server.uri)
        ids = [run.info.run_id for run in runs]
        open_compare_view(page, server.uri, runs[0].info.experiment_id, ids)
        page.save_screenshot(str(tmp_path / "compare.png"))
        params, metrics = shown_params(page), shown_metrics(page)
        curves = open_curves(page, "valid_f1")
        page.save_screenshot(str(tmp_path / "curves.png"))
    assert params == {
        "corpus": ["synthetic"] * 4,
        "model.audio.depth": [run.data.params["model.audio.depth"] for run in runs],
        "seed": [run.data.params["seed"] for run in runs],
    }
    assert len(metrics) == len(set(metrics))
    assert {"train_loss", "valid_f1", "test_f1"} <= set(metrics)
    steps, values = list(range(1, NUM_EPOCHS + 1)), [0.5, 0.6, 0.7]
    names = [run.info.run_name for run in runs]
    assert curves == {name: (steps, pytest.approx(values)) for name in names}
    assert (tmp_path / "curves.png").stat().st_size > 10_000
