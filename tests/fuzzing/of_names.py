"""Readers of names and addresses, as a user gives them to commands."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.addresses.address import folder_name, is_own, shown, tracking_uri_of
from orchestrator.redaction import without_secrets
from orchestrator.status.find_trial import find_trial
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.mirror import is_bucket
from orchestrator.storage.publish import locate_place
from tests.fuzzing.inputs import Form
from tests.fuzzing.laying import alone, as_text
from tests.fuzzing.trying import Reader
from tests.test_kept_ledger import KEPT, RECORDS

TEXT = Form.TEXT
SECRET = "v3ry-s3cret"
ADDRESSES = (
    *(
        "http://host:5000/path",
        "https://me:word@host/",
        "sqlite:///a/b.db?timeout=1",
        "postgresql://",
    ),
    *("sqlite+pysqlite:///a%20b.db", "file:///x", "http://[::1]:80", "databricks", "a/b"),
)


PLACES = ("storage", "~/storage", "/tmp/a b", "s3://bucket/prefix", "../a/./b")


def _trials(folder: Path) -> Sequence[bytes]:
    shutil.copytree(KEPT, folder, dirs_exist_ok=True)
    key = RECORDS[0].parent.name
    names = (key, key[:6], "kept/fusion/0", "kept/text/1")
    return [name.encode() for name in names]


def _find(folder: Path, content: bytes) -> object:
    return as_text(lambda name: find_trial(name, folder))(folder, content)


def _read_address(address: str) -> object:
    uri = tracking_uri_of(address, Path("storage"))
    return folder_name(uri, Path("storage")), is_own(uri, Path("storage")), shown(uri)


def _hide(text: str) -> None:
    """Hide a secret in the middle of a text, wherever addresses may hold one.

    Raises:
        ValueError: If it shows.
    """
    words = "".join(character for character in text if character.isalnum())
    for address in (
        f"http://{words}:{SECRET}@host/{text}",
        f"{text} http://{SECRET}@host",
        f"see https://host/{words}?{words}password={SECRET}&x={text}",
        f"{text}\ns3://me:{SECRET}@bucket",
    ):
        if SECRET in without_secrets(address) or SECRET in shown(address):
            raise ValueError(f"the secret shows in {without_secrets(address)!r}")


def _locate(place: str) -> object:
    """Find a storage as the option `--storage` does, but ask no bucket."""
    if not is_bucket(place):
        return locate_place(place)
    with suppress(ValueError):  # `locate_place` tells it
        return BucketStore(place).uri
    return None


OF_NAMES = (
    Reader("name of a trial", TEXT, _trials, _find),
    Reader("address of an MLflow", TEXT, alone(*ADDRESSES), as_text(_read_address)),
    Reader("secret beside a text", TEXT, alone("a", *ADDRESSES), as_text(_hide)),
    Reader("storage", TEXT, alone(*PLACES), as_text(_locate)),
)
