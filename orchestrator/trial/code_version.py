"""The version of the code that trains a trial."""

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

import orchestrator
from orchestrator.errors import CodeVersionError

PATIENCE_S = 60
PACKAGE = Path(orchestrator.__file__).resolve().parent


@cache
def code_version() -> str:
    """Return the package's version and, in a git checkout, its commit: "0.1.0+g1a2b3c4d5e6f".

    A commit with uncommitted changes ends in ".dirty".

    Raises:
        CodeVersionError: If git cannot tell the commit of a checkout. Without the commit, records
            would name the wrong code, and checkpoints would count as those of other code.
    """
    release = version("mmer-sweep")
    checkout = PACKAGE.parent
    if not (checkout / ".git").exists():
        return release
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=.dirty", "--exclude=*"]
    try:
        described = subprocess.run(
            command, cwd=checkout, capture_output=True, text=True, check=True, timeout=PATIENCE_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        why = (getattr(error, "stderr", None) or str(error)).strip()
        raise CodeVersionError(
            f"git cannot tell the version of the checkout '{checkout}': {why}; make "
            f"`{' '.join(command)}` work there, as the user who trains"
        ) from error
    return f"{release}+g{described.stdout.strip()}"
