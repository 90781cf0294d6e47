"""The address of an MLflow: a server, or a database file such as the one in each storage folder."""

import hashlib
from pathlib import Path
from urllib.parse import quote, unquote

from orchestrator.errors import TrackingError
from orchestrator.redaction import HIDDEN, without_secrets

OWN_DATABASE = "mlflow.db"
OWN_NAME = "own"
SQLITE = "sqlite:///"
SQLITE_QUOTED = "sqlite+pysqlite:///"
"""The same for a path with quoted characters. MLflow makes the folder of a `sqlite:///` path, and
does not unquote it before."""

SPECIAL = "%?#"


def tracking_uri_of(given: str | None, storage: Path) -> str:
    """Return MLflow's address: the given one, or a database inside the storage folder.

    A relative SQLite path is made absolute now, because a sweep changes the current folder.

    Raises:
        TrackingError: If a `?` in the path of a database file is not quoted.
    """
    if not given:
        return sqlite_uri(storage / OWN_DATABASE)
    database = database_of(given)
    if database is None:
        return given
    options = given.partition("?")[2]
    if "=" not in options and "?" in given:
        raise TrackingError(
            f"MLflow at {given}: '?' begins options, and '{options}' is none; if it belongs to the "
            "path, write '%3F'"
        )
    return sqlite_uri(database.absolute()) + (f"?{options}" if options else "")


def sqlite_uri(database: Path) -> str:
    """Return the address of a database file; `%`, `?` and `#` in its path are quoted."""
    path = str(database)
    if not set(path) & set(SPECIAL):
        return SQLITE + path
    return SQLITE_QUOTED + "".join(quote(c) if c in SPECIAL else c for c in path)


def database_of(tracking_uri: str) -> Path | None:
    """Return the path of a database file, or None if the address names a server."""
    for scheme in (SQLITE, SQLITE_QUOTED):
        if tracking_uri.startswith(scheme):
            return Path(unquote(tracking_uri.removeprefix(scheme).partition("?")[0]))
    return None


def is_own(tracking_uri: str, storage: Path) -> bool:
    """Whether an address is the database inside the storage folder."""
    database = database_of(tracking_uri)
    if database is None or database.name != OWN_DATABASE:
        return False
    return database.parent.resolve() == storage.resolve()


def shown(tracking_uri: str) -> str:
    """Return what may be printed and stored of an address: no credentials, no control characters.

    Where credentials are left out, `***@` stands in their place.
    """
    return "".join(c for c in without_secrets(tracking_uri) if c.isprintable())


def lacks_credentials(address: str) -> bool:
    """Whether credentials were left out of a shown address."""
    return HIDDEN in address


def folder_name(tracking_uri: str, storage: Path) -> str:
    """Name an address in a storage folder; the name survives a copy or move of the folder."""
    if is_own(tracking_uri, storage):
        return OWN_NAME
    bare = shown(tracking_uri).replace(f"{HIDDEN}@", "")
    return hashlib.sha256(bare.encode()).hexdigest()[:12]
