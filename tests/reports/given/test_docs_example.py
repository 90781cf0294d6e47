import re
from pathlib import Path

from rich.console import Console

from reports.given.assess import Assessment, Reading, Source, assess
from reports.given.columns import ColumnNames
from reports.given.view import assessment_view

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "verdict"


def block(language: str, number: int = 0) -> str:
    return str(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[number])


def shown(assessment: Assessment) -> str:
    console = Console(width=80, markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        console.print(assessment_view(assessment))
    return "\n".join(line.rstrip() for line in capture.get().strip().splitlines())


def test_example_gives_what_the_page_says() -> None:
    source = Source(EXAMPLE / "results.csv", EXAMPLE / "claims.yaml")
    assert shown(assess(source, ColumnNames(), Reading())) == block("text").strip()


def test_page_shows_the_claims_of_the_example() -> None:
    assert (EXAMPLE / "claims.yaml").read_text(encoding="utf-8") == block("yaml")


def test_page_is_short() -> None:
    assert len(PAGE.splitlines()) <= 120
