"""Draw docs/mlflow.png: `python -m tests.browser.screenshot STORAGE PICTURE`, after a sweep."""

import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser.compare_view import browser, fold_plots, open_compare_view, open_curves
from tests.mlflow_server import mlflow_server
from tests.orchestrator.tracking.factories import runs_of

METRIC = "valid_f1"
NAVIGATION_PX, CURVES_PX = 200, 475
"""MLflow's navigation on the left, and how much of the page of curves is shown."""


def main(storage: Path, picture: Path) -> None:
    """Show how MLflow's page compares the trials of seed 0, and one of their metrics."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "server").mkdir()
        shutil.copy(storage / "mlflow.db", folder / "server" / "mlflow.db")
        with mlflow_server(folder / "server") as server, browser(folder / "profile") as page:
            runs = [run for run in runs_of(server.uri) if run.data.params["seed"] == "0"]
            ids = [run.info.run_id for run in reversed(runs)]
            open_compare_view(page, server.uri, runs[0].info.experiment_id, ids)
            fold_plots(page)
            page.save_screenshot(str(folder / "compare.png"))
            open_curves(page, METRIC)
            page.save_screenshot(str(folder / "curves.png"))
        tables, curves = (Image.open(folder / name) for name in ("compare.png", "curves.png"))
        width, height = tables.size
        stacked = Image.new("RGB", (width - NAVIGATION_PX, height + CURVES_PX))
        stacked.paste(tables, (-NAVIGATION_PX, 0))
        stacked.paste(curves, (-NAVIGATION_PX, height))
        stacked.quantize(256).save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
