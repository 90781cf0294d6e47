"""A study whose printed values and claims are in a file beside it."""

from pathlib import Path

import pytest

from corpora.parsing.json_text import parse_json
from search_spaces.catalogue import load_studies
from search_spaces.errors import StudyError
from search_spaces.paper_claims import claims_of
from search_spaces.study import Study

PRINTED = """
schema: 1
tables:
  gates:
    paper: mine
    label: Table 2
    dataset: calls
    unit: percent
    columns: [Avg.Acc, Avg.F1]
    rows:
    - {id: soft, v: ['81.0', '61.5'], bold: [0, 1]}
    - {id: hard, mark: reproduced, v: ['80.0', '60.0']}
claims:
- {id: G1, paper: mine, claim: soft gates beat hard ones, kind: delta, published: '1.5',
   cells: [gates/soft/Avg.F1, gates/hard/Avg.F1]}
"""

STUDY = """
from search_spaces.studies.beyond import COLUMNS
from search_spaces.study import Column, Row, Study
from search_spaces.systems.le import LE

GATES = Study(
    name="gates",
    title="Gates",
    published="gates.yaml",
    baseline=LE,
    columns=COLUMNS | {"calls": (
        Column(metric="acc", header="Acc", published="Avg.Acc"),
        Column(metric="f1", header="F1", published="Avg.F1"),
    )},
    rows=(
        Row(name="soft", published="gates/soft"),
        Row(name="hard", change={"model.fusion.depth": 1}, published="gates/hard"),
    ),
    claims=("G1",),
)
"""


def write(folder: Path, study: str = STUDY, printed: str = PRINTED) -> Path:
    (folder / "gates.yaml").write_text(printed, encoding="utf-8")
    file = folder / "study.py"
    file.write_text(study, encoding="utf-8")
    return file


def resolve(file: Path) -> None:
    (study,) = load_studies(file)
    study.configs("synthetic", "tiny")


def fault_of(file: Path) -> str:
    with pytest.raises(StudyError) as raised:
        resolve(file)
    return str(raised.value)


def test_rows_columns_and_claims_refer_to_the_file_beside_the_study(tmp_path: Path) -> None:
    (study,) = load_studies(write(tmp_path))
    study.configs("synthetic", "tiny")
    column = study.columns_for("calls")[1]
    assert study.find_printed(study.rows[0], "calls", column) == "gates/soft/Avg.F1"
    assert study.printed_corpora == ("calls",)
    (claim,) = claims_of(study)
    ((comparison,),) = claim.parts
    assert (comparison.row, comparison.rival, comparison.score.corpus) == ("soft", "hard", "calls")
    assert (claim.margin, claim.family, claim.is_of_paper) == (0.0075, "mine, Table 2", True)


def test_study_carries_the_file_with_it(tmp_path: Path) -> None:
    (study,) = load_studies(write(tmp_path))
    assert parse_json(study.model_dump_json().encode(), Study) == study


def test_file_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path)
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_studies(Path("..") / file.name)[0].printed.file == "gates.yaml"


def test_missing_file_is_named_with_the_line_of_the_study(tmp_path: Path) -> None:
    file = write(tmp_path)
    (tmp_path / "gates.yaml").unlink()
    fault = fault_of(file)
    assert f"study file '{file}', line 6: {tmp_path / 'gates.yaml'}: cannot be read" in fault


@pytest.mark.parametrize(
    ("part", "instead", "messages"),
    [
        ("unit: percent", "unit: percents", ["line 8: tables/gates/unit: Input should be"]),
        ("id: hard,", "id: soft,", ["line 4: table 'gates': row 'soft' stands there twice"]),
        ("'60.0']", "'600']", ["line 12: table 'gates': row 'hard': Avg.F1 600 is outside 0"]),
        ("gates/hard/Avg.F1", "gates/hart/Avg.F1", ["line 14: claim 'G1'", "no row 'hart'"]),
    ],
)
def test_faults_of_the_file_have_lines(
    part: str, instead: str, messages: list[str], tmp_path: Path
) -> None:
    printed = PRINTED.replace(part, instead)
    assert printed != PRINTED
    fault = fault_of(write(tmp_path, printed=printed))
    assert all(message in fault for message in messages), fault


@pytest.mark.parametrize(
    ("part", "instead", "message"),
    [
        ('"gates/hard"', '"gates/hart"', "table 'gates' in 'gates.yaml' has no row 'hart'"),
        ('"gates/hard"', '"gate/hard"', "table 'gate' does not exist in 'gates.yaml'"),
        ('("G1",)', '("P01",)', "claim 'P01' does not exist in 'gates.yaml'; choose from G1"),
        ('published="Avg.F1"', 'published="F1"', "has no column 'F1'; choose from Avg.Acc, Avg"),
    ],
)
def test_reference_to_what_the_file_lacks_is_an_error(
    part: str, instead: str, message: str, tmp_path: Path
) -> None:
    study = STUDY.replace(part, instead)
    assert study != STUDY
    assert message in fault_of(write(tmp_path, study))
