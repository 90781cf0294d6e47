"""A server that stands for S3, a process of its own: `python -m tests.bucket_server PORT FOLDER`.

moto looks whether a name is taken and writes then; S3 does both in one step. So requests are
served one at a time.
"""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0
AWAY, SILENT = "away", "silent"
"""Files in the server's folder: while one is there, requests fail or wait."""


@dataclass(frozen=True)
class BucketServer:
    """A server that runs, and the environment in which programs find it in place of S3."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def make_bucket(self, name: str) -> str:
        """Make a bucket and return its URI."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        connection.request("PUT", f"/{name}")
        assert connection.getresponse().status == 200
        connection.close()
        return f"s3://{name}"

    @contextmanager
    def away(self, for_s: float | None = None) -> Iterator[None]:
        """Let the server fail, for some seconds or to the end of the block."""
        with _present(self.folder / AWAY) as file:
            back = threading.Timer(for_s or 0, file.unlink, [True])
            if for_s is not None:
                back.start()
            try:
                yield
            finally:
                back.cancel()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Let the server take requests and answer none, to the end of the block."""
        with _present(self.folder / SILENT):
            yield


@contextmanager
def _present(file: Path) -> Iterator[Path]:
    file.touch()
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def bucket_server(folder: Path) -> Iterator[BucketServer]:
    """Start a server on a free port, with a folder of its own; it is ended in the end."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "tests.bucket_server", str(port), str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        _wait_for(process, port)
        yield BucketServer(process, port, folder)
    finally:
        process.kill()
        process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.05)


def main(port: int, folder: Path) -> None:
    """Serve until the process is ended, unless a file in the folder says otherwise."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    os.environ["MOTO_PORT"] = str(port)
    moto = DomainDispatcherApplication(create_backend_app)
    lock = threading.Lock()

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        while (folder / SILENT).exists():
            time.sleep(0.05)
        if (folder / AWAY).exists():
            start_response("503 Service Unavailable", [])
            return []
        with lock:
            return moto(environ, start_response)

    run_simple("127.0.0.1", port, serve, threaded=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
