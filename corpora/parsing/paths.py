"""Reads paths as users write them."""

import os
from pathlib import Path


def expand_home(path: str | Path) -> Path:
    """Return a path whose leading `~` or `~user` is that user's home.

    Where there is no such user it stays as it is, so that nothing is found there, while
    `Path.expanduser` raises a RuntimeError.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111
