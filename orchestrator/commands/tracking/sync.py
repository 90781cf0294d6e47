"""The commands that bring MLflow up to date with the ledger, and a ledger with MLflow."""

import sys
from pathlib import Path

import click

from orchestrator.addresses.address import is_own, lacks_credentials, shown, tracking_uri_of
from orchestrator.addresses.named import is_named, note_named
from orchestrator.addresses.spool import (
    forget,
    read_mirrored,
    read_spooled,
    spool,
    spooled_uris,
    unspool,
)
from orchestrator.commands.options import check_tracking_uri, log_models_option, storage_option
from orchestrator.errors import TrackingError
from orchestrator.storage.folder import open_storage
from orchestrator.terminal import console, errors
from orchestrator.tracking.client import Client
from orchestrator.tracking.delivery import Delivery
from orchestrator.tracking.pull import pull_ledger

EXIT_INCOMPLETE = 1


@click.command("sync")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Compare the whole ledger, not only the studies and searches that MLflow has incomplete. "
    "This also makes again what was deleted in MLflow.",
)
@click.option(
    "--forget",
    "given_up",
    metavar="URI",
    help="Deliver nothing; forget that this MLflow lacks something.",
)
@log_models_option
@storage_option
@click.option(
    "--tracking-uri",
    callback=check_tracking_uri,
    envvar="MLFLOW_TRACKING_URI",
    help="MLflow to deliver to.  [default: each MLflow that missed something, if you named it in "
    "an earlier sweep or `sync`]",
)
def sync(
    everything: bool,
    given_up: str | None,
    log_models: float,
    storage: Path,
    tracking_uri: str | None,
) -> None:
    """Deliver to MLflow what it missed, each trial and each candidate of a search once.

    The exit status is 1 if something could not be delivered.
    """
    opened = open_storage(storage)
    if given_up is not None:
        if everything:
            raise click.UsageError("'--forget' delivers nothing, so '--all' has no meaning with it")
        _forget(given_up, opened)
        return
    known = spooled_uris(opened)
    if tracking_uri or everything or not known:
        known = [tracking_uri_of(tracking_uri, opened)]
    if tracking_uri:
        note_named(known[0])
    is_complete = [
        _sync_one(uri, opened, everything, log_models, is_given=bool(tracking_uri)) for uri in known
    ]
    if not all(is_complete):
        sys.exit(EXIT_INCOMPLETE)


def _forget(tracking_uri: str, storage: Path) -> None:
    address = tracking_uri_of(tracking_uri, storage)
    if not forget(storage, address):
        waiting = ", ".join(spooled_uris(storage)) or "no MLflow"
        raise TrackingError(f"nothing waits for MLflow at {address}, but for {waiting}")
    console.print(f"Nothing waits for MLflow at {shown(address)} any more.", soft_wrap=True)


def _sync_one(
    tracking_uri: str, storage: Path, everything: bool, max_model_mib: float, *, is_given: bool
) -> bool:
    """Deliver to one MLflow, print what was delivered, and return whether that was all."""
    try:
        if not is_given:
            _check_named(tracking_uri, storage)
        return _deliver(tracking_uri, storage, everything, max_model_mib)
    except TrackingError as error:
        errors.print(
            f"error: {error}; then `mmer-sweep sync` delivers the rest, or `mmer-sweep sync "
            f"--forget {shown(tracking_uri)}` gives it up",
            style="red",
        )
        return False


def _check_named(tracking_uri: str, storage: Path) -> None:
    """Refuse an address of which only the storage folder says that somebody used it."""
    if is_own(tracking_uri, storage):
        return
    if not is_named(tracking_uri):
        raise TrackingError(
            f"MLflow at {tracking_uri}: only this storage names it, not you; if you trust it, "
            f"add `--tracking-uri {tracking_uri}`"
        )
    if lacks_credentials(tracking_uri):
        raise TrackingError(
            f"MLflow at {tracking_uri}: credentials are not stored; give the whole address with "
            "--tracking-uri or MLFLOW_TRACKING_URI"
        )


def _deliver(tracking_uri: str, storage: Path, everything: bool, max_model_mib: float) -> bool:
    mirrored = read_mirrored(storage) if everything else read_spooled(storage, tracking_uri)
    if not mirrored:
        console.print(
            f"Nothing waits for MLflow at {shown(tracking_uri)}; add `--all` to compare the whole "
            "ledger.",
            soft_wrap=True,
        )
        return True
    spool(mirrored, storage, tracking_uri)
    delivery = Delivery(storage, tracking_uri, max_model_mib=max_model_mib)
    delivery.catch_up(mirrored)
    delivery.close()
    left, faults = delivery.left(), delivery.faults.values()
    for fault in faults:
        errors.print(f"error: {fault}", style="red")
    if delivery.remark is not None:
        console.print(delivery.remark, soft_wrap=True)
    console.print(
        f"MLflow at {shown(tracking_uri)}: {_tell_delivered(delivery)} delivered, "
        f"{len(left)} left.",
        soft_wrap=True,
    )
    if not left and not faults:
        unspool(mirrored, storage, tracking_uri)
    return not left and not faults


def _tell_delivered(delivery: Delivery) -> str:
    trials = f"{len(delivery.delivered)} trials"
    if not delivery.searches.followed:
        return trials
    return f"{trials} and {len(delivery.candidates)} candidates"


@click.command("pull")
@click.option(
    "--tracking-uri",
    callback=check_tracking_uri,
    required=True,
    envvar="MLFLOW_TRACKING_URI",
    help="Where MLflow is.",
)
@storage_option
def pull(tracking_uri: str, storage: Path) -> None:
    """Rebuild a ledger from MLflow: plans, searches, records, predictions, and the kept models.

    Records and searches that are here already stay unchanged. The exit status is 1 if something in
    MLflow is damaged.
    """
    opened = open_storage(storage)
    client = Client(tracking_uri_of(tracking_uri, opened))
    client.find_experiment()
    with console.status(f"pulling from {shown(tracking_uri)}"):
        pulled = pull_ledger(client, opened)
    for fault in pulled.faults:
        errors.print(f"error: {fault}", style="red")
    searches = [f"search {name}" for name in pulled.searches]
    names = ", ".join(dict.fromkeys([*pulled.plans, *searches])) or "no study"
    console.print(
        f"{len(pulled.trials)} trials of {names} pulled; {pulled.num_known} were here already.\n"
        "`mmer-sweep report` writes their tables and verdicts.",
        soft_wrap=True,
    )
    if pulled.faults:
        sys.exit(EXIT_INCOMPLETE)
