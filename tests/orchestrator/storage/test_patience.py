import errno
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from orchestrator.errors import StorageError
from orchestrator.storage.patience import Patience, explained

QUICK = Patience(first_pause_s=0.01, longest_pause_s=0.02, start_s=1, checkpoint_s=0.1, end_s=1)


def failing(num_times: int, code: int) -> Callable[[], int]:
    """Make a call that fails so often, then tells how often it was called."""
    calls = count(1)

    def attempt() -> int:
        number = next(calls)
        if number <= num_times:
            raise OSError(code, os.strerror(code))
        return number

    return attempt


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.ESTALE])
def test_patience_tries_until_storage_answers(code: int) -> None:
    assert QUICK.at_end(failing(3, code)) == 4


def test_patience_ends_with_the_last_error() -> None:
    with pytest.raises(OSError, match="No space left on device"):
        QUICK.for_checkpoint(failing(1000, errno.ENOSPC))


def test_patience_does_not_wait_for_what_is_not_there() -> None:
    attempt = failing(1, errno.ENOENT)
    with pytest.raises(FileNotFoundError):
        QUICK.at_start(attempt)
    assert attempt() == 2


def test_patience_leaves_other_errors_alone() -> None:
    calls = count()

    def attempt() -> None:
        next(calls)
        raise ValueError("not about storage")

    with pytest.raises(ValueError, match="not about storage"):
        QUICK.at_end(attempt)
    assert next(calls) == 1


def test_full_storage_is_explained_with_what_to_free(tmp_path: Path) -> None:
    message = (
        r"could not be written for 600 s: No space left on device; free at least 4 MiB and run"
    )
    with (
        pytest.raises(StorageError, match=message),
        explained(tmp_path, needed_bytes=3 * 2**20, tried_s=600),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_unwritable_storage_is_explained(tmp_path: Path) -> None:
    message = f"storage '{tmp_path}' could not be written for 1 s: Read-only .*; make it writable"
    with (
        pytest.raises(StorageError, match=message),
        explained(tmp_path, needed_bytes=1, tried_s=1),
    ):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
