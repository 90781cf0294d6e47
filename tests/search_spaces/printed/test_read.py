import re
from pathlib import Path

import pytest

from search_spaces.errors import PublishedError
from search_spaces.printed.read import read_published

SOUND = """
schema: 1
tables:
  main:
    paper: mine
    label: Table 1
    dataset: calls
    unit: percent
    columns: [Sad.Acc, Sad.F1]
    rows:
    - {id: base, v: [80.0, 50.0]}
    - {id: ours, v: [81.0, 51.0], bold: [0, 1], printed_gain: [1.0, 1.0]}
    - {id: hole, v: [81.0, '-']}
  halves:
    paper: mine
    label: Table 2
    dataset: calls
    unit: fraction
    columns: [Sad.F1]
    rows:
    - {id: base, v: ['0.5']}
  sizes:
    paper: mine
    label: Table 3
    unit: count
    columns: [Sad, all]
    rows:
    - {id: test, v: [30, 200]}
supports:
  calls: {positives: sizes/test, utterances: sizes/test/all}
claims:
- {id: C1, paper: mine, claim: so, kind: greater, cells: [main/ours/Sad.F1, main/base/Sad.F1]}
"""

BASE, OURS, CELLS = "[80.0, 50.0]", "[81.0, 51.0]", "[main/ours/Sad.F1, main/base/Sad.F1]"
IN_MAIN = "table 'main': row"


def write(folder: Path, text: str) -> Path:
    file = folder / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def fault_of(folder: Path, text: str) -> str:
    with pytest.raises(PublishedError) as raised:
        read_published(write(folder, text))
    return str(raised.value)


def test_sound_file_is_read_as_text(tmp_path: Path) -> None:
    data = read_published(write(tmp_path, SOUND))
    assert data.row("main/base").values == ("80.0", "50.0")
    assert data.claim("C1").kind == "greater"


