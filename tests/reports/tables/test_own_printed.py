"""A table whose published values are in a user's own file."""

from pathlib import Path

from reports.document.papers import check_papers
from reports.forms.markdown import to_markdown
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.scores.trials import TrialScores
from reports.tables.table import build_tables
from reports.verdicts.judgement import judge_claims
from search_spaces.catalogue import PAPERS, load_studies
from tests.reports.factories import collect, write_rows
from tests.search_spaces.printed.test_own_file import PRINTED, write


def test_table_and_verdict_show_the_own_values(tmp_path: Path) -> None:
    (study,) = load_studies(write(tmp_path))
    ledger = Ledger(tmp_path)
    keys = write_rows(ledger, study, [2, 6])
    outcome = collect(study, keys, ledger, corpus="calls", scale="paper")
    beside, *_, minus_baseline = build_tables(study, [outcome])
    text = to_markdown(beside)
    assert all(number in text for number in ("81.0", "61.5", "80.0", "60.0"))
    assert "ran the code of the method again" in beside.footnotes[beside.marks[1]]
    assert minus_baseline.variant == "minus-baseline"
    (judged,) = judge_claims(study, [outcome], TrialScores(ledger))
    assert judged.verdict == "HOLDS"
    stored = Planned(study=study, corpus="calls", family="calls", scale="paper", keys=keys)
    assert Planned.model_validate_json(stored.model_dump_json()) == stored


def test_report_checks_the_own_file_beside_the_papers(tmp_path: Path) -> None:
    wrong = PRINTED.replace("'61.5'", "'59.5'")
    (study,) = load_studies(write(tmp_path, printed=wrong))
    own = check_papers([study])
    assert own is not None
    assert {one.check for one in own.findings} == {"bold", "claims"}
    both = check_papers([*PAPERS["le2023"], study])
    of_le = check_papers(PAPERS["le2023"])
    assert both is not None
    assert of_le is not None
    assert sorted(both.findings, key=str) == sorted([*of_le.findings, *own.findings], key=str)
