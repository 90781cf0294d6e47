"""Where the command starts, once our packages are found: the user gets a home."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line."""
    ensure_home()
    from orchestrator.cli import main

    main()


def ensure_home() -> None:
    """Give a user without a home folder one of their own among the temporary files.

    A container that runs with `--user 12345` has such a user: the system does not know it, and HOME
    is missing, or is the root folder. Ray and MLflow end in an error without a home.
    """
    with suppress(RuntimeError):
        if Path.home() != Path("/") or os.access("/", os.W_OK):
            return
    folder = Path(tempfile.gettempdir(), f"mmer-sweep-home-{os.getuid()}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if folder.lstat().st_uid != os.getuid():  # someone else took the name
        folder = Path(tempfile.mkdtemp(prefix=folder.name))
    os.environ["HOME"] = str(folder)
