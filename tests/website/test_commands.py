"""Every command that the documentation tells its reader to type can be typed: nothing runs."""

import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import click
import pytest

from corpora.errors import UserError
from orchestrator.cli import cli
from search_spaces.catalogue import COLLECTIONS, SPACES, STUDIES
from tests.orchestrator.factories import write_study_file
from tests.test_docs import PRESENT, ROOT
from tests.website.shell_lines import OURS, ours_in, typed_commands, words_of

PAGES = [*PRESENT, *sorted((ROOT / "examples").rglob("*.py"))]
IS_FORM = re.compile(r"[\[\]()|]|\.\.\.")
"""What marks a description of all that a command takes, such as `[--csv FILE]`."""

OPTION = re.compile(r"--[a-z][a-z-]*")
KNOWN = (*STUDIES, *COLLECTIONS, *SPACES)
TAKES_STUDIES = ("plan", "report", "tune")
STANDS_FOR_A_NAME = re.compile(r"[A-Z_]+|.*\.py")


def fault_of(arguments: list[str], own: Collection[str] = ()) -> str | None:
    """Say why our program would refuse a command before it does anything.

    Args:
        arguments: Those of the command.
        own: Names of the reader's own studies.
    """
    try:
        parse(cli, OURS, arguments, None)
        check_studies(arguments, own)
    except click.exceptions.Exit:  # of --help and --version
        return None
    except (click.ClickException, UserError) as error:
        return error.format_message() if isinstance(error, click.ClickException) else str(error)
    return None


def parse(
    command: click.Command, name: str, arguments: list[str], parent: click.Context | None
) -> None:
    """Parse a command as click does when it runs; the files that it names are there, and empty."""
    context = click.Context(command, info_name=name, parent=parent)
    if isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        found_name, found, rest = command.resolve_command(context, arguments)
        assert found is not None
        parse(found, found_name or "", rest, context)
        return
    given, _, _ = command.make_parser(context).parse_args([*arguments])
    for file in given.get("metrics_of", ()):  # is loaded as the option is read
        write_study_file(Path(file), max_epochs=1)
    for one in command.params:
        if isinstance(one.type, click.Path) and one.type.exists:
            values = given.get(one.name or "")
            for value in values if isinstance(values, list | tuple) else [values]:
                if isinstance(value, str):
                    Path(value).parent.mkdir(parents=True, exist_ok=True)
                    Path(value).touch()
    command.make_context(name, [*arguments], parent=parent).close()


def check_studies(arguments: list[str], own: Collection[str]) -> None:
    """Make sure that studies named in a command are built in, the reader's own, or stand for any.

    Raises:
        UsageError: If one is not.
    """
    name, *rest = arguments or [""]
    if name not in TAKES_STUDIES:
        return
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    with command.make_context(name, rest) as context:
        given = context.params
    (taken,) = (given[one.name or ""] for one in command.params if is_argument(one))
    for study in (taken,) if isinstance(taken, str) else taken:
        if study not in (*KNOWN, *own) and not STANDS_FOR_A_NAME.fullmatch(study):
            raise click.UsageError(f"no study and no space is named '{study}'")


def is_argument(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Argument)


def option_faults(form: str) -> list[str]:
    """Name the options in a description of a command that the command does not have."""
    words = form.split()[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name=OURS)
    while isinstance(command, click.Group) and words and re.fullmatch(r"[a-z][\w-]*", words[0]):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, parent=context)
    below = [command]
    if isinstance(command, click.Group):  # `prepare CORPUS ...` stands for all below it
        commands = (command.get_command(context, name) for name in command.list_commands(context))
        below = [found for found in commands if found is not None]
    known = {option for one in below for given in one.params for option in given.opts}
    known |= {"--help", "--version"}
    return [option for option in OPTION.findall(form) if option not in known]


