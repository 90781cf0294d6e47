"""A trial on a disk that is full, and on one that nothing can be written to for a while."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mount_namespace import WHY_NOT, in_mount_namespace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
]

FINISHED = [
    "lock",
    "model.safetensors",
    "predictions.parquet",
    "record.json",
    "tokenizer.json",
]


@pytest.fixture(scope="module")
def found(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run all trials in one process: most of what they take is its start."""
    storage = tmp_path_factory.mktemp("failing") / "storage"
    shutil.copytree(prepared / "corpora", storage / "corpora")
    place = tmp_path_factory.mktemp("place")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.orchestrator.failing_storage",
        storage,
        place,
    ]
    done = subprocess.run(
        in_mount_namespace(command), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("trouble", ["freed", "read_only"])
def test_trial_outlasts_storage_that_fails_for_a_while(found: dict[str, Any], trouble: str) -> None:
    one = found[trouble]
    assert one["error"] == ""
    assert one["epochs"] == [0, 1, 2]
    assert one["result"] == found["undisturbed"]["result"]
    assert one["files"] == FINISHED


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [("freed", "No space left on device"), ("read_only", "Read-only file system")],
)
def test_trial_tells_of_a_checkpoint_that_it_missed(
    found: dict[str, Any], trouble: str, cause: str
) -> None:
    message = f"checkpoint in .* could not be written: {cause}; training goes on"
    assert re.match(message, found[trouble]["troubles"][0])


def test_trial_on_storage_that_stays_full_fails_with_what_to_do(found: dict[str, Any]) -> None:
    one = found["full"]
    message = (
        r"for 0 s: No space left on device; free at least [1-9]\d* MiB and run the same command"
    )
    assert re.search(message, one["error"])
    assert one["result"] is None
    assert one["files"] == ["checkpoint.pt", "lock"]


def test_trial_goes_on_from_the_last_checkpoint_once_there_is_room(found: dict[str, Any]) -> None:
    again = found["again"]
    assert again["epochs"] == [1, 2]
    assert again["resumed"] == [1]
    assert again["result"] == found["undisturbed"]["result"]
    assert again["files"] == FINISHED
