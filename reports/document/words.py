"""The words that all forms of the report share."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from corpora.source.names import SYNTHETIC_NAMES
from reports.document.content import Chapter, Report
from reports.forms.verdict_words import MEANINGS, asked, list_words, stated
from reports.lint.checks import Lint
from reports.scores.environment import Environment, Fact
from reports.statistics.verdicts import Verdict
from reports.tables.table import Table
from reports.verdicts.judgement import Judged, Word
from search_spaces.study import Study

TITLE = "Ablation studies of multimodal emotion recognition"
LEFT_OUT = "ours"
"""The report omits this variant, a part of another one; its files are beside the report."""

PAPERS_ABOUT = (
    "What does not agree in the tables that the papers print, found without any training; "
    "'mmer-sweep lint-paper' says how each is checked."
)
TRIALS_ABOUT = (
    "Every finished trial, with all rows that it stands for. F1 is the mean over the emotions; the "
    "epoch and the thresholds were chosen on the validation split."
)
NOT_DECIDED: Verdict = "UNTESTABLE"


class Group(NamedTuple):
    """Entries under one heading; each is a place and a text."""

    heading: str
    entries: tuple[tuple[str, str], ...]


def write_opening(report: Report) -> Iterator[str]:
    """Say what the report is about, and which limits its numbers have."""
    planned = {key for chapter in report.chapters for key in chapter.keys}
    yield (
        f"{count(len(report.chapters), 'study', 'studies')}; {len(report.trials)} of "
        f"{len(planned)} planned trials are finished"
        f"{_describe_newest(report.environment)}."
    )
    outcomes = [outcome for chapter in report.chapters for outcome in chapter.outcomes]
    if any(outcome.corpus in SYNTHETIC_NAMES or outcome.scale != "paper" for outcome in outcomes):
        yield (
            "Scores on the synthetic corpus or below the paper's scale are no reproduction of "
            "published numbers."
        )
    if report.environment.num_diverged:
        yield (
            f"{count(report.environment.num_diverged, 'trial')} diverged: the loss was no longer a "
            "finite number. That is a result, which counts; the tables say where."
        )
    yield from (describe_mixture(fact) for fact in report.environment.mixed)


def describe_source(study: Study) -> str:
    """Say which table of which paper a study follows."""
    if study.source is None:
        return ""
    paper = study.source.paper
    return f"After {study.source.label} of {paper.authors}: {paper.title}, {paper.venue}."


def shown_tables(chapter: Chapter) -> list[Table]:
    """List the tables of a study that the report shows."""
    return [table for table in chapter.tables if table.variant != LEFT_OUT]


def list_verdicts(chapter: Chapter) -> str:
    """Count a study's verdicts, as in `2 HOLDS, 1 UNDECIDED`, then those on questions."""
    claims = stated(chapter.judged)
    parts = [list_words(claims) if claims else "none stated"]
    parts += [f"{group.heading}: {list_words(group.judged)}" for group in asked(chapter.judged)]
    return ". ".join(parts)


def list_verdicts_that_occur(report: Report) -> list[Word]:
    """List the verdicts of all claims, each once, in the order in which they are explained."""
    found = {one.verdict for one in report.judged}
    return [word for word in MEANINGS if word in found]


def group_by_paper(report: Report) -> list[tuple[str, list[Chapter]]]:
    """Group the studies by the authors and the venue of their paper; those of a user come last."""
    groups: dict[str, list[Chapter]] = {}
    own: list[Chapter] = []
    for chapter in report.chapters:
        source = chapter.study.source
        name = f"{source.paper.authors}, {source.paper.venue}" if source else ""
        (groups.setdefault(name, []) if source else own).append(chapter)
    return [*groups.items(), *([("Of no paper", own)] if own else [])]


def list_decided(chapter: Chapter) -> list[Judged]:
    """List a study's claims that have a verdict other than UNTESTABLE."""
    return [one for one in chapter.judged if one.verdict != NOT_DECIDED]


def has_verdicts(report: Report) -> bool:
    """Say whether any claim has a verdict other than UNTESTABLE."""
    return any(list_decided(chapter) for chapter in report.chapters)


def describe_mixture(fact: Fact) -> str:
    """Say in which values of a fact trials differ."""
    values = ", ".join(f"{value} ({count(number, 'trial')})" for value, number in fact.values)
    return f"Trials differ in {fact.name}: {values}."


def describe_training(environment: Environment) -> str:
    """Say how long training took."""
    text = f"{count(environment.num_trials, 'trial')} took {environment.hours:.2f} hours in all."
    if environment.num_resumed:
        text += f" {count(environment.num_resumed, 'trial')} went on after an interruption."
    peaks = [
        f"{mib / 1024:.1f} GiB of {memory}"
        for mib, memory in (
            (environment.peak_memory_mib, "memory"),
            (environment.peak_gpu_memory_mib, "the GPU's memory"),
        )
        if mib is not None
    ]
    if peaks:
        text += f" At its peak a trial took {' and '.join(peaks)}."
    return text


def list_findings(found: Lint) -> list[Group]:
    """List the findings of each check that has any, then the notes."""
    groups = [
        Group(
            f"{checked.check.name.capitalize()}: {checked.check.wrong}",
            tuple((finding.where, finding.text) for finding in checked.findings),
        )
        for checked in found.checked
        if checked.findings
    ]
    if found.notes:
        notes = tuple((f"{note.id}, {note.where}", note.text) for note in found.notes)
        groups.append(Group("Notes (not computed)", notes))
    return groups


def count(number: int, thing: str, things: str = "") -> str:
    """Count things, as in `1 trial` or `2 trials`."""
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"


def _describe_newest(environment: Environment) -> str:
    if not environment.newest:
        return ""
    started = datetime.fromisoformat(environment.newest)
    return f", the newest started on {started:%Y-%m-%d} at {started:%H:%M} UTC"
