"""Which code trained a trial."""

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path


@cache
def code_version() -> str:
    """Return the package's version and, in a git checkout, its commit: "0.1.0+g1a2b3c4d5e6f".

    A commit with uncommitted changes ends in ".dirty".
    """
    release = version("mmer-sweep")
    checkout = Path(__file__).resolve().parent.parent
    if not (checkout / ".git").exists():
        return release
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=.dirty", "--exclude=*"]
    try:
        described = subprocess.run(
            command, cwd=checkout, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return release
    return f"{release}+g{described.stdout.strip()}"
