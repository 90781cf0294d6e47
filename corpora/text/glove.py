"""Reading a file of word vectors in GloVe's or word2vec's text format."""

import gzip
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.source.errors import CorpusError

_WHOLE = re.compile(rb"[0-9]{1,9}")
_LARGEST = float(np.finfo(np.float32).max)


def read_glove(path: Path, vocabulary: Collection[str]) -> dict[str, NDArray[np.float32]]:
    """Read the vectors of some words: a line is a word and its numbers, divided by single spaces.

    The file is text, or that in gzip or in a zip with one `.txt`. A first line "words width", as
    word2vec writes it, is skipped. A word may hold spaces, as some of GloVe's do; bytes that are
    not UTF-8 are replaced. The first line of a repeated word counts. The width of every line is
    checked; its numbers are checked only if the word is kept.

    Args:
        path: The file.
        vocabulary: The words to keep.

    Shapes:
        -> (D,) for each word

    Raises:
        CorpusError: If the file cannot be read, a line is wrong (with its number), or it holds no
            word of the vocabulary.
    """
    vectors: dict[str, NDArray[np.float32]] = {}
    try:
        with _opened(path) as file:
            for number, word, numbers in _lines(path, file):
                if word in vocabulary and word not in vectors:
                    vectors[word] = _vector(path, number, word, numbers)
    except CorpusError:
        raise
    except Exception as error:  # zipfile and gzip raise many kinds, with no base in common
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(f"word vectors '{path}' cannot be read: {reason}") from error
    if not vectors:
        raise CorpusError(
            f"word vectors '{path}' hold none of the corpus's {len(vocabulary)} words; choose a "
            "file of its language"
        )
    return vectors


@contextmanager
def _opened(path: Path) -> Iterator[Iterable[bytes]]:
    """Open the text, packed or not."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".txt")]
            if len(names) != 1:
                raise CorpusError(
                    f"zip '{path}' must hold one .txt, it holds {len(names)}; unpack it and choose "
                    f"from {', '.join(names) or 'none'}"
                )
            with archive.open(names[0]) as file:
                yield file
        return
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not is_gzip:
            yield file
            return
        with gzip.open(file) as unpacked:
            yield unpacked


def _lines(path: Path, file: Iterable[bytes]) -> Iterator[tuple[int, str, list[bytes]]]:
    """Yield line number, word and numbers; the first line decides the width."""
    width = 0
    for number, line in enumerate(file, start=1):
        fields = line.rstrip(b" \r\n").split(b" ")
        if number == 1 and len(fields) == 2 and all(map(_WHOLE.fullmatch, fields)):
            width = int(fields[1])
            continue
        if fields == [b""]:
            continue
        width = width or len(fields) - 1
        too_many = len(fields) - 1 - width
        if width == 0 or too_many < 0 or (too_many > 0 and _is_number(fields[1])):
            raise CorpusError(
                f"word vectors '{path}', line {number}: {len(fields) - 1} numbers, but the lines "
                f"before have {width}"
            )
        word = b" ".join(fields[: too_many + 1]).decode("utf-8", errors="replace")
        yield number, word, fields[too_many + 1 :]


def _is_number(field: bytes) -> bool:
    try:
        return abs(float(field)) <= _LARGEST
    except ValueError:
        return False


def _vector(path: Path, number: int, word: str, numbers: list[bytes]) -> NDArray[np.float32]:
    for field in numbers:
        if not _is_number(field):
            raise CorpusError(
                f"word vectors '{path}', line {number}: {field.decode(errors='replace')!r} of the "
                f"word '{word}' is not a finite number"
            )
    return np.array([float(field) for field in numbers], dtype=np.float32)
