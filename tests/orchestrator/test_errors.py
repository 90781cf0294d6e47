import errno
import os

import pytest

from orchestrator.errors import say_system_error


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EROFS, "/s/report: Read-only file system; choose a place that this user can write"),
        (errno.ENOSPC, "/s/report: No space left on device; make room there (`mmer-sweep du`"),
        (errno.ENOENT, "/s/report: No such file or directory"),
    ],
)
def test_error_of_the_system_names_the_file_and_what_helps(number: int, expected: str) -> None:
    said = say_system_error(OSError(number, os.strerror(number), "/s/report"))
    assert said.startswith(expected)
    assert "Errno" not in said


def test_error_of_two_files_names_both() -> None:
    error = OSError(errno.EXDEV, "Invalid cross-device link", "/a", None, "/b")
    assert say_system_error(error) == "/a -> /b: Invalid cross-device link"


def test_error_without_a_file_says_what_it_says() -> None:
    assert say_system_error(OSError("the bucket did not answer")) == "the bucket did not answer"
