import hashlib
from pathlib import Path

import pytest

from reports.ledger.files import (
    create_once,
    set_aside,
    sha256_of,
    stage,
    stage_copy,
    staged_at,
    stream_atomically,
    write_atomically,
)

CONTENT = b"of a model" * 300_000  # more than one piece
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_staged_file_has_its_digest_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "model.safetensors"
    assert stage(path, CONTENT) == SHA256
    assert names(path.parent) == [f"model-{SHA256[:16]}.safetensors"]
    assert sha256_of(staged_at(path, SHA256)) == SHA256


def test_copy_is_staged_only_if_it_has_the_digest(tmp_path: Path) -> None:
    source, path = tmp_path / "source", tmp_path / "here" / "model.safetensors"
    source.write_bytes(CONTENT)
    assert not stage_copy(source, path, "0" * 64)
    assert names(path.parent) == []
    assert stage_copy(source, path, SHA256)
    assert names(path.parent) == [f"model-{SHA256[:16]}.safetensors"]
    assert staged_at(path, SHA256).read_bytes() == CONTENT


def test_file_is_replaced_whole_and_leaves_no_part(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder" / "file"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    stream_atomically(path, lambda file: file.write(b"piece by ") and file.write(b"piece"))
    assert path.read_bytes() == b"piece by piece"
    assert names(path.parent) == ["file"]


def test_failed_writing_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    seen: list[str] = []

    def fail(_: object) -> None:
        seen.extend(name for name in names(tmp_path) if name != "file")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        stream_atomically(path, fail)
    (part,) = seen
    assert part.startswith(".file.")
    assert part.endswith(".partial")
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["file"])


def test_only_its_owner_can_read_a_private_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "private", b"secret", is_private=True)
    write_atomically(tmp_path / "open", b"words")
    private, open_ = ((tmp_path / name).stat().st_mode & 0o777 for name in ("private", "open"))
    assert private == 0o600
    assert open_ & 0o400
    (tmp_path / "plain").touch()
    assert open_ == (tmp_path / "plain").stat().st_mode & 0o777


def test_file_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "record"
    assert create_once(path, b"first")
    assert not create_once(path, b"second")
    assert path.read_bytes() == b"first"
    assert names(path.parent) == ["record"]


def test_damaged_file_is_set_aside_in_place_of_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "floors.parquet"
    for content in (b"earlier", b"later"):
        path.write_bytes(content)
        aside = set_aside(path)
    assert aside == tmp_path / "floors.parquet.damaged"
    assert aside.read_bytes() == b"later"
    assert names(tmp_path) == [aside.name]
