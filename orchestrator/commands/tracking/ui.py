"""The command that opens MLflow's web page, or Optuna's page of one search.

MLflow's server is a family of processes. It runs as a child of the program `FAMILY`, which ends the
family once the command is gone, however it ended.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from orchestrator.addresses.address import database_of, shown, tracking_uri_of
from orchestrator.addresses.database import experiment_id, settle
from orchestrator.addresses.pages import HOST, PORT, experiment_page
from orchestrator.cluster.stop_signals import Terminated
from orchestrator.commands.options import storage_option, tracking_option
from orchestrator.errors import TrackingError
from orchestrator.storage.folder import open_storage
from orchestrator.storage.patience import PATIENCE
from orchestrator.terminal import console
from orchestrator.tracking.client import EXPERIMENT

PYTHON = (sys.executable, "-P")
"""Python that does not take packages from the current folder."""

FAMILY = (
    "import sys; from mmer_sweep import prefer_own_packages; prefer_own_packages(); "
    "from orchestrator.commands.tracking.ui import serve; sys.exit(serve(sys.argv[1:]))"
)

UNLESS_SET = {"MLFLOW_DISABLE_TELEMETRY": "true"}
"""Settings of MLflow's server, unless the environment sets them."""

QUIET = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
NUM_TRIED_PORTS = 100
"""How many ports after a busy one are tried, to name a free one."""

LOOK_S = 0.2
ANSWER_S = 5.0
"""How often to ask the server whether it is there, and how long to wait for its answer."""

GRACE_S = 5.0
"""How long the server may take to end before it is killed."""


@click.command("ui")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
@click.option(
    "--search",
    metavar="NAME",
    help="Open optuna-dashboard on a search instead, while it goes on or after it: its name in "
    "STORAGE/searches. Needs that package: pip install 'mmer-sweep[dashboard]'.",
)
@storage_option
@tracking_option
def ui(port: int, search: str | None, storage: Path, tracking_uri: str | None) -> None:
    """Open MLflow's web page on this machine; end it with Ctrl-C."""
    _check_port(port)
    opened = open_storage(storage)
    if search is None:
        _open_mlflow(port, opened, tracking_uri)
    else:
        _open_search(port, opened, search)


@contextmanager
def _ended_by_the_user() -> Iterator[None]:
    """Take Ctrl-C as the usual end of a page."""
    try:
        yield
    except Terminated:
        raise
    except KeyboardInterrupt:
        console.print("\nThe page is closed.")


def _open_search(port: int, storage: Path, name: str) -> None:
    """Serve Optuna's page of a search, in this process.

    Raises:
        LedgerError, OSError, StudyError: If the search cannot be read, or does not exist.
        MissingPackageError: If optuna-dashboard is not installed.
    """
    from orchestrator.search.journal.dashboard import dashboard_of, serve  # loads Optuna
    from orchestrator.search.journal.open import find_journal

    app = dashboard_of(PATIENCE.at_start(find_journal, name, storage))
    told = f"search {name} on http://{HOST}:{port}/dashboard (Ctrl-C ends it)"
    with _ended_by_the_user():
        serve(app, HOST, port, lambda: console.print(told, soft_wrap=True, markup=False))


def _open_mlflow(port: int, opened: Path, tracking_uri: str | None) -> None:
    """Start MLflow's server, and end with it."""
    uri = tracking_uri_of(tracking_uri, opened)
    database = database_of(uri)
    page = ""
    if database is not None:
        settle(database, EXPERIMENT, opened)
        experiment = experiment_id(database, EXPERIMENT)
        page = "" if experiment is None else f"/{experiment_page(experiment)}"
    server = ["-m", "mlflow", "server", "--host", HOST, "--port", str(port)]
    with (
        subprocess.Popen(  # whose end closes the input, and so ends the family
            [*PYTHON, "-c", FAMILY, *server],
            # Others on the machine see a process's arguments, and an address may hold a password.
            env=UNLESS_SET | os.environ | QUIET | {"MLFLOW_BACKEND_STORE_URI": uri},
            stdin=subprocess.PIPE,
            start_new_session=True,
        ) as family,
        _ended_by_the_user(),
    ):
        with console.status("starting MLflow"):
            _wait_for_answer(port, family)
        console.print(
            f"MLflow of {shown(uri)} on http://{HOST}:{port}{page} (Ctrl-C ends it)",
            soft_wrap=True,
        )
        sys.exit(family.wait())


def _check_port(port: int) -> None:
    """Make sure that the server will get its port.

    Raises:
        UsageError: If another program listens on it; the message offers a free port.
    """
    if _is_free(port):
        return
    following = range(port + 1, min(port + NUM_TRIED_PORTS, 65535) + 1)
    free = next(filter(_is_free, following), None)
    offer = "choose another with --port" if free is None else f"try --port {free}"
    raise click.UsageError(f"another program listens on port {port} of this machine; {offer}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _wait_for_answer(port: int, family: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers.

    Raises:
        TrackingError: If it has ended instead.
    """
    here = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        with suppress(OSError), here.open(f"http://{HOST}:{port}/health", timeout=ANSWER_S):
            return
        try:
            status = family.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            continue
        raise TrackingError(
            f"MLflow's server ended before it answered, with status {status}; what it printed "
            "above says why"
        )


def serve(arguments: Sequence[str]) -> int:
    """Run a server of Python's, and end it and all its processes once our input ends."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # it is for the server
    with subprocess.Popen([*PYTHON, *arguments], stdin=subprocess.DEVNULL) as server:
        threading.Thread(target=_end_with_input, daemon=True).start()
        return server.wait()


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)
