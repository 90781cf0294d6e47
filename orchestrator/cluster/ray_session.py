"""Runs Ray for the length of some work: on this machine, or on a running cluster."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import ray
from ray._private import worker

from mmer_sweep import ROOT, prefer_own_packages
from orchestrator.cluster.local_ray import alone_on_machine, session_folder_removed, watched_ray
from orchestrator.cluster.stop_signals import Terminated
from orchestrator.errors import ClusterError

LOG = logging.getLogger(__name__)

ANSWER_S = 10.0
"""A cluster that does not answer within this time counts as unreachable."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",  # a report of trouble has no score
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # `stop_signals` handles it
    "TUNE_GLOBAL_CHECKPOINT_S": "inf",  # Tune's state is never restored
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    # Otherwise Tune itself restarts a trial whose machine was taken back.
    "RAY_TRAIN_COUNT_PREEMPTION_AS_FAILURE": "1",
}


FIND_OURS = {
    "worker_process_setup_hook": f"{prefer_own_packages.__module__}.{prefer_own_packages.__name__}"
}
"""Lets the workers of a cluster find our packages where their own machine has them installed.

On this machine our own folder serves, and takes no time. The hook adds 0.7 s to the first task of a
session: Ray has started workers in advance only for tasks without one.
"""


class _Limits(NamedTuple):
    """How many cores and how much memory of this machine Ray may use; None is all."""

    num_cpus: int | None
    memory_mib: float | None


@contextmanager
def ray_session(
    storage: Path,
    *,
    address: str | None = None,
    num_cpus: int | None = None,
    memory_mib: float | None = None,
) -> Iterator[None]:
    """Start Ray on this machine, or join a cluster, for the length of a sweep or a preparation.

    Ray makes the folder in which it starts or joins the first of its workers' search path. That is
    the folder of our packages, so that a user's own `models/` never shadows ours. The work itself
    is done in the storage folder.

    Args:
        storage: The storage folder.
        address: The address of a running cluster; by default, Ray starts on this machine.
        num_cpus: How many cores of this machine Ray may use; by default all.
        memory_mib: How much of this machine's memory Ray may give to tasks; by default all free
            memory.

    Raises:
        ClusterError: If there is no cluster at the address, or Ray does not start here.
        LostRayError: If one of Ray's own processes on this machine has ended.
    """
    with ExitStack() as held:
        held.enter_context(_own_surroundings(storage))
        folder = held.enter_context(alone_on_machine()) if address is None else None
        started = held.enter_context(session_folder_removed())
        held.callback(ray.shutdown)
        _start(address, _Limits(num_cpus, memory_mib), folder)
        if address is None:
            started()
            held.enter_context(watched_ray())
        yield


@contextmanager
def _own_surroundings(storage: Path) -> Iterator[None]:
    """Set Ray's variables, hush it, and be in the storage folder; restore all at the end."""
    came_from, seen, prints = Path.cwd(), dict(os.environ), worker.print_to_stdstream
    worker.print_to_stdstream = _log_message  # Ray prints lost workers whatever its settings say
    os.environ.update(QUIET)
    os.chdir(storage)
    try:
        yield
    finally:
        worker.print_to_stdstream = prints
        os.environ.clear()
        os.environ.update(seen)
        os.chdir(came_from)


def _log_message(data: Mapping[str, Any], ignore_prefix: bool) -> None:
    """Keep a message of Ray's own processes for those who debug; we tell of lost workers."""
    LOG.debug("Ray: %s", data["lines"])


def _start(address: str | None, limits: _Limits, folder: str | None) -> None:
    """Start or join Ray; restore the handler of SIGTERM, which Ray replaces."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with chdir(ROOT):
            _start_or_join(address, limits, folder)
    except SystemExit as stop:  # Ray's answer to SIGTERM
        if stop.code == signal.SIGTERM:
            raise Terminated from None
        raise
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def _start_or_join(address: str | None, limits: _Limits, folder: str | None) -> None:
    start = partial(ray.init, log_to_driver=False, logging_level=logging.ERROR)
    if address is None:
        memory = None if limits.memory_mib is None else int(limits.memory_mib * 2**20)
        try:
            start(
                address="local",
                num_cpus=limits.num_cpus,
                include_dashboard=False,
                _memory=memory,
                _temp_dir=folder,
            )
        except Exception as error:  # Ray raises any kind, often Exception itself
            first_line, _, _ = str(error).strip().partition("\n")
            raise ClusterError(
                f"Ray did not start on this machine: {first_line or type(error).__name__}; if the "
                "machine is busy, run the same command again when it is less so"
            ) from error
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdigit():  # Ray itself would retry for minutes
            socket.create_connection((host, int(port)), ANSWER_S).close()
        start(address=address, runtime_env=FIND_OURS)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Ray cluster can be joined at '{address}': {error}") from error
