"""What `--storage` may name, and what a user is told where it cannot be used."""

import platform
import sys
from pathlib import Path

import pytest

from orchestrator.cli import EXIT_BAD_INPUT, main
from orchestrator.errors import StorageError
from orchestrator.storage import mirror as mirror_module
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.folder import open_storage
from orchestrator.storage.mirror import ORIGIN_FILE, mirror_at, mirror_of, place_of
from orchestrator.storage.publish import locate_place
from tests.bucket_server import BucketServer


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def status_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["mmer-sweep", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_mirror_is_named_by_its_bucket_and_by_its_server(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
    here = mirror_of("s3://bucket/some//place/")
    assert here.folder.parent == cache / platform.node()
    assert here.folder.name.startswith("bucket-some-place-")
    assert here == mirror_of("s3://bucket/some/place")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:2")
    assert mirror_of("s3://bucket/some/place").folder != here.folder


def test_machines_that_share_a_cache_folder_have_a_mirror_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = mirror_of("s3://bucket/place").folder
    monkeypatch.setattr(platform, "node", lambda: "another")
    there = mirror_of("s3://bucket/place").folder
    monkeypatch.setattr(mirror_module, "_machine_id", lambda: "1234")
    assert len({here, there, mirror_of("s3://bucket/place").folder}) == 3


@pytest.mark.parametrize("prefix", ["ends with a blank ", " #?%41[x]*é"])
def test_mirror_knows_its_prefix_as_the_user_wrote_it(prefix: str) -> None:
    mirror = mirror_of(f"s3://bucket/{prefix}")
    assert mirror_at(mirror.folder) == mirror
    assert mirror.store.uri == f"s3://bucket/{prefix}"


def test_mirror_stays_one_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MMER_SWEEP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.chdir(tmp_path)
    mirror = mirror_of("s3://bucket/place")
    monkeypatch.chdir("/")
    assert mirror_at(mirror.folder) == mirror


def test_copy_of_a_mirror_that_cannot_be_reached_is_a_plain_folder(tmp_path: Path) -> None:
    origin = tmp_path / ORIGIN_FILE
    origin.parent.mkdir()
    origin.write_text(f"s3://bucket/place\n/{'x' * 300}\n")  # a name too long for a folder
    assert mirror_at(tmp_path) is None


def test_folder_is_named_by_its_path(tmp_path: Path) -> None:
    assert locate_place(str(tmp_path / "a" / ".." / "b")) == tmp_path / "a" / ".." / "b"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("s3:/typo", "'s3:/typo' is neither a folder nor s3://BUCKET/PREFIX"),
        ("gs://bucket/place", "'gs://bucket/place' is neither a folder nor s3://BUCKET/PREFIX"),
        ("s3://", "'s3://' cannot be used: '' is not a valid bucket name"),
        ("s3://Bucket!/x", "'Bucket!' is not a valid bucket name"),
        ("s3://bucket/a\nb", "its name has characters that cannot be printed"),
    ],
)
def test_place_that_is_none_is_told(place: str, message: str, cache: Path) -> None:
    with pytest.raises(StorageError, match=rf"{message}.*; choose another with --storage"):
        locate_place(place)
    assert not cache.exists()


def test_missing_bucket_is_told(bucket: str) -> None:
    with pytest.raises(StorageError, match=r"bucket does not exist; make the bucket first, with"):
        locate_place(f"{bucket}-other/place")


def test_missing_credentials_are_told(
    bucket: str, server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://localhost:{server.port}")  # a connection anew
    with pytest.raises(StorageError, match=r"locate credentials: set AWS_ACCESS_KEY_ID and"):
        locate_place(bucket)


def test_server_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    with pytest.raises(StorageError, match=r"Could not connect to the endpoint URL"):
        locate_place("s3://bucket")


def test_bucket_that_cannot_be_written_is_told_at_once(bucket: str, server: BucketServer) -> None:
    storage = locate_place(bucket)
    assert open_storage(storage) == storage
    with server.away(), pytest.raises(StorageError, match=r"'s3://bucket-.*' cannot be written"):
        open_storage(storage)


def test_server_that_writes_over_what_is_there_is_refused(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = locate_place(bucket)

    def write_over(store: BucketStore, name: str, content: bytes) -> bool:
        store.write(name, content)
        return True

    monkeypatch.setattr(BucketStore, "create", write_over)
    with pytest.raises(StorageError, match="its server does not support conditional"):
        open_storage(storage)


@pytest.mark.parametrize("arguments", [("plan", "--help"), ("plan", "--what"), ("wrong",)])
def test_bucket_is_left_alone_until_a_command_is_known(
    arguments: tuple[str, ...], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMER_SWEEP_STORAGE", "s3://bucket/place")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    assert status_of(monkeypatch, *arguments) in (0, EXIT_BAD_INPUT)
    assert not cache.exists()


def test_command_works_on_a_bucket(
    bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(monkeypatch, "list", "--storage", f"{bucket}/place") == 0
    assert "Corpora: synthetic (synthetic: made by" in capsys.readouterr().out
    assert status_of(monkeypatch, "list", "--storage", f"{bucket}-other") == EXIT_BAD_INPUT
    assert "error: storage 's3://bucket-" in capsys.readouterr().err


def test_cluster_that_shall_prepare_in_a_bucket_is_refused(
    bucket: str,
    prepared: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clips = ("--source", str(prepared / "clips"), "--name", "mine", "--address", "auto")
    status = status_of(monkeypatch, "prepare", "clips", *clips, "--storage", bucket)
    assert status == EXIT_BAD_INPUT
    assert "a cluster cannot prepare in 's3://bucket-" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"s3://bucket/\x00", b"/elsewhere"])
def test_damaged_name_of_the_bucket_is_told(content: bytes, tmp_path: Path) -> None:
    origin = tmp_path / ORIGIN_FILE
    origin.parent.mkdir()
    origin.write_bytes(content)
    with pytest.raises(StorageError, match=r"origin' is damaged: it must name the bucket"):
        mirror_at(tmp_path)


def test_name_of_the_bucket_may_end_in_a_new_line(tmp_path: Path) -> None:
    """As an editor, or `echo`, writes it."""
    origin = tmp_path / ORIGIN_FILE
    origin.parent.mkdir()
    origin.write_text("s3://bucket/prefix\n")
    assert place_of(tmp_path) == "s3://bucket/prefix"