every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@every_page
def test_command_of_ours_can_be_typed(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = re.findall(r'name="([\w-]+)"', page.read_text("utf-8"))
    faults = {}
    for typed in typed_commands(page):
        arguments = ours_in(typed.text)
        if arguments is None:
            continue
        if not typed.is_in_block and (IS_FORM.search(typed.text) or len(arguments) == 1):
            fault = ", ".join(option_faults(typed.text)) or None
        else:
            fault = fault_of(arguments, own)
        if fault:
            faults[typed.text] = fault
    assert faults == {}


@every_page
def test_no_command_of_ours_is_overlooked(page: Path) -> None:
    """What is looked for by its look alone is what was found by the structure of the page."""
    looks = re.findall(r"(?:^ {4}.*?|`)mmer-sweep\s+[a-z]", page.read_text("utf-8"), re.MULTILINE)
    found = [typed for typed in typed_commands(page) if ours_in(typed.text)]
    assert len(found) >= len(looks)


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("mmer-sweep layers --sedes 5", "No such option '--sedes'"),
        ("mmer-sweep layers --vary weights", "'weights' is not one of"),
        ("mmer-sweep plan lairs", "no study and no space is named 'lairs'"),
        ("mmer-sweep lairs", "'lairs' is neither a study nor a command"),
        ("mmer-sweep prepare videos", "choose from clips"),
        ("mmer-sweep predict --best layers", "Missing argument 'CLIP'"),
        ("ray exec FILE 'mmer-sweep layers --adress auto'", "No such option '--adress'"),
        ("ray job submit --address X -- mmer-sweep layers --slots 0", "0 is not in the range"),
    ],
)
def test_command_that_would_be_refused_is_found(
    command: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ours_in(command)
    assert arguments is not None
    assert fault in (fault_of(arguments) or "")


def test_options_of_a_form_are_those_of_its_command() -> None:
    assert option_faults("mmer-sweep prepare clips --source FOLDER [--cvs FILE]") == ["--cvs"]
    assert option_faults("mmer-sweep prepare CORPUS ... --folds BY[:K]") == []


TARGETS = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


@every_page
def test_target_of_make_and_module_of_python_exist(page: Path) -> None:
    faults = []
    for typed in typed_commands(page):
        if made := re.match(r"make ([a-z-]+)", typed.text):
            faults += [typed.text] if made[1] not in TARGETS else []
        if ran := re.match(r"(?:\.venv/bin/)?python -m ((?:benchmarks|tests)[\w.]*)", typed.text):
            file = ROOT.joinpath(*ran[1].split(".")).with_suffix(".py")
            code = file.read_text("utf-8") if file.is_file() else ""
            options = OPTION.findall(typed.text.partition(" #")[0])
            faults += [typed.text] if not code else []
            faults += [f"{typed.text}: {one}" for one in options if f"{one}" not in code]
    assert faults == []


@every_page
def test_command_of_ray_can_be_typed(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the text a command may be no more than named: then it lacks what it is about."""
    commands = [(words_of(typed.text), typed) for typed in typed_commands(page)]
    commands = [(words, typed) for words, typed in commands if words[:1] == ["ray"]]
    if commands:
        from ray.scripts.scripts import cli as ray_cli  # takes two seconds

        monkeypatch.chdir(tmp_path)
        for words, typed in commands:
            only_names = () if typed.is_in_block else (click.MissingParameter,)
            with suppress(*only_names):
                parse(ray_cli, words[0], words[1:], None)


@every_page
def test_file_of_ours_in_a_command_exists(page: Path) -> None:
    ours = re.compile(r"(?<![\w/.:])((?:clusters|examples|docs)/[\w./-]+|cluster\.yaml)")
    lines = [typed.text for typed in typed_commands(page) if re.match(r"[\w./-]+ ", typed.text)]
    named = [name for line in lines for name in ours.findall(line)]
    assert [name for name in named if not (ROOT / name).exists()] == []
