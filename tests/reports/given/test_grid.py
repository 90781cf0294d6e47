from pathlib import Path

import pytest

from reports.given.errors import GivenError
from reports.given.grid import read_results


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_separated_in_three_ways(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(delimiter.join(("Row", "Seed")) + "\n" + delimiter.join(("a b", "0")))
    grid = read_results(path)
    assert grid.names == ("Row", "Seed")
    assert [line.cells for line in grid.lines] == [("a b", "0")]
    assert (grid.find("row"), grid.find("SEED"), grid.find("fold")) == (0, 1, None)


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(b'\xef\xbb\xbfrow,note\r\n\r\na,"two\r\nlines"\r\nb,c\r\n')
    assert [line.number for line in read_results(path).lines] == [4, 5]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty; it needs a line of column names, then results"),
        (b"\n \n", "is empty"),
        (b"row,seed\n", "has column names and no results: row, seed"),
        (b"row,seed\n\xe4,0\n", "line 2: is not UTF-8, at the byte 0xe4; save it as CSV in UTF-8"),
        ("row,seed\na,0\n".encode("utf-16"), "is UTF-16; save it as CSV in UTF-8"),
        (b"row,Row\na,b\n", "line 1: twice the column 'row'; rename one"),
        (b"row,seed\na,0\nb\n", "line 3: 1 cells, but the header has 2"),
        (b"row,seed\n\x1b[2Ja,0\n", r"line 2: holds the control character U\+001B; remove it"),
        (b"row,seed\na\0b,0\n", r"line 2: holds the control character U\+0000; remove it"),
    ],
)
def test_wrong_file_is_refused_with_its_line(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(content)
    with pytest.raises(GivenError, match=rf"^{path}: {fault}"):
        read_results(path)


def test_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GivenError, match="cannot be read: No such file"):
        read_results(tmp_path / "none.csv")


def test_many_faults_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("row,seed\n" + "a\n" * 8)
    with pytest.raises(GivenError, match=r"(?s)line 2: .*line 6: .*and 3 more$"):
        read_results(path)
