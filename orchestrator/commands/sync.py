"""The commands that bring MLflow up to date with the ledger, and a ledger with MLflow."""

import sys
from pathlib import Path

import click

from orchestrator.commands.options import log_models_option, storage_option
from orchestrator.errors import TrackingError
from orchestrator.storage.folder import open_storage, tracking_uri_of
from orchestrator.terminal import console, errors
from orchestrator.tracking.client import EXPERIMENT, Client
from orchestrator.tracking.delivery import Delivery
from orchestrator.tracking.pull import pull_ledger
from orchestrator.tracking.spool import read_spooled, spool, spooled_uris, unspool
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_planned

EXIT_INCOMPLETE = 1


@click.command("sync")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Compare the whole ledger, not only the studies that MLflow has incomplete.",
)
@log_models_option
@storage_option
@click.option(
    "--tracking-uri",
    envvar="MLFLOW_TRACKING_URI",
    help="MLflow to deliver to.  [default: each MLflow that missed something]",
)
def sync(everything: bool, log_models: float, storage: Path, tracking_uri: str | None) -> None:
    """Deliver to MLflow what it missed, each trial once.

    The exit status is 1 if something could not be delivered.
    """
    opened = open_storage(storage)
    known = spooled_uris(opened)
    if everything or tracking_uri or not known:
        known = [tracking_uri_of(tracking_uri, opened)]
    is_complete = [_sync_one(uri, opened, everything, log_models) for uri in known]
    if not all(is_complete):
        sys.exit(EXIT_INCOMPLETE)


def _sync_one(tracking_uri: str, storage: Path, everything: bool, max_model_mib: float) -> bool:
    """Deliver to one MLflow, print what was delivered, and return whether that was all."""
    planned = read_planned(Ledger(storage)) if everything else read_spooled(storage, tracking_uri)
    if not planned:
        console.print(
            f"Nothing waits for MLflow at {tracking_uri}; add `--all` to compare the whole ledger.",
            soft_wrap=True,
        )
        return True
    spool(planned, storage, tracking_uri)
    try:
        delivery = Delivery(storage, tracking_uri, max_model_mib=max_model_mib)
        delivery.catch_up(planned)
        delivery.close()
    except TrackingError as error:
        errors.print(f"error: {error}; the next `mmer-sweep sync` delivers the rest")
        return False
    left, faults = delivery.left(), delivery.faults.values()
    for fault in faults:
        errors.print(f"error: {fault}", style="red")
    console.print(
        f"MLflow at {tracking_uri}: {len(delivery.delivered)} trials delivered, {len(left)} left.",
        soft_wrap=True,
    )
    if not left and not faults:
        unspool(planned, storage, tracking_uri)
    return not left and not faults


@click.command("pull")
@click.option(
    "--tracking-uri", required=True, envvar="MLFLOW_TRACKING_URI", help="Where MLflow is."
)
@storage_option
def pull(tracking_uri: str, storage: Path) -> None:
    """Rebuild a ledger from MLflow: plans, records, predictions, and the models kept there.

    Records that are in the ledger already stay unchanged. The exit status is 1 if something in
    MLflow is damaged.
    """
    opened = open_storage(storage)
    client = Client(tracking_uri_of(tracking_uri, opened))
    if not client.find_experiment():
        raise TrackingError(
            f"MLflow at {tracking_uri} has no experiment '{EXPERIMENT}': no sweep was mirrored "
            "there; choose another --tracking-uri"
        )
    with console.status(f"pulling from {tracking_uri}"):
        pulled = pull_ledger(client, opened)
    for fault in pulled.faults:
        errors.print(f"error: {fault}", style="red")
    studies = ", ".join(dict.fromkeys(pulled.plans)) or "no study"
    console.print(
        f"{len(pulled.trials)} trials of {studies} pulled; {pulled.num_known} were here already.\n"
        "`mmer-sweep report` writes their tables and verdicts.",
        soft_wrap=True,
    )
    if pulled.faults:
        sys.exit(EXIT_INCOMPLETE)
