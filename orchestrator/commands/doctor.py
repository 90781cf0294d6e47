"""The command that looks at this machine before a sweep."""

import copy
import sys
from importlib.metadata import PackageNotFoundError, version
from textwrap import wrap
from typing import Any

import click
from click.core import ParameterSource
from rich.text import Text

from orchestrator.commands.options import json_option
from orchestrator.commands.run import sweep_options
from orchestrator.doctor.finding import Finding, Level, Wanted
from orchestrator.facts import Facts, print_facts
from orchestrator.project.fields import Fields
from orchestrator.project.read import FILE, Project, ProjectError, find_file, read_project
from orchestrator.project.settings import Setting, settings_of
from orchestrator.terminal import console

EXIT_PROBLEMS = 1
STYLES: dict[Level, str] = {"ok": "green", "note": "yellow", "problem": "bold red"}
LEVEL_WIDTH, SUBJECT_WIDTH = 9, 10
INDENT = " " * (LEVEL_WIDTH + SUBJECT_WIDTH)
MIN_WIDTH = 30
NAMES = {name: field.alias or name for name, field in Fields.model_fields.items()}
"""The options that a project's file may set, by the names of their arguments."""


class DoctorFacts(Facts):
    """What `doctor` found."""

    version: str
    """The version of mmer-sweep; empty if it is not installed."""
    file: str | None
    """The file of the project that is read; null if there is none."""
    settings: list[Setting]
    """What a sweep would use that is started here with the same options."""
    findings: list[Finding]
    """What was found, in the order of the checks."""
    num_problems: int
    """How many of them would stop a sweep with these settings."""


def _options(command: click.Command) -> click.Command:
    """Give a command the options of a sweep that a project's file may set; none is acted upon."""
    sweep = click.command("sweep")(sweep_options(lambda **_: None))
    for option in reversed(sweep.params):
        if option.name in NAMES:
            plain = copy.copy(option)
            plain.callback = None
            command.params.insert(0, plain)
    return command


@_options
@click.command("doctor")
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool, **options: Any) -> None:
    """Look whether this machine has what a sweep needs.

    Give it the options of the sweep that you want to start. The exit status is 1 if there is a
    problem that would stop it. Nothing is downloaded, and nothing stays changed.
    """
    from orchestrator.doctor.examine import examine  # loads Arrow

    settings = settings_of(context, NAMES)
    project, findings = _look_at_project()
    for finding in findings:
        _show(finding)
    for finding in examine(_wanted(context)):
        findings.append(finding)
        _show(finding)
    num_problems = sum(finding.level == "problem" for finding in findings)
    if as_json:
        file = None if project.file is None else str(project.file)
        print_facts(
            DoctorFacts(
                version=_version(),
                file=file,
                settings=settings,
                findings=findings,
                num_problems=num_problems,
            )
        )
    else:
        _show_settings(settings)
        console.print(f"\n{_count(num_problems, 'problem')}, {_count_notes(findings)}.")
    sys.exit(EXIT_PROBLEMS if num_problems else 0)


def _look_at_project() -> tuple[Project, list[Finding]]:
    """Read the file of the project, and say which it is."""
    try:
        project = read_project()
    except ProjectError as error:
        advice = "mend the file: until then commands end with this error (docs/project.md)"
        finding = Finding(subject="project", level="problem", text=str(error), advice=advice)
        return Project(find_file()), [finding]
    text = f"no {FILE} here or above" if project.file is None else f"{project.file} is read"
    return project, [Finding(subject="project", level="ok", text=text)]


def _wanted(context: click.Context) -> Wanted:
    given = context.params
    source = context.get_parameter_source("tracking_uri")
    return Wanted(
        storage=given["storage"],
        corpus=given["corpus"],
        scale=given["scale"],
        device=given["device"],
        address=given["address"],
        tracking_uri=given["tracking_uri"],
        is_mlflow_unconfirmed=source is ParameterSource.DEFAULT_MAP,
    )


def _version() -> str:
    try:
        return version("mmer-sweep")
    except PackageNotFoundError:
        return ""


def _show(finding: Finding) -> None:
    """Print a finding, and below it what to do; no word is divided, for it may be a path."""
    text = Text()
    text.append(f"{finding.level:<{LEVEL_WIDTH}}", style=STYLES[finding.level])
    text.append(f"{finding.subject:<{SUBJECT_WIDTH}}{_indented(finding.text)}")
    if finding.advice:
        text.append(f"\n{INDENT}{_indented(f'-> {finding.advice}')}")
    console.print(text, soft_wrap=True)


def _indented(text: str) -> str:
    """Break a text into lines that fit beside the first columns; indent all but the first."""
    width = max(console.width - len(INDENT), MIN_WIDTH)
    lines = wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return f"\n{INDENT}".join(lines)


def _show_settings(settings: list[Setting]) -> None:
    """Print who chose each value; the value comes last, for it may be a long path."""
    names = max(len(one.name) for one in settings)
    origins = max(len(one.origin) for one in settings)
    console.print()
    for one in settings:
        value = "-" if one.value is None else str(one.value)
        shown = value.lower() if isinstance(one.value, bool) else value
        console.print(f"{one.name:<{names}}  {one.origin:<{origins}}  {shown}", soft_wrap=True)


def _count(num: int, what: str) -> str:
    return f"{num or 'no'} {what}{'' if num == 1 else 's'}"


def _count_notes(findings: list[Finding]) -> str:
    return _count(sum(finding.level == "note" for finding in findings), "note")
