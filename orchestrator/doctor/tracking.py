"""MLflow: whether it can be used, and what waits for it. It is loaded apart."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from orchestrator.addresses.address import database_of, shown, tracking_uri_of
from orchestrator.addresses.named import is_named
from orchestrator.addresses.spool import spooled_uris
from orchestrator.doctor.apart import ApartError, call_apart
from orchestrator.doctor.finding import Finding, Wanted
from orchestrator.doctor.storage import folder_of
from orchestrator.errors import TrackingError

LIMIT_S = 60.0


class MlflowFacts(BaseModel, frozen=True):
    """Whether MLflow has our experiment; or what is wrong with it."""

    has_experiment: bool = False
    fault: str = ""


def ask_mlflow(tracking_uri: str) -> MlflowFacts:
    """Ask MLflow for our experiment, and change nothing; this runs apart."""
    from orchestrator.tracking.client import Client

    try:
        return MlflowFacts(has_experiment=Client(tracking_uri).has_experiment())
    except TrackingError as error:
        return MlflowFacts(fault=str(error))


def look_at_mlflow(wanted: Wanted) -> Iterator[Finding]:
    """Ask MLflow. A sweep trains without it too, and delivers later: so a fault is a note."""
    folder = folder_of(wanted.storage)
    try:
        uri = tracking_uri_of(wanted.tracking_uri, folder)
    except TrackingError as error:
        yield Finding(
            subject="mlflow", level="problem", text=str(error), advice="give another --tracking-uri"
        )
        return
    database = database_of(uri)
    if database is None and wanted.is_mlflow_unconfirmed and not is_named(shown(uri)):
        yield Finding(
            subject="mlflow",
            level="problem",
            text=f"only the file of the project names {shown(uri)}, not you: nothing goes there",
            advice=f"if you trust it, add `--tracking-uri {shown(uri)}` to a sweep once",
        )
    elif database is not None and not database.exists():
        text = f"{shown(uri)} is made by the first sweep"
        yield Finding(subject="mlflow", level="ok", text=text)
    else:
        yield _ask(uri)
    yield from _look_at_waiting(folder)


def _ask(uri: str) -> Finding:
    try:
        facts = call_apart(f"{__name__}:ask_mlflow", uri, MlflowFacts, limit_s=LIMIT_S)
        fault = facts.fault
    except ApartError as error:
        facts, fault = MlflowFacts(), f"MLflow at {shown(uri)}: {error}"
    if fault:
        return Finding(
            subject="mlflow",
            level="note",
            text=fault,
            advice="sweeps train all the same; afterwards `mmer-sweep sync` delivers to it",
        )
    has = "it has sweeps" if facts.has_experiment else "it has no sweep yet"
    return Finding(subject="mlflow", level="ok", text=f"{shown(uri)} answers; {has}")


def _look_at_waiting(folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        return
    for address in spooled_uris(folder):
        yield Finding(
            subject="mlflow",
            level="note",
            text=f"something waits for MLflow at {address}",
            advice="`mmer-sweep sync` delivers it",
        )
