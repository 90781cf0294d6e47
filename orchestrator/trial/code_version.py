"""The version of the code that trains a trial, for people: its digest decides (`plan.code`)."""

import os
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

import orchestrator

PATIENCE_S = 60
PACKAGE = Path(orchestrator.__file__).resolve().parent
UNKNOWN = "+unknown"


@cache
def code_version() -> str:
    """Return the package's version and, in a git checkout, its commit: "0.1.0+g1a2b3c4d5e6f".

    A commit with uncommitted changes ends in ".dirty". If git cannot tell the commit, the version
    ends in "+unknown". The checkout may belong to another user, as that of a shared installation.
    """
    release = version("mmer-sweep")
    checkout = PACKAGE.parent
    if not (checkout / ".git").exists():
        return release
    trusted = ["git", "-c", f"safe.directory={checkout}"]
    describe = ["describe", "--always", "--abbrev=12", "--dirty=.dirty", "--exclude=*"]
    # GIT_DIR and its like name another checkout, for instance in a git hook.
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    try:
        described = subprocess.run(
            [*trusted, *describe],
            cwd=checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
    except (OSError, subprocess.SubprocessError):
        return release + UNKNOWN
    return f"{release}+g{described.stdout.strip()}"
