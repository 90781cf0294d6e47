"""The pages of MLflow's web interface: what links and messages lead to."""

from typing import NamedTuple
from urllib.parse import quote, urlsplit

HOST, PORT = "127.0.0.1", 5000
"""Where `mmer-sweep ui` serves MLflow's pages, unless it is told another port."""

EXPERIMENT_KIND, TRAINING_KIND = "mlflow.experimentKind", "custom_model_development"
"""MLflow's own tag of an experiment, and the kind whose runs train models."""

TRAINING = "workflowType=machine_learning"
"""Without it, a page begins with what MLflow has for applications of language models."""

VIEW = "mlflow.sharedViewState."
"""MLflow's own tag of an experiment for a view of its runs that a link opens; its name follows."""


class RunPlace(NamedTuple):
    """Where a run is in one MLflow: ids of experiment and run, and the file to show, if any."""

    experiment: str
    run: str
    file: str = ""


def web_address(tracking_uri: str) -> str:
    """Return the address of the pages of an MLflow, without credentials.

    A database has pages while `mmer-sweep ui` serves it.
    """
    if not is_server(tracking_uri):
        return f"http://{HOST}:{PORT}"
    parts = urlsplit(tracking_uri)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def is_server(tracking_uri: str) -> bool:
    """Whether an address names a server, which has pages of its own."""
    return urlsplit(tracking_uri).scheme in ("http", "https")


def experiment_page(experiment: str) -> str:
    """Return the page of an experiment's runs, relative to the address of the pages."""
    return f"{_runs(experiment)}?{TRAINING}"


def run_page(place: RunPlace) -> str:
    """Return the page of a run, or of its file, relative to the address of the pages."""
    file = f"/artifacts/{place.file}" if place.file else ""
    return f"{_runs(place.experiment)}/{place.run}{file}?{TRAINING}"


def view_page(experiment: str, view: str, *, charts: bool = False) -> str:
    """Return the page of a view: a table of runs, or the charts of their metrics."""
    mode = "&compareRunsMode=CHART" if charts else ""
    return f"{_runs(experiment)}?viewStateShareKey={quote(view, safe='')}{mode}&{TRAINING}"


def _runs(experiment: str) -> str:
    return f"#/experiments/{experiment}/runs"
