from rich.console import Console

from reports.lint.checks import lint
from reports.lint.view import lint_view, to_json
from search_spaces.printed.published import Inconsistency, PublishedData
from tests.reports.lint.factories import make_claim, make_data, make_row, make_table

NOTE = Inconsistency(id="I1", where="eq. 1", text="a [sum] is missing")


def tables() -> PublishedData:
    rows = (make_row("a", "82.0", bold=[0]), make_row("b", "83.0"))
    data = make_data(t=make_table("Sad.F1", *rows), claims=[make_claim("qualitative", "")])
    return data.model_copy(update={"inconsistencies": (NOTE,)})


def test_view_groups_findings_and_ends_with_their_number() -> None:
    console = Console(width=200, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(lint_view(lint(tables())))
    lines = [line.strip() for line in capture.get().splitlines()]
    start = lines.index(
        "bold: bold cells below their column's maximum; 1 of 1 rows with bold cells"
    )
    assert lines[start + 1 : start + 3] == ["t/a", "Sad.F1: 82.0 is bold, but b has 83.0"]
    start = lines.index("Notes (not computed)")
    assert lines[start + 1 : start + 3] == ["I1, eq. 1", "a [sum] is missing"]
    assert "Claims that cells cannot decide: C1 (qualitative)" in lines
    assert lines[-1] == "1 finding: bold 1"


def test_json_holds_what_the_view_shows() -> None:
    content = to_json(lint(tables()))
    assert content["num_findings"] == 1
    checks = content["checks"]
    assert isinstance(checks, list)
    assert checks[0] == {
        "check": "bold",
        "wrong": "bold cells below their column's maximum",
        "things": "rows with bold cells",
        "num_examined": 1,
        "findings": [{"where": "t/a", "text": "Sad.F1: 82.0 is bold, but b has 83.0"}],
    }
    assert content["notes"] == [{"id": "I1", "where": "eq. 1", "text": "a [sum] is missing"}]
    assert content["unchecked_claims"] == ["C1"]
