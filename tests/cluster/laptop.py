"""Where `ray up` is typed: the shipped cluster file with some values replaced, and a new home."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.hosts import ROOT

RAY = Path(sys.executable).with_name("ray")
LINK_ENVIRONMENT = f"ln -sfn {sys.prefix} ~/mmer-sweep/.venv"
"""In the place of `make setup`, which would install 6 GB on every host: they share this one."""


class Laptop:
    """A user who has this checkout, a home folder and one cluster file."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.file = folder / "cluster.yaml"
        # Ray keeps what it found out about a cluster in temporary folders, for the next command.
        own = dict.fromkeys(("HOME", "TMPDIR", "RAY_TMPDIR"), str(self.home))
        own["RAY_USAGE_STATS_ENABLED"] = "0"
        self._environment = {**os.environ, **own, **(environment or {})}
        self.ray("get-auth-token", "--generate")

    def write_cluster_file(self, content: Mapping[str, Any]) -> None:
        """Keep a cluster file for all commands that follow."""
        self.file.write_text(yaml.safe_dump(dict(content), width=10_000), encoding="utf-8")

    def ray(self, *arguments: object, limit_s: float = 300) -> str:
        """Run a command of Ray to its end; gives what it printed."""
        done = subprocess.run(
            [RAY, *map(str, arguments)],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit_s,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def up(self) -> None:
        """Bring the cluster up; its last machines may still be coming."""
        self.ray("up", "--yes", "--no-config-cache", self.file)

    def down(self) -> None:
        """End the cluster."""
        self.ray("down", "--yes", self.file)

    def run(self, command: str, limit_s: float = 300) -> str:
        """Run a command on the head to its end; gives what it printed."""
        return self.ray("exec", self.file, command, limit_s=limit_s)

    @contextmanager
    def running(self, command: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a command on the head for the length of a block."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                [RAY, "exec", self.file, command],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait(30)
