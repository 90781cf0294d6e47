from pathlib import Path

import pytest
from s3fs import S3FileSystem

from orchestrator.doctor.examine import CHECKS, examine
from orchestrator.doctor.storage import judge_clock, look_at_promises, look_at_storage
from tests.bucket_server import BucketServer
from tests.orchestrator.doctor.factories import wanted


def test_folder_that_keeps_all_promises_stays_as_it_was(tmp_path: Path) -> None:
    found = list(look_at_storage(wanted(tmp_path / "storage")))
    assert {one.level for one in found} <= {"ok", "note"}  # a full disk is worth a note
    assert found[0].text == f"{tmp_path / 'storage'} can be written"
    assert found[2].text == "renames whole files, links once, and keeps locks"
    assert not list((tmp_path / "storage").iterdir())


def test_file_in_place_of_the_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (found,) = look_at_storage(wanted(tmp_path / "file" / "storage"))
    assert (found.level, "is a file" in found.text) == ("problem", True)
    assert found.advice == "choose another with --storage or MMER_SWEEP_STORAGE"


def test_file_system_that_refuses_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # nothing can be made below a file
    (found,) = look_at_promises(tmp_path / "file")
    assert (found.level, "it refuses renaming, hard links" in found.text) == ("problem", True)
    assert "on another file system" in found.advice


def test_locks_that_keep_nobody_out_are_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fcntl.flock", lambda descriptor, operation: None)
    found, clock = look_at_promises(tmp_path)
    assert (found.level, found.text) == ("problem", "file locks keep nobody out")
    assert clock.subject == "clock"


@pytest.mark.parametrize(
    ("gap_s", "level", "text"),
    [(-1.0, "ok", "is right"), (60.0, "note", "60 s ahead"), (-7200.0, "note", "7200 s behind")],
)
def test_clock_of_the_file_system_is_compared(gap_s: float, level: str, text: str) -> None:
    found = judge_clock(gap_s)
    assert (found.level, text in found.text) == (level, True)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the mirrors of buckets in a folder of the test."""
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_bucket_is_tried(bucket: str, cache: Path) -> None:
    first, *_ = look_at_storage(wanted(f"{bucket}/some"))
    assert first.level == "ok"
    assert first.text.startswith(f"{bucket}/some can be written, and never overwrites")
    assert str(cache) in first.text


def test_missing_bucket_is_a_problem(bucket: str, cache: Path) -> None:
    (found,) = look_at_storage(wanted("s3://no-such-bucket-here"))
    assert (found.level, "make the bucket with `aws s3 mb`" in found.advice) == ("problem", True)


def test_missing_credentials_are_a_problem(
    server: BucketServer, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.environment["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    S3FileSystem.clear_instance_cache()  # it knows the credentials of other tests
    (found,) = look_at_storage(wanted("s3://private-bucket/a"))
    S3FileSystem.clear_instance_cache()  # other tests of this process have credentials
    assert (found.level, "set AWS_ACCESS_KEY_ID" in found.text) == ("problem", True)


@pytest.mark.parametrize("place", ["gs://bucket/a", "s3://X/a"])
def test_address_that_names_no_bucket_is_a_problem(place: str, cache: Path) -> None:
    checks = [one for one in CHECKS if one.subject == "storage"]
    (found,) = examine(wanted(place), checks)
    assert (found.level, place in found.text) == ("problem", True)
