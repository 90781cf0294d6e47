import re
from pathlib import Path

import pytest

from corpora.readers.csv_table import CsvTable, read_csv_table
from corpora.source.errors import CorpusError

HEAD = "utterance,file,text,split\n"


def read(folder: Path, content: str) -> CsvTable:
    path = folder / "t.csv"
    path.write_text(content, encoding="utf-8", newline="")
    return read_csv_table(path, ("utterance", "file"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('u1,f,"he said hi,train\nu2,f,b,valid\nu3,f,"well then,test\n', "line 2: a quotation"),
        ('u1,f,"he said hi,train\nu2,f,b,valid\nu3,f,well then",test\n', "line 2: a cell goes on"),
        ('u1,f,"he said hi,train\nu2,f,well then",test\n', "line 2: a cell goes on to line 3"),
        ('u1,f,a,train\nu2,f,"b,valid\nu3,f,c,test\n', "line 3: a quotation mark is not closed"),
        ('u1,f,"a" b,train\n', "line 2: a quotation mark is not closed, or stands inside"),
        ('u1,f,"one\ntwo,train\nu2,f,b,valid\nu3,f,c",test\n', "line 2: a cell goes on to line 5"),
    ],
    ids=["two open", "opened and closed", "next line", "to the end", "inside", "many lines"],
)
def test_quotation_mark_left_open_swallows_no_line(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(CorpusError, match=re.escape(message)):
        read(tmp_path, HEAD + rows)


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("utterance,file,split,text\n", 'u1,f,train,"he said hi\nu2,f,test,well then"\n'),
        ("text,utterance,file,split\n", '"hi,u1,f,train\nwell then",u2,f,test\n'),
        ("utterance,text,file,happy\n", 'u1,"hi there,f,1\nu2,well,f,0\nu3,then",f,0\nu4,oh,f,1\n'),
    ],
    ids=["text last", "text first", "numbers last"],
)
def test_swallowed_line_is_found_wherever_the_text_stands(
    tmp_path: Path, head: str, rows: str
) -> None:
    with pytest.raises(CorpusError, match="line 2: a cell goes on to line"):
        read(tmp_path, head + rows)


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("utterance,file,split,text\n", 'u1,f,train,"well, oh\nwell, so, what"\n'),
        ("text,utterance,file,happy\n", '"oh, so, what, and\nnow, well",u1,f,1\nhi,u2,f,0\n'),
    ],
    ids=["text last", "numbers last"],
)
def test_line_breaks_are_kept_wherever_the_text_stands(
    tmp_path: Path, head: str, rows: str
) -> None:
    table = read(tmp_path, head + rows)
    assert "\n" in table.lines[2]["text"]
    assert table.lines[2]["utterance"] == "u1"


@pytest.mark.parametrize(
    "rows",
    [
        'u1,a.mp4,train,happy,"Hello\nSo, well, I, you, know"\n',
        'u1,a.mp4,train,happy,"Hello\nSo, well, I, you, know"\nu2,b.mp4,test,sad,hi\n',
        'u1,a.mp4,train,happy,"Hello\n\nSo, well, I, you, know\nyes, I, do, I, do"\n',
    ],
    ids=["alone", "among others", "several lines"],
)
def test_text_with_many_commas_after_a_line_break_is_no_line(tmp_path: Path, rows: str) -> None:
    table = read(tmp_path, "utterance,file,split,emotion,text\n" + rows)
    assert table.lines[2]["text"].startswith("Hello\n")


def test_swallowed_line_is_found_by_what_a_column_may_hold(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEAD + 'u1,f,"he said hi,train\nu2,g,well then",valid\n')
    with pytest.raises(CorpusError, match="line 2: a cell goes on to line 3"):
        read_csv_table(
            path, (), may_hold=lambda column, cell: column == "split" and cell == "train"
        )


def test_text_may_hold_line_breaks_commas_and_quotation_marks(tmp_path: Path) -> None:
    table = read(tmp_path, HEAD + 'u1,f,"oh, ""well""\r\nand, so, on",train\nu2,f, "a, b",test\n')
    assert [line["text"] for line in table.lines.values()] == ['oh, "well"\r\nand, so, on', "a, b"]
    assert list(table.lines) == [2, 4]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\nutterance;file;text;split\nu1;f;a, b;train\n",
        'SEP=\t\nutterance\tfile\ttext\tsplit\nu1\tf\t"a, b"\ttrain\n',
        "utterance;file;text;split\nu1;f;a, b;train\n",
        "utterance\tfile\ttext\tsplit\nu1\tf\ta, b\ttrain\n",
        'sep=,\nutterance,file,text,split,,\nu1,f,"a, b",train,,\n',
    ],
    ids=["sep=;", "sep=tab", "semicolons", "tabs", "columns without name and content"],
)
def test_delimiter_is_found(tmp_path: Path, content: str) -> None:
    table = read(tmp_path, content)
    (line,) = table.lines.values()
    assert line == {"utterance": "u1", "file": "f", "text": "a, b", "split": "train"}


def test_lines_of_empty_cells_are_left_out_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    table = read(tmp_path, "\n" + HEAD + "u1,f,a,train\n,,,\n  , ,,\n\nu2,f\n")
    assert list(table.lines) == [3, 7]
    assert table.lines[7] == {"utterance": "u2", "file": "f", "text": "", "split": ""}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEAD + "u1,f,a,train\nu2,f\0g,a,test\n", "line 3, holds a NUL character"),
        (HEAD + "u1,f,oh, well,train\nu2,f,a,b,c\n", "line 2 has too many cells: 5, but 4"),
        ("utterance,file,file\nu1,f,g\n", "names a column twice: file"),
        (
            "# made by me\n" + HEAD + "u1,f,a,train\n",
            "must name the columns; it is: '# made by me'",
        ),
        ("u|file|text\nu1|f|oh, well\n", r"must name the columns; it is: 'u\|file\|text'"),
        ('"x"|file\n"u1"|f\n', "must name the columns; it is: '\"x\"|file'"),
    ],
)
def test_damaged_table_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read(tmp_path, content)


def test_missing_and_overlong_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist"):
        read_csv_table(tmp_path / "gone.csv", ())
    with pytest.raises(CorpusError, match="cannot be read: File name too long"):
        read_csv_table(tmp_path / ("x" * 300), ())


def test_text_may_be_longer_than_the_csv_module_expects(tmp_path: Path) -> None:
    text = "well " * 28_000 + "end"
    table = read(tmp_path, HEAD + f"u1,f,{text},train\n")
    assert table.lines[2]["text"] == text
    with pytest.raises(CorpusError, match="line 2: a quotation mark is not closed"):
        read(tmp_path, HEAD + f'u1,f,"{text},train\n')


def test_missing_column_is_not_told_as_a_line_that_is_too_long(tmp_path: Path) -> None:
    table = read(tmp_path, "utterance,datei\nu1,f,oh,x\n")
    assert table.columns == ("utterance", "datei")
