"""The command that opens MLflow's web page."""

import os
import subprocess
import sys
from pathlib import Path

import click

from orchestrator.addresses.address import database_of, shown, tracking_uri_of
from orchestrator.addresses.database import settle
from orchestrator.commands.options import storage_option, tracking_option
from orchestrator.storage.folder import open_storage
from orchestrator.terminal import console
from orchestrator.tracking.client import EXPERIMENT


@click.command("ui")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@storage_option
@tracking_option
def ui(port: int, storage: Path, tracking_uri: str | None) -> None:
    """Open MLflow's web page on this machine; end it with Ctrl-C."""
    opened = open_storage(storage)
    uri = tracking_uri_of(tracking_uri, opened)
    database = database_of(uri)
    if database is not None:
        settle(database, EXPERIMENT, opened)
    server = [sys.executable, "-m", "mlflow", "server"]
    where = ["--host", "127.0.0.1", "--port", str(port)]
    console.print(f"MLflow of {shown(uri)} on http://127.0.0.1:{port} (Ctrl-C ends it)")
    # Other users of the machine see the arguments of a process, and an address may hold a password.
    environment = os.environ | {
        "MLFLOW_BACKEND_STORE_URI": uri,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONWARNINGS": "ignore",
    }
    status = subprocess.run([*server, *where], env=environment, check=False).returncode
    sys.exit(status)
