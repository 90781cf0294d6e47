"""A store of shared files in a bucket of S3, or of a server with S3's protocol.

Credentials, region and server (`AWS_ENDPOINT_URL`) come from the usual settings of AWS tools.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.redaction import without_secrets

if TYPE_CHECKING:
    from s3fs import S3FileSystem

SCHEME = "s3://"
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
MAX_CONFLICTS = 5
"""How often S3 may ask to repeat a request because of another, concurrent write to the name."""

SILENCE_S = 5
"""If a bucket is silent for this long, we ask once more; after that, it counts as unreachable."""

SLOWEST_BYTES_PER_S = 2**20
"""A slower bucket also counts as unreachable: no answer comes while we send a file."""


class Version(NamedTuple):
    """The version of a file in a bucket: different contents have different tags."""

    tag: str
    size: int


class BucketStore:
    """An `ObjectStore` in a bucket; large files go straight from and to disk."""

    def __init__(self, uri: str) -> None:
        """Name a place, such as `s3://bucket/prefix`; this sends no request.

        Raises:
            ValueError: If the URI names no bucket.
        """
        bucket, _, prefix = uri.removeprefix(SCHEME).partition("/")
        if not BUCKET_NAME.fullmatch(bucket):
            named = without_secrets(SCHEME + bucket).removeprefix(SCHEME)
            raise ValueError(f"'{named}' is not a valid bucket name")
        self._root = "/".join(filter(None, [bucket, *prefix.split("/")]))
        self.uri = f"{SCHEME}{self._root}"

    def create(self, name: str, content: bytes) -> bool:
        """Write a file that does not exist yet; if several try, only one gets True.

        An answer may be lost, and then the request is repeated. A writer that finds its own content
        knows that its first request succeeded. So the content must name its writer.
        """
        for _ in range(MAX_CONFLICTS):
            try:
                with _os_errors():
                    self._files.pipe_file(
                        self._path(name), content, mode="create", timeout=_longest_s(len(content))
                    )
                return True
            except OSError as error:
                code = _code_of(error)
                if code == "PreconditionFailed":
                    return self.read(name) == content
                if code != "ConditionalRequestConflict":
                    raise
        raise OSError(f"'{name}': too many processes write this file at once")

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file; a reader sees the whole old file or the whole new file."""
        with _os_errors():
            self._files.pipe_file(self._path(name), content, timeout=_longest_s(len(content)))

    def read(self, name: str) -> bytes | None:
        """Read a file; return None if it does not exist."""
        try:
            with _os_errors():
                content: bytes = self._files.cat_file(self._path(name))
        except FileNotFoundError:
            return None
        return content

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        with _os_errors():
            self._files.rm_file(self._path(name))

    def names(self, below: str) -> list[str]:
        """List the files below a folder, at any depth, in sorted order."""
        return sorted(self.versions(below))

    def versions(self, below: str) -> dict[str, Version]:
        """List the files below a folder, at any depth, with their versions."""
        with _os_errors():
            found = self._files.find(self._path(below), detail=True)
        start = f"{self._path(below)}/"
        return {
            path.removeprefix(f"{self._root}/"): Version(info["ETag"], info["size"])
            for path, info in found.items()
            if path.startswith(start) and info["type"] == "file"
        }

    def version(self, name: str) -> Version | None:
        """Return the version of a file; None if it does not exist."""
        try:
            with _os_errors():
                info = self._files.info(self._path(name))
        except FileNotFoundError:
            return None
        return Version(info["ETag"], info["size"]) if info["type"] == "file" else None

    def download(self, name: str, path: Path) -> None:
        """Copy a file from the bucket."""
        with _os_errors():
            self._files.get_file(self._path(name), str(path))

    def upload(self, path: Path, name: str) -> None:
        """Copy a file to the bucket; a reader sees the whole file or no file."""
        with _os_errors():
            longest_s = _longest_s(path.stat().st_size)
            self._files.put_file(str(path), self._path(name), timeout=longest_s)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    @cached_property
    def _files(self) -> "S3FileSystem":
        from s3fs import S3FileSystem  # takes a second to load

        config = {
            "connect_timeout": SILENCE_S,
            "read_timeout": SILENCE_S,
            "retries": {"total_max_attempts": 2},
        }
        files = S3FileSystem(
            endpoint_url=endpoint() or None,
            use_listings_cache=False,  # writes of others must be visible at once
            config_kwargs=config,
        )
        files.retries = 1  # its own nested retries would take minutes
        return files


def endpoint() -> str:
    """Return the server that replaces S3, if one is set."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _longest_s(num_bytes: int) -> float:
    """Return how long it may take to send a file of some size, with one retry."""
    return 3 * SILENCE_S + num_bytes / SLOWEST_BYTES_PER_S


def is_missing_bucket(error: Exception) -> bool:
    """Whether a request failed because the bucket does not exist."""
    return _code_of(error) == "NoSuchBucket"


@contextmanager
def _os_errors() -> Iterator[None]:
    """Turn each error of a bucket into an OSError with a message for the user."""
    from aiohttp import ClientError as HttpError
    from botocore.exceptions import BotoCoreError, NoCredentialsError, PartialCredentialsError

    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise PermissionError(
            f"{error}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        ) from error
    except (BotoCoreError, HttpError) as error:
        raise OSError(without_secrets(str(error))) from error
    except TimeoutError as error:
        raise TimeoutError("timeout: the bucket did not answer in time") from error


def _code_of(error: Exception) -> str:
    """Return S3's name of an error."""
    from botocore.exceptions import ClientError

    cause = error.__cause__
    return str(cause.response["Error"].get("Code")) if isinstance(cause, ClientError) else ""
