import builtins
import collections
import copyreg
import functools
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpora.source.errors import CorpusError
from corpora.source.plain_pickle import load_plain_pickle

PYTHON_2_FILE = (
    b"(dp0\nS'id'\np1\ncnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    b"(I1\n(I2\ntcnumpy\ndtype\n(S'f4'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\n"
    b"S'\\x00\\x00\\x80?\\x00\\x00\\x00@'\ntbs."
)


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


def write(folder: Path, content: object, *, protocol: int = 4) -> Path:
    path = folder / "features.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    return path


ARRAYS = {
    "float": np.arange(6.0).reshape(2, 3),
    "big endian, by columns": np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)),
    "text": np.array(["é", "ab"]),
    "bytes": np.array([b"a", b"bc"]),
    "no rows": np.zeros((0, 3)),
    "scalar": np.array(5),
    "objects by columns": np.asfortranarray(np.array([["a", None], [3, 4.5]], dtype=object)),
}
PLAIN = {
    "row": [1, 2.5, None, True, "é", b"\xff", 1j, ()],
    "set": {1, 2},
    "frozen": frozenset(["a"]),
    "number": np.float32(2.5),
    "empty": b"",
    "ordered": collections.OrderedDict(a=1),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ARRAYS)
def test_array_comes_back_as_it_was(kind: str, protocol: int, tmp_path: Path) -> None:
    array = load_plain_pickle(write(tmp_path, ARRAYS[kind], protocol=protocol))
    assert type(array) is np.ndarray
    assert array.dtype == ARRAYS[kind].dtype
    assert array.flags.writeable
    np.testing.assert_array_equal(array, ARRAYS[kind])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_back_as_it_was(protocol: int, tmp_path: Path) -> None:
    assert load_plain_pickle(write(tmp_path, PLAIN, protocol=protocol)) == PLAIN


def test_arrays_come_back_wherever_they_are(tmp_path: Path) -> None:
    ragged = np.empty(2, dtype=object)
    ragged[:] = [[np.ones(2)], [np.ones(3)]]
    shared = np.ones(4)
    nested = {"a": [(shared, {"b": shared})], "ragged": ragged}
    back: Any = load_plain_pickle(write(tmp_path, nested))
    assert back["a"][0][0].tolist() == [1.0] * 4
    assert back["a"][0][0] is back["a"][0][1]["b"]
    assert [type(item) for item in back["ragged"]] == [list, list]
    assert back["ragged"][1][0].tolist() == [1.0] * 3


def test_list_that_holds_itself_does_not_hang(tmp_path: Path) -> None:
    endless: list[object] = [np.ones(1)]
    endless.append(endless)
    back: Any = load_plain_pickle(write(tmp_path, endless))
    assert back[1] is back


def test_file_of_python_2_and_an_old_numpy_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.pkl"
    path.write_bytes(PYTHON_2_FILE)
    content: Any = load_plain_pickle(path)
    assert list(content) == ["id"]
    assert content["id"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        (r"(posix|nt)\.system", Calls(os.system, "touch ran")),
        (r"builtins?_*\.eval", Calls(eval, "open('ran', 'w')")),
        (r"builtins?_*\.exec", Calls(exec, "open('ran', 'w')")),
        (r"builtins?_*\.getattr", Calls(getattr, "", "join")),
        (r"builtins?_*\.__import__", Calls(builtins.__import__, "antigravity")),
        ("io.open", Calls(open, "ran", "w")),
        (r"numpy\..*fromfile", Calls(np.fromfile, "ran")),
        (r"numpy\.load", Calls(np.load, "ran", None, True)),
        ("functools.partial", Calls(functools.partial, os.getcwd)),
        (r"copy_?reg\._reconstructor", Calls(vars(copyreg)["_reconstructor"], Path, object, None)),
        ("pathlib", Path("ran")),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_call_of_anything_else_is_refused_and_not_run(
    name: str, call: object, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, {"id": [1, call]}, protocol=protocol)
    with pytest.raises(CorpusError, match=rf"features\.pkl' asks for '.*{name}.*nothing was run"):
        load_plain_pickle(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("an array of dtype 'V12'", np.zeros(2, dtype=[("a", "f4"), ("b", "O")])),
        ("an array with fields", PYTHON_2_FILE.replace(b"NNNI-1", b"N(S'a'\nt(dI-1")),
        ("an array of dtype 'M8'", np.zeros(2, dtype="M8[s]")),
        ("codec 'rot13'", b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR."),
        (
            "scalar of dtype 'O'",
            b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'O'\ntRS'a'\ntR.",
        ),
        ("a change of a function", b"cbuiltins\nset\n(dS'__call__'\nN sb.".replace(b" ", b"")),
        ("a function or dtype as data", b"(lcbuiltins\nset\na."),
    ],
)
def test_trick_with_what_is_allowed_is_refused(what: str, content: object, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    if isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(CorpusError, match=what):
        load_plain_pickle(path)


def test_global_dtype_cannot_be_changed_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "swap.pkl"
    path.write_bytes(b"cnumpy\ndtype\n(S'f8'\nI00\nI00\ntR(I3\nS'>'\nNNNI-1\nI-1\nI0\ntb0N.")
    assert load_plain_pickle(path) is None
    assert np.dtype("f8").isnative


def test_array_of_another_size_than_its_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.pkl"
    path.write_bytes(PYTHON_2_FILE.replace(b"(I2\nt", b"(I9\nt"))
    with pytest.raises(CorpusError, match="8 bytes for float32 of shape"):
        load_plain_pickle(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"no pickle", b"\x80", pickle.dumps(ARRAYS)[:-40], b"PK\x03\x04\x00", b"\x00" * 9],
)
def test_damaged_file_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.pkl"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"broken\.pkl' is damaged, or not a pickle"):
        load_plain_pickle(path)


def test_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"absent\.pkl' cannot be read: No such file"):
        load_plain_pickle(tmp_path / "absent.pkl")
    with pytest.raises(CorpusError, match="cannot be read: Is a directory"):
        load_plain_pickle(tmp_path)
