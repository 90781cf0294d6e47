"""A Ray of this machine alone: nothing outside reaches it, and its end is noticed at once."""

import os
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ray._common.utils import get_default_ray_temp_dir
from ray._private import ray_constants, worker

from orchestrator.cluster.leftovers import claim, keep, remove_left
from orchestrator.errors import ClusterError, LostRayError
from orchestrator.terminal import errors

AUTHENTICATION = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
"""The variables by which a user chooses how Ray's processes recognise each other."""

MAX_SOCKET_PATH = 107
"""The most bytes of a socket's path (unix(7))."""

LONGEST_SOCKET = "session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store.1"
"""The longest path of a socket below Ray's folder."""

SHORT_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")
WATCHED = (ray_constants.PROCESS_TYPE_GCS_SERVER, ray_constants.PROCESS_TYPE_RAYLET)
START_S = 90
"""How long Ray's first process may take to start; its own default is 30 s."""

LOOK_S = 0.5
"""How often to check that Ray's processes run."""


@contextmanager
def alone_on_machine() -> Iterator[str | None]:
    """Set up a Ray of this machine alone, before it starts.

    All of its processes listen on the loopback address. They recognise each other by a token of
    this process, so no file in the user's home is needed.

    Yields:
        A folder with a short path for Ray's sockets; None if Ray's default is short enough.

    Raises:
        ClusterError: If there is no folder with a short path.
    """
    listens_outside = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False  # Ray reads the variable only when it is imported
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    os.environ.setdefault("RAY_gcs_server_port_wait_time_s", str(START_S))
    if not any(name in os.environ for name in AUTHENTICATION):
        os.environ["RAY_AUTH_TOKEN"] = _token()
    try:
        with _short_folder(Path(get_default_ray_temp_dir())) as folder:
            yield folder
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = listens_outside


@cache
def _token() -> str:
    """Make the token of this process; Ray reads it only once."""
    return secrets.token_hex(32)


@contextmanager
def _short_folder(default: Path) -> Iterator[str | None]:
    if _fits(default):
        yield None
        return
    for place in map(Path, SHORT_FOLDERS):
        if _fits(place / "mmer-12345678") and os.access(place, os.W_OK | os.X_OK):
            with tempfile.TemporaryDirectory(
                prefix="mmer-", dir=place, ignore_cleanup_errors=True
            ) as folder:
                yield folder
            return
    raise ClusterError(
        f"Ray cannot make its sockets in '{default}': the path is too long, and none of "
        f"{', '.join(SHORT_FOLDERS)} can be written; set RAY_TMPDIR to a folder with a path of at "
        f"most {MAX_SOCKET_PATH - len(LONGEST_SOCKET) - len('/ray/')} characters"
    )


def _fits(folder: Path) -> bool:
    """Whether the sockets of a Ray in this folder have valid paths."""
    return len(os.fsencode(folder / LONGEST_SOCKET)) <= MAX_SOCKET_PATH


@contextmanager
def session_folder_removed() -> Iterator[Callable[[], None]]:
    """Remove the folder of Ray's session in the end: Ray itself leaves it, half a MiB a sweep.

    After an error it stays, because Ray's logs are in it.

    Yields:
        A function to call when Ray has started on this machine. It also removes the folders that
        killed drivers left.
    """
    ours: list[Path] = []

    def note_start() -> None:
        folder = Path(worker.global_worker.node.get_session_dir_path())
        remove_left(folder.parent.glob("session_*"))
        claim(folder)
        ours.append(folder)

    try:
        yield note_start
    except Exception:
        for folder in ours:
            keep(folder)
        ours.clear()
        raise
    finally:
        for folder in ours:
            shutil.rmtree(folder, ignore_errors=True)
            latest = folder.with_name(ray_constants.SESSION_LATEST)
            if not latest.exists():  # Ray would not replace a link that leads nowhere
                latest.unlink(missing_ok=True)


@contextmanager
def watched_ray() -> Iterator[None]:
    """While it is open, interrupt the main thread if a process that Ray cannot miss has ended.

    Without it, calls to Ray hang for a minute, and then Ray ends this process without a word of
    ours. Outside the main thread, nothing is watched: only the main thread can be interrupted.

    Raises:
        LostRayError: If such a process has ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGUSR2, signal.default_int_handler)
    watch = _Watch(threading.get_ident())
    watch.start()
    try:
        yield
    except (KeyboardInterrupt, Exception) as error:  # Ray's own errors may come first
        lost = _find_lost()
        if lost is None:
            raise
        errors.print(f"Ray's process '{lost}' has ended: stopping", style="yellow")
        # The others would wait for the lost one.
        worker.global_worker.node.kill_all_processes(check_alive=False, allow_graceful=False)
        raise LostRayError(
            f"Ray's process '{lost}' on this machine has ended; perhaps memory ran out, or someone "
            "ended it; the same command goes on from the last checkpoints"
        ) from error
    finally:
        watch.stop()
        signal.signal(signal.SIGUSR2, before)


class _Watch(threading.Thread):
    """Looks at Ray's processes until one has ended; then it interrupts another thread."""

    def __init__(self, interrupts: int) -> None:
        super().__init__(name="ray-watch", daemon=True)
        self._interrupts = interrupts
        self._ended = threading.Event()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Look until one has ended, or until the end of the session."""
        while not self._ended.wait(LOOK_S):
            if _find_lost() is not None:
                signal.pthread_kill(self._interrupts, signal.SIGUSR2)
                return


def _find_lost() -> str | None:
    """Name one of Ray's processes that has ended, if any."""
    there = worker.global_worker.node.all_processes
    lost = (kind for kind in WATCHED for one in there[kind] if one.process.poll() is not None)
    return next(lost, None)
