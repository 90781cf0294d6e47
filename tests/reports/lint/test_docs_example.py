import re
from pathlib import Path

from rich.console import Console

from reports.lint.checks import CHECKS, Lint, lint
from reports.lint.claims import JUDGES
from reports.lint.view import lint_view
from search_spaces.printed.read import read_published

PAGE = (Path(__file__).parents[3] / "docs" / "lint.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


def shown(found: Lint) -> str:
    console = Console(width=120, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(lint_view(found))
    return "\n".join(line.rstrip() for line in capture.get().strip().splitlines())


def test_example_gives_what_the_page_says(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(block("yaml"), encoding="utf-8")
    assert shown(lint(read_published(file))) == block("text").strip()


def test_page_explains_every_check_and_kind_of_claim() -> None:
    for check in CHECKS:
        assert f"\n| {check.name} |" in PAGE
    for kind in JUDGES:
        assert f"\n| `{kind}` |" in PAGE
