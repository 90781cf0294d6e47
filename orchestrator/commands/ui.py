"""The command that opens MLflow's web page."""

import os
import subprocess
import sys
from pathlib import Path

import click

from orchestrator.commands.options import storage_option, tracking_option
from orchestrator.storage.folder import open_storage, tracking_uri_of
from orchestrator.terminal import console


@click.command("ui")
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@storage_option
@tracking_option
def ui(port: int, storage: Path, tracking_uri: str | None) -> None:
    """Open MLflow's web page on this machine; end it with Ctrl-C."""
    opened = open_storage(storage)
    uri = tracking_uri_of(tracking_uri, opened)
    server = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri]
    where = ["--host", "127.0.0.1", "--port", str(port)]
    console.print(f"MLflow of {uri} on http://127.0.0.1:{port} (Ctrl-C ends it)")
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    status = subprocess.run([*server, *where], env=os.environ | quiet, check=False).returncode
    sys.exit(status)
