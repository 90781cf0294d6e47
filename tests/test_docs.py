"""What a reader of the documentation relies on."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from orchestrator.cli import COMMANDS
from search_spaces.names import COLLECTION_NAMES, STUDY_NAMES
from tests.test_layers import ALLOWED, ROOMS

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("*.md", "docs/*.md", "benchmarks/*.md", ".github/*.md")
PAGES = sorted(page for place in PLACES for page in ROOT.glob(place))
PRESENT = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""All but the history, which names what once was."""

YAML_FILES = sorted(
    [*ROOT.glob(".github/**/*.yml"), ROOT / ".pre-commit-config.yaml", ROOT / "CITATION.cff"]
)
MAX_LINE = 120
LINK = re.compile(r"\]\(([^)#\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?:^ {4}.*?|`)mmer-sweep ([a-z][\w-]*)", re.MULTILINE)
ONLY_A_LINK = re.compile(r"[-\s]*(!?\[[^\]]*\]\([^)]*\)|<?https?://\S+)[.,;]?")
PACKAGES = (*ALLOWED, "tests", "benchmarks")
FOLDERS = (*PACKAGES, "clusters", "docs", ".ci", ".github")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
every_present_page = pytest.mark.parametrize(
    "page", PRESENT, ids=lambda page: str(page.relative_to(ROOT))
)


def names_in(page: Path) -> list[str]:
    """List what a page sets as code within its text, the blocks of code left out."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    return CODE.findall(text)


def is_there(name: str) -> bool:
    """Whether a path exists, <...> standing for any name, or a dotted name of our code, or a test.

    A test is named as for pytest: `tests/test_docs.py::test_names_are_looked_up`.
    """
    if "::" in name:
        file, *parts = name.split("::")
        return (ROOT / file).is_file() and set(parts) <= names_of(ROOT / file)
    if "/" in name:
        return any(ROOT.glob(re.sub(r"<\w+>", "*", name).rstrip("/")))
    parts = name.partition("(")[0].split(".")
    if ROOT.joinpath(*parts).is_dir():
        return True
    modules = ((end, ROOT.joinpath(*parts[:end]).with_suffix(".py")) for end in range(1, 6))
    found = next(((end, path) for end, path in modules if path.is_file()), None)
    return found is not None and set(parts[found[0] :]) <= names_of(found[1])


def names_of(path: Path) -> set[str]:
    """List what a file defines, in classes and functions too."""
    nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    defined = {node.name for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    stored = (node for node in nodes if isinstance(node, ast.Name))
    return defined | {node.id for node in stored if isinstance(node.ctx, ast.Store)}


@every_page
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [
        target for target in targets if "://" not in target and not (page.parent / target).exists()
    ]
    assert not missing


def anchors_in(page: Path) -> set[str]:
    """List the anchors of a page's headings, as they are made where it is shown."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_links_into_pages_lead_to_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([\w./-]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    targets = [(page.parent / file if file else page, anchor) for file, anchor in links]
    assert not [anchor for file, anchor in targets if anchor not in anchors_in(file)]


@every_present_page
def test_lines_are_short(page: Path) -> None:
    long = [
        number
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > MAX_LINE and not line.startswith("|") and not ONLY_A_LINK.fullmatch(line)
    ]
    assert not long


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orchestrator/cli.py", True),
        ("orchestrator/sweep/", True),
        ("search_spaces/studies/<paper>.py", True),
        ("orchestrator/tune.py", False),
        ("orchestrator/mirror*.py", False),
        ("orchestrator.cli", True),
        ("search_spaces.claim.greater(...)", True),
        ("reports.ledger.ledger.Ledger.write", True),
        ("reports.ledger.Ledger", False),
        ("orchestrator.tune", False),
        ("tests/test_docs.py::test_names_are_looked_up", True),
        ("tests/test_docs.py::test_names_are_not", False),
        ("tests/test_pages.py::test_names_are_looked_up", False),
    ],
)
def test_names_are_looked_up(name: str, expected: bool) -> None:
    assert is_there(name) == expected


@every_present_page
def test_paths_and_modules_exist(page: Path) -> None:
    paths = tuple(f"{folder}/" for folder in FOLDERS)
    modules = tuple(f"{package}." for package in PACKAGES)
    ours = [name for name in names_in(page) if name.startswith((*paths, *modules))]
    assert not [name for name in ours if not is_there(name)]


@every_present_page
def test_files_are_named_by_their_whole_paths(page: Path) -> None:
    names = {path.name for package in PACKAGES for path in ROOT.glob(f"{package}/**/*.py")}
    endings = {f"/{'/'.join(path.relative_to(ROOT).parts[-2:])}" for path in ROOT.glob("*/*/*.py")}
    short = [name for name in names_in(page) if name in names or f"/{name}" in endings]
    assert not [name for name in short if not name.startswith(FOLDERS)]


@every_present_page
def test_commands_exist(page: Path) -> None:
    named = set(COMMAND.findall(page.read_text(encoding="utf-8")))
    assert named <= {*COMMANDS, *STUDY_NAMES, *COLLECTION_NAMES}


@every_present_page
def test_line_of_code_holds_one_command(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line.startswith("    ")]
    assert not [line for line in code if line.count("mmer-sweep ") > 1]


@pytest.mark.parametrize("package", ROOMS)
def test_architecture_draws_the_rooms_in_their_order(package: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (drawn,) = re.findall(rf"^{package}:((?: .+\n)+)", page, re.MULTILINE)
    assert drawn.replace("<", " ").split() == [*ROOMS[package]]
    rows = re.findall(rf"^\| `{package}/(\w+)(?:\.py)?` \|", page, re.MULTILINE)
    assert rows == [*ROOMS[package]]


@pytest.mark.parametrize("file", YAML_FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_settings_of_other_tools_can_be_read(file: Path) -> None:
    assert isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict)


def test_citation_has_the_version_of_the_package() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = (citation["title"], str(citation["version"]), citation["license"])
    assert told == (project["name"], project["version"], project["license"])


def test_hooks_check_what_make_checks() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    packages = re.search(r"^PACKAGES := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    (mypy,) = (hook["entry"] for hook in hooks if hook["id"] == "mypy")
    assert packages
    assert mypy == f".venv/bin/mypy {packages[1]}"


def test_readme_study_resolves(tmp_path: Path) -> None:
    from models.configs.le import LeConfig
    from search_spaces.catalogue import load_studies

    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    file = tmp_path / "width.py"
    file.write_text(blocks[0])
    (study,) = load_studies(file)
    model = study.configs("synthetic", "tiny")["64"].model
    assert isinstance(model, LeConfig)
    assert model.width == 64
