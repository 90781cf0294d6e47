import re
from pathlib import Path

from reports.forms.verdict_words import MEANINGS
from search_spaces.study import Study
from tests.reports.document.factories import assemble_report, write_study

DOCS = Path(__file__).parents[3] / "docs" / "report.md"


def read_example() -> Study:
    """Run the study file of the page."""
    found = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    names: dict[str, object] = {}
    exec(found[1], names)
    study = names["WIDTH"]
    assert isinstance(study, Study)
    return study


def test_example_is_a_study_whose_claims_are_judged(tmp_path: Path) -> None:
    study = read_example()
    assert list(study.configs("synthetic", "tiny")) == ["16", "32", "64"]
    wrong = {"16": [8, 9, 8, 9], "32": [4, 4, 5, 4], "64": [4, 5, 4, 4]}
    write_study(tmp_path, study, wrong)
    verdicts = {one.claim.id: one.verdict for one in assemble_report(tmp_path).judged}
    assert verdicts == {"W1": "HOLDS", "W2": "UNDECIDED", "W3": "UNDECIDED"}


def test_page_explains_every_verdict() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert all(re.search(rf"\b{word}\b", text) for word in MEANINGS)