@pytest.mark.parametrize(
    ("part", "instead", "message"),
    [
        ("schema: 1", "schema: 2", "schema: '2'; choose 1"),
        ("schema: 1", "", "schema: ''; choose 1"),
        (BASE, "[80.0]", f"{IN_MAIN} 'base': 1 values for 2 columns (Sad.Acc, Sad.F1)"),
        (BASE, "[80.0, 5O.0]", f"{IN_MAIN} 'base': Sad.F1 '5O.0' is no number; write '-'"),
        (BASE, "[80.0, 0.5, 1]", "3 values for 2 columns"),
        (BASE, "[80.0, 500]", "Sad.F1 500 is outside 0 to 100, the range of the unit 'percent'"),
        ("['0.5']", "['50.0']", "Sad.F1 50.0 is outside 0 to 1, the range of the unit 'fraction'"),
        ("[30, 200]", "[30.5, 200]", "table 'sizes': row 'test': Sad '30.5' is no count"),
        ("bold: [0, 1]", "bold: [2]", "bold 2 is no column; choose from 0 to 1"),
        ("bold: [0, 1]", "bold: [x]", "tables/main/rows/1/bold/0: "),
        ("printed_gain: [1.0, 1.0]", "printed_gain: [1.0]", "printed_gain: 1 values for 2 columns"),
        ("printed_gain: [1.0, 1.0]", "printed_gain: [1.0, x]", "printed_gain: 'x' is no number"),
        (
            "{id: base, v: [80.0, 50.0]}",
            "{id: base, v: [80.0, 50.0], printed_gain: [1.0, 1.0]}",
            "row 'base': printed_gain: there is no line before it",
        ),
        ("{id: ours,", "{id: base,", "table 'main': row 'base' stands there twice"),
        ("[Sad.Acc, Sad.F1]", "[Sad.F1, Sad.F1]", "column 'Sad.F1' stands there twice"),
        ("{id: hole,", "{id: a/b,", "row 'a/b': a name must not hold '/'"),
        ("  halves:", "  1/2:", "table '1/2': a name must not hold '/'"),
        ("unit: percent", "unit: percents", "tables/main/unit: Input should be 'percent', 'fract"),
        ("    unit: count\n", "", "table 'sizes': no unit; choose from percent, fraction, count"),
        ("kind: greater", "kind: finer", "claims/0/kind: Input should be 'delta', 'greater'"),
        ("{id: base, v: ", "{id: base, values: ", "tables/main/rows/0/v: Field required"),
        (
            "main/ours/Sad.F1",
            "other/ours/Sad.F1",
            "'other' does not exist in 'mine.yaml'",
        ),
        ("main/ours/Sad.F1", "main/us/Sad.F1", "no row 'us'; choose from base, ours, hole"),
        ("main/ours/Sad.F1", "main/ours/F1", "no such column; choose from Sad.Acc, Sad.F1"),
        ("main/ours/Sad.F1", "main/hole/Sad.F1", "cell 'main/hole/Sad.F1': nothing is printed"),
        ("main/ours/Sad.F1", "sizes/test/Sad", "a table of counts holds no scores"),
        ("main/ours/Sad.F1", "main/ours/*.F1", "cell 'main/ours/*.F1': no such column"),
        ("main/ours/Sad.F1", "halves/base/Sad.F1", "is in fraction, main/base/Sad.F1 in percent"),
        (f"greater, cells: {CELLS}", "greater", "a claim of the kind 'greater' names its cells"),
        (f"greater, cells: {CELLS}", "count", "a claim of the kind 'count' names its rows"),
        (
            f"greater, cells: {CELLS}",
            "count, rows: [main/us]",
            "no row 'us'; choose from base, ours, hole",
        ),
        (
            f"greater, cells: {CELLS}",
            "greater_than_all, cells: [main/ours/*.WAcc]",
            "cell 'main/ours/*.WAcc': no column matches",
        ),
        (CELLS, "[main/ours/Sad.F1]", "1 cells are no pairs"),
        ("kind: greater", "kind: delta, published: much", "published 'much' is no number"),
        ("kind: greater", "kind: value", "a claim of the kind 'value' has the stated one as pub"),
        ("positives: sizes/test", "positives: sizes/valid", "no row 'valid'; choose from test"),
        ("positives: sizes/test", "positives: main/base", "'main/base' is in a table that is not"),
        ("sizes/test/all", "sizes/test/every", "no column 'every'; choose from Sad, all"),
        ("[30, 200]", "[200, 200]", "supports of 'calls': 200 positives 'Sad' are not between 0"),
        ("supports:", "names: {Sad: [sad]}\nsupports:", "names/Sad: must be text"),
        ("supports:", "names: [Sad]\nsupports:", "names: must be a mapping"),
        ("claims:\n- ", "claims: ", "claims: must be a list"),
        ("    label: Table 2\n", "    label: a\n    label: b\n", "twice the key label"),
    ],
)
def test_fault_is_named_with_place_and_choices(
    part: str, instead: str, message: str, tmp_path: Path
) -> None:
    text = SOUND.replace(part, instead, 1)
    assert text != SOUND
    fault = fault_of(tmp_path, text)
    assert message in fault
    assert len(re.findall(r"^  \S", fault, re.MULTILINE)) <= 1


def test_all_faults_are_named_together(tmp_path: Path) -> None:
    text = (
        SOUND.replace("unit: fraction", "unit: half")
        .replace(BASE, "[80.0]")
        .replace("[30, 200]", "[many, 200]")
        .replace(CELLS, "[nowhere/ours/Sad.F1, main/base/Sad.F1]")
    )
    text += "- {id: C2, paper: mine, claim: it is so, kind: argmax, cells: [there/ours/Sad.F1]}\n"
    faults = fault_of(tmp_path, text).splitlines()[1:]
    assert len(faults) == 4
    for message in ("unit: Input", "1 values for 2 columns", "'many' is no count", "'there' does"):
        assert sum(message in fault for fault in faults) == 1


def test_claim_about_a_wrong_table_is_not_blamed(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, SOUND.replace(OURS, "[81.0]"))
    assert "C1" not in fault
    assert "1 values for 2 columns" in fault


@pytest.mark.parametrize("text", ["", "- a", "just words"])
def test_file_without_keys_is_refused(text: str, tmp_path: Path) -> None:
    assert "it must have the keys schema and tables" in fault_of(tmp_path, text)


@pytest.mark.parametrize("tables", ["", "tables: {}"])
def test_file_without_tables_is_refused(tables: str, tmp_path: Path) -> None:
    assert "tables: there are none" in fault_of(tmp_path, f"schema: 1\n{tables}")


def test_file_that_is_no_yaml_is_refused_with_the_line(tmp_path: Path) -> None:
    fault = fault_of(tmp_path, "schema: [1\ntables: {}\n")
    assert "mine.yaml: while parsing a flow sequence" in fault
    assert "line 2" in fault


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "picture.yaml"
    file.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(PublishedError, match=r"picture\.yaml: it is not UTF-8"):
        read_published(file)
