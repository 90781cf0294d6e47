from pathlib import Path

import pytest

from reports.given.assess import Assessment, Reading, Source, assess
from reports.given.columns import ColumnNames
from reports.given.errors import GivenError
from search_spaces.errors import PublishedError
from tests.reports.given.factories import BASE, FAR, long_lines, verdicts, write_lines

PRINTED = """
schema: 1
tables:
  main:
    paper: mine
    label: Table 2
    dataset: calls
    unit: percent
    columns: [Sad.F1, Avg.F1]
    rows:
    - {id: base, v: ['-', '60.2']}
    - {id: o, name: FAR, v: ['70.0', '70.25'], bold: [1]}
    - {id: other, v: ['50.0', '50.0']}
claims:
- {id: P1, paper: mine, claim: far is better, kind: greater,
   cells: [main/o/Avg.F1, main/base/Avg.F1]}
- {id: P2, paper: mine, claim: by 10, kind: delta, published: '10.05',
   cells: [main/o/Avg.F1, main/base/Avg.F1]}
- {id: P3, paper: mine, claim: it has 70.25, kind: value, published: '70.25',
   cells: [main/o/Avg.F1]}
- {id: P4, paper: mine, claim: other loses, kind: greater,
   cells: [main/base/Avg.F1, main/other/Avg.F1]}
- {id: P5, paper: mine, claim: it is neat, kind: qualitative}
"""


def assess_beside(folder: Path, lines: list[str], printed: str = PRINTED) -> Assessment:
    source = Source(
        write_lines(folder, lines), published=write_lines(folder, [printed], "printed.yaml")
    )
    return assess(source, ColumnNames(), Reading())


def test_printed_values_stand_beside_and_their_claims_are_judged(tmp_path: Path) -> None:
    found = assess_beside(tmp_path, long_lines({"base": BASE, "far": FAR}))
    assert verdicts(found) == {"P1": "HOLDS", "P2": "HOLDS", "P3": "INCOMPATIBLE"}
    given, published = found.tables[0].blocks
    assert (given.corpus, published.corpus) == ("calls", "calls")
    assert [row[0].text for row in published.shown] == ["60.2", "70.25"]
    assert published.shown[1][0].rank == "best"
    assert "Printed claims that name no pairs of cells are not judged: P5." in found.notes
    assert "Printed claims about other rows or columns are not judged: P4." in found.notes


def test_printed_gap_decides_the_margin(tmp_path: Path) -> None:
    found = assess_beside(tmp_path, long_lines({"base": BASE, "far": FAR}))
    assert found.judged[1].claim.margin == pytest.approx(0.05025)


def test_value_that_is_not_printed_leaves_its_cell_empty(tmp_path: Path) -> None:
    lines = long_lines({"base": BASE, "far": FAR}, emotion="Sad")
    found = assess_beside(tmp_path, lines)
    published = found.tables[0].blocks[1]
    assert [row[0].text for row in published.shown] == ["", "70.0"]
    minus = next(table for table in found.tables if table.variant == "minus-published")
    assert [cells[0] is None for cells in minus.blocks[0].cells] == [True, False]


def test_named_corpus_must_be_the_printed_one(tmp_path: Path) -> None:
    found = assess_beside(tmp_path, long_lines({"base": BASE, "far": FAR}, corpus="Calls"))
    assert len(found.judged) == 3
    other = assess_beside(tmp_path, long_lines({"base": BASE, "far": FAR}, corpus="mail"))
    assert other.judged == ()
    assert other.notes[1] == "No value of printed.yaml has row, metric and corpus of the results."


def test_claim_in_both_files_is_refused(tmp_path: Path) -> None:
    source = Source(
        write_lines(tmp_path, long_lines({"base": BASE, "far": FAR})),
        write_lines(tmp_path, ["claims:", "- {id: P1, row: far}"], "claims.yaml"),
        write_lines(tmp_path, [PRINTED], "printed.yaml"),
    )
    with pytest.raises(GivenError, match=r"line 2: claim 'P1': printed.yaml has one of that id"):
        assess(source, ColumnNames(), Reading())


def test_fault_in_the_printed_file_names_its_line(tmp_path: Path) -> None:
    wrong = PRINTED.replace("'60.2'", "'x'")
    with pytest.raises(PublishedError, match="line 11: table 'main'"):
        assess_beside(tmp_path, long_lines({"base": BASE}), wrong)
