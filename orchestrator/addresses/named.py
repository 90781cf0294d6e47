"""The addresses that this user named: only they get the user's credentials and records.

A storage folder may come from someone else. So an address that is noted there says only where the
other user's MLflow is. The user's own addresses are noted in the user's configuration folder: each
that was given with `--tracking-uri` or `MLFLOW_TRACKING_URI`. Credentials are not noted.
"""

import os
from pathlib import Path

from corpora.parsing.paths import expand_home
from orchestrator.addresses.address import shown

FILE = "mlflow-addresses"


def note_named(tracking_uri: str) -> None:
    """Note that this user named an address; do nothing where there is no writable home."""
    file, address = _file(), shown(tracking_uri)
    if file is None or address in _named(file):
        return
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        with file.open("a", encoding="utf-8") as lines:  # a short line is appended whole
            lines.write(f"{address}\n")
    except OSError:
        return


def is_named(address: str) -> bool:
    """Whether this user named an address."""
    file = _file()
    return file is not None and address in _named(file)


def _named(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _file() -> Path | None:
    own, base = os.environ.get("MMER_SWEEP_CONFIG"), os.environ.get("XDG_CONFIG_HOME")
    try:
        if own:
            return expand_home(own).absolute() / FILE
        return (Path(base) if base else Path.home() / ".config") / "mmer-sweep" / FILE
    except RuntimeError:  # this user has no home
        return None
