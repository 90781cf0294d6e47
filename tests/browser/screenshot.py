"""Draw docs/mlflow*.png and docs/report.png, after some sweeps and `mmer-sweep report`.

The command is `python -m tests.browser.screenshot STORAGE FOLDER`. The pictures of studies need
`mmer-sweep layers` and `mmer-sweep components`, which share trials.
That of a search needs `mmer-sweep tune architecture`.
"""

import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from PIL import Image
from selenium.webdriver import Chrome

from orchestrator.addresses.pages import RunPlace, experiment_page, run_page
from orchestrator.commands.report import OUTPUT
from reports.document.files import HTML_FILE
from tests.browser.compare_view import browser, fold_plots, open_compare_view, open_curves
from tests.browser.search_page import shown_axes
from tests.browser.study_page import (
    description_of,
    links_of,
    open_page,
    shown_curves,
    shown_lines,
    text_of_html,
    unfold_description,
)
from tests.browser.table_page import width_of
from tests.mlflow_server import MlflowServer, mlflow_server
from tests.orchestrator.tracking.factories import runs_of

STUDY, COMPARED, METRIC = "components", "layers", "valid_f1"
NAVIGATION_PX, CURVES_PX = 200, 475
"""MLflow's navigation on the left, and how much of the page of curves is shown."""

REPORT_PX = 1200
SHOW_NUMBER = """
const numbers = document.querySelectorAll('.scores button.value');
numbers[0].focus({preventScroll: true});
scrollTo(0, numbers[0].getBoundingClientRect().top + scrollY - 700);
"""

SETTLE_S = 3
"""How long a page takes to draw what it has."""


def main(storage: Path, folder: Path) -> None:
    """Show what there is: runs, results, trials by row and compared, and a search's charts."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / "server").mkdir()
        shutil.copy(storage / "mlflow.db", place / "server" / "mlflow.db")
        with mlflow_server(place / "server") as server, browser(place / "profile") as page:
            if runs_of(server.uri, "study"):
                _show_study(page, server, place)
                _compare(page, server, place)
            if runs_of(server.uri, "search"):
                _show_search(page, server, place)
            if (storage / OUTPUT / HTML_FILE).is_file():
                _show_report(page, storage / OUTPUT / HTML_FILE, place)
        for picture in (*place.glob("mlflow-*.png"), *place.glob("report.png")):
            _write(Image.open(picture), folder / picture.name)
        if (place / "compare.png").is_file():
            tables, curves = (Image.open(place / name) for name in ("compare.png", "curves.png"))
            width, height = tables.size
            stacked = Image.new("RGB", (width - NAVIGATION_PX, height + CURVES_PX))
            stacked.paste(tables, (-NAVIGATION_PX, 0))
            stacked.paste(curves, (-NAVIGATION_PX, height))
            _write(stacked, folder / "mlflow.png")


def _shoot(page: Chrome, folder: Path, name: str) -> None:
    """Take a picture of a page once it has drawn what it has."""
    time.sleep(SETTLE_S)
    page.save_screenshot(str(folder / f"mlflow-{name}.png"))


def _show_search(page: Chrome, server: MlflowServer, folder: Path) -> None:
    """Show the charts of a search's candidates: parallel coordinates first."""
    run = runs_of(server.uri, "search")[-1]
    open_page(page, f"{server.uri}/{run_page(RunPlace(run.info.experiment_id, run.info.run_id))}")
    description_of(page)
    open_page(page, links_of(page)["charts"])
    shown_axes(page)
    _shoot(page, folder, "search")


def _show_study(page: Chrome, server: MlflowServer, folder: Path) -> None:
    shoot = partial(_shoot, page, folder)
    (run,) = (r for r in runs_of(server.uri, "study") if r.data.tags["study"] == STUDY)
    place = RunPlace(run.info.experiment_id, run.info.run_id)
    open_page(page, f"{server.uri}/{experiment_page(place.experiment)}")
    shown_lines(page)
    shoot("runs")
    open_page(page, f"{server.uri}/{run_page(place._replace(file='results.html'))}")
    text_of_html(page)
    shoot("results")
    open_page(page, f"{server.uri}/{run_page(place)}")
    unfold_description(page)
    description_of(page)
    shoot("description")
    open_page(page, links_of(page)["curves by row"])
    shown_curves(page, METRIC)
    shoot("trials")


def _show_report(page: Chrome, file: Path, folder: Path) -> None:
    """Show the top of the report, and what is behind a number of its first table."""
    with width_of(page, REPORT_PX, REPORT_PX):
        page.get(file.as_uri())
        page.execute_script(SHOW_NUMBER)
        page.save_screenshot(str(folder / "report.png"))


def _compare(page: Chrome, server: MlflowServer, folder: Path) -> None:
    """Compare the trials of seed 0 of a study, and show their curves."""
    rows = f"row/{COMPARED}/"
    runs = [
        run
        for run in runs_of(server.uri)
        if run.data.params["seed"] == "0" and any(tag.startswith(rows) for tag in run.data.tags)
    ]
    ids = [run.info.run_id for run in reversed(runs)]
    open_compare_view(page, server.uri, runs[0].info.experiment_id, ids)
    fold_plots(page)
    page.save_screenshot(str(folder / "compare.png"))
    open_curves(page, METRIC)
    page.save_screenshot(str(folder / "curves.png"))


def _write(picture: Image.Image, file: Path) -> None:
    picture.convert("RGB").quantize(256).save(file, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
