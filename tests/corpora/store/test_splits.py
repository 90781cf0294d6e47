import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from corpora.source.errors import DamagedCorpusError
from corpora.source.rejects import Remark
from corpora.store import splits as splits_module
from corpora.store.folders import MANIFEST_FILE, recipe_folder, split_file
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from corpora.store.splits import CHECKED_FILE, check_splits, open_splits
from tests.corpora.media_factory import clip_lines, write_clip_folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    storage = tmp_path_factory.mktemp("splits")
    source = read_clips(write_clip_folder(storage / "clips", clip_lines()))
    prepare(source, [LE], name="mine", storage=storage)
    return storage


@pytest.fixture
def storage(prepared: Path, tmp_path: Path) -> Path:
    shutil.copytree(prepared / "corpora", tmp_path / "corpora")
    return tmp_path


@pytest.fixture
def folder(storage: Path) -> Path:
    return recipe_folder(storage, "mine", "le")


@pytest.fixture
def manifest(storage: Path) -> Manifest:
    return read_manifest(storage, "mine", "le")


def without_digests(manifest: Manifest) -> Manifest:
    """Make the manifest of an earlier version."""
    return manifest.model_copy(update={"sha256": {}})


def exchange(folder: Path) -> None:
    shutil.copy(split_file(folder, "valid"), split_file(folder, "test"))


def flip_a_bit(folder: Path) -> None:
    path = split_file(folder, "test")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(folder: Path) -> None:
    path = split_file(folder, "test")
    path.write_bytes(path.read_bytes()[:-100])


def empty(folder: Path) -> None:
    split_file(folder, "test").write_bytes(b"")


def remove(folder: Path) -> None:
    split_file(folder, "test").unlink()


def take_other_columns(folder: Path) -> None:
    table = pa.table({"a": [1]})
    with pa.ipc.new_file(str(split_file(folder, "test")), table.schema) as writer:
        writer.write_table(table)


every_damage = pytest.mark.parametrize(
    "damage", [exchange, flip_a_bit, truncate, empty, remove, take_other_columns]
)


@every_damage
def test_file_that_the_manifest_does_not_name_is_told(
    folder: Path, manifest: Manifest, damage
) -> None:
    assert open_splits(folder, manifest)["test"].num_rows == 4
    damage(folder)
    message = r"test\.arrow' of corpus 'mine' is damaged: .*; `mmer-sweep prepare` makes it anew"
    with pytest.raises(DamagedCorpusError, match=message):
        open_splits(folder, manifest)
    open_splits(folder, manifest, ["train", "valid"])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (truncate, "is damaged: "),
        (empty, "is damaged: the file is empty"),
        (remove, "is damaged: it is missing"),
        (take_other_columns, "is damaged: its columns are not those of 'le'"),
    ],
)
def test_damage_is_told_where_the_manifest_names_no_digest(
    folder: Path, manifest: Manifest, damage, told: str
) -> None:
    older = without_digests(manifest)
    assert "sha256" not in older.model_dump_json()
    assert open_splits(folder, older)["test"].num_rows == 4
    damage(folder)
    with pytest.raises(DamagedCorpusError, match=told):
        open_splits(folder, older)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"num_utterances": 5}, "it has 4 utterances, but the manifest counts 5"),
        ({"positives": {"happy": 1, "sad": 2}}, "its labels are not those that the manifest"),
    ],
)
def test_counts_are_compared_where_the_manifest_names_no_digest(
    folder: Path, manifest: Manifest, counts: dict[str, object], told: str
) -> None:
    changed = manifest.splits["test"].model_copy(update=counts)
    older = manifest.model_copy(
        update={"sha256": {}, "splits": {**manifest.splits, "test": changed}}
    )
    with pytest.raises(DamagedCorpusError, match=told):
        open_splits(folder, older)


def test_file_is_hashed_again_only_if_size_or_time_of_change_differ(
    folder: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    hash_file = splits_module._hash

    def note(path: Path):
        hashed.append(path.name)
        return hash_file(path)

    monkeypatch.setattr(splits_module, "_hash", note)
    check_splits(folder, manifest)
    assert hashed == []  # noted when it was prepared; copytree keeps the times
    split_file(folder, "valid").touch()
    for _ in range(2):
        check_splits(folder, manifest)
    assert hashed == ["valid.arrow"]
    (folder / CHECKED_FILE).write_bytes(b"\xff")
    for _ in range(2):
        check_splits(folder, manifest)
    assert hashed[1:] == ["train.arrow", "valid.arrow", "test.arrow"]


def test_storage_of_another_user_is_read(folder: Path, manifest: Manifest, monkeypatch) -> None:
    (folder / CHECKED_FILE).unlink()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "write_bytes", refuse)  # root may write where a user may not
    assert open_splits(folder, manifest)["test"].num_rows == 4
    assert not (folder / CHECKED_FILE).exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", "Invalid JSON"),
        (b"", "EOF"),
        (b"{}", "name: Field required"),
        (b"[" * 100_000, "recursion limit"),
    ],
)
def test_damaged_manifest_is_told(storage: Path, folder: Path, content: bytes, told: str) -> None:
    (folder / MANIFEST_FILE).write_bytes(content)
    message = rf"manifest '.*manifest\.json' is damaged, or of another version: .*{told}"
    with pytest.raises(DamagedCorpusError, match=message):
        read_manifest(storage, "mine", "le")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"emotions": ["happy"]}, "it does not count each emotion in 'train'"),
        ({"splits": {}}, "it does not describe the splits train, valid, test"),
        ({"sha256": {"train": ""}}, "it does not describe the splits train, valid, test"),
    ],
)
def test_manifest_that_contradicts_itself_is_told(
    storage: Path, folder: Path, manifest: Manifest, change: dict[str, object], told: str
) -> None:
    content = json.loads(manifest.model_dump_json()) | change
    (folder / MANIFEST_FILE).write_text(json.dumps(content))
    with pytest.raises(DamagedCorpusError, match=told):
        read_manifest(storage, "mine", "le")


def test_remarks_that_came_later_count_as_none(
    storage: Path, folder: Path, manifest: Manifest
) -> None:
    content = json.loads(manifest.model_dump_json())
    for counts in content["splits"].values():
        assert counts["remarks"].pop(Remark.SHORT) == 0
    (folder / MANIFEST_FILE).write_text(json.dumps(content))
    assert read_manifest(storage, "mine", "le") == manifest


def test_manifest_of_another_corpus_is_told(storage: Path, manifest: Manifest) -> None:
    shutil.copytree(storage / "corpora" / "mine", storage / "corpora" / "yours")
    with pytest.raises(DamagedCorpusError, match="it is that of corpus 'mine', recipe 'le'"):
        read_manifest(storage, "yours", "le")
