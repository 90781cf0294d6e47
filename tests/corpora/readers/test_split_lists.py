import re
from pathlib import Path

import pytest

from corpora.readers.split_lists import read_split_lists
from corpora.source.errors import CorpusError


def write_lists(folder: Path, **ids: bytes) -> Path:
    for split, content in ({"train": b"a\n", "valid": b"b\n", "test": b"c\n"} | ids).items():
        (folder / f"{split}_split.txt").write_bytes(content)
    return folder


def test_lists_give_each_id_its_split(tmp_path: Path) -> None:
    write_lists(tmp_path, train=b"\xef\xbb\xbfa\r\n\r\n-d_1 \r\n", test=b"c")
    assert read_split_lists(tmp_path) == {
        "a": "train",
        "-d_1": "train",
        "b": "valid",
        "c": "test",
    }


def test_missing_lists_are_named_together(tmp_path: Path) -> None:
    (tmp_path / "valid_split.txt").write_text("a\n")
    message = "lacks train_split.txt, test_split.txt; choose a folder with train_split.txt, valid"
    with pytest.raises(CorpusError, match=re.escape(message)):
        read_split_lists(tmp_path)


def test_repeated_ids_and_empty_lists_are_told_together(tmp_path: Path) -> None:
    write_lists(tmp_path, train=b"a\na\nb\n", test=b"\n")
    with pytest.raises(CorpusError) as caught:
        read_split_lists(tmp_path)
    for fault in (
        "'a' stands in train_split.txt twice",
        "'b' stands in train_split.txt and in valid_split.txt",
        "test_split.txt names no utterance",
    ):
        assert fault in str(caught.value)
