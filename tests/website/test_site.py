"""The site is whole: it builds without a warning, and its made pages say all that the code has."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from mmer_sweep import PUBLIC
from orchestrator.cli import COMMANDS, cli
from search_spaces.names import COLLECTION_NAMES, STUDY_NAMES
from tests.website.api_page import ROOT, api_page, as_markdown, find
from tests.website.commands_page import as_text, commands_page

REPOSITORY = "https://github.com/someone/somewhere"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_REPOSITORY", "someone/somewhere")
        patch.setenv("GITHUB_SERVER_URL", "https://github.com")
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_site_has_every_page_and_picture(site: Path) -> None:
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert pages <= {place.name for place in site.iterdir()}
    pictures = {picture.name for picture in (ROOT / "docs").glob("*.png")}
    assert pictures <= {place.name for place in site.iterdir()}


def test_link_to_a_file_outside_leads_to_the_repository(site: Path) -> None:
    page = (site / "verdict" / "index.html").read_text(encoding="utf-8")
    assert f'href="{REPOSITORY}/tree/HEAD/examples/verdict"' in page
    assert f'href="{REPOSITORY}/blob/HEAD/benchmarks/README.md"' in page
    assert 'href="../' in page
    assert 'href="../../' not in page


@pytest.fixture(scope="module")
def python_page() -> str:
    return api_page()


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its path, those below others too; of the studies one."""
    context = click.Context(cli)
    for name in (*COMMANDS, STUDY_NAMES[0]):
        found = cli.get_command(context, name)
        assert found is not None
        yield "STUDY" if name in STUDY_NAMES else name, found
        if isinstance(found, click.Group):
            for below in found.list_commands(context):
                command = found.get_command(context, below)
                assert command is not None
                yield f"{name} {below}", command


def test_page_of_commands_has_every_command_and_option() -> None:
    page = commands_page()
    for name, command in every_command():
        _, heading, rest = page.partition(f"### mmer-sweep {name}\n")
        assert heading, name
        own = rest.partition("\n### ")[0]
        options = [option for one in command.params for option in one.opts if option[0] == "-"]
        assert [option for option in options if option not in own] == [], name
    assert all(f"- `{name}`: " in page for name in (*STUDY_NAMES, *COLLECTION_NAMES))


@pytest.mark.parametrize("name", PUBLIC)
def test_page_of_python_has_every_public_name(name: str, python_page: str) -> None:
    spec = find_spec(PUBLIC[name])
    assert spec is not None
    assert spec.origin is not None
    _, node = find(name, ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    _, heading, rest = python_page.partition(f"\n### {name}\n")
    assert heading
    own = rest.partition("\n### ")[0]
    match node:
        case ast.FunctionDef():
            assert f"def {name}(" in own
        case ast.ClassDef():
            assert f"class {name}" in own
        case _:
            assert name in own
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        assert as_text((ast.get_docstring(node) or "no docstring").splitlines()[0]) in own


def test_sections_of_a_docstring_become_markdown() -> None:
    text = as_markdown(
        "Do it.\n\nArgs:\n    one: The first,\n        on two lines.\n    two: The other.\n\n"
        "Returns:\n    What it did."
    )
    assert text == (
        "Do it.\n\n**Args**\n\n- **one**: The first,\n    on two lines.\n- **two**: The other.\n\n"
        "**Returns**\n\nWhat it did."
    )


def test_text_of_a_docstring_is_no_markdown() -> None:
    text = as_markdown('"*" and "* two", see `a[*]`.\n\nArgs:\n    **more: A [b].')
    assert text == ('"\\*" and "\\* two", see `a[*]`.\n\n**Args**\n\n- **\\*\\*more**: A \\[b\\].')
