"""Assembling a report from the planned studies: tables, verdicts and figures of each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from reports.document.content import Chapter, Picture, Place, Report, place_of
from reports.document.papers import check_papers
from reports.document.trial_line import list_trials
from reports.figures.draw import draw_figures
from reports.figures.style import Drawing, write_drawing
from reports.ledger.planned import Planned
from reports.scores.cells import collect_outcome
from reports.scores.environment import describe_environment
from reports.scores.names import corpus_title
from reports.scores.trials import TrialScores
from reports.tables.table import Table, build_tables, table_name
from reports.verdicts.judgement import judge_claims
from search_spaces.study import Study

FIGURES, MODELS = "figures", "models"

Tell = Callable[[str], None]
"""A function that receives progress messages."""


def assemble(
    planned: Sequence[Planned], trial_scores: TrialScores, folder: Path, tell: Tell
) -> Report:
    """Compute everything that a report shows, except the figures of trained models.

    The files of figures are written immediately, below `folder`.

    Args:
        planned: The planned studies, in the order in which the report shows them.
        trial_scores: The scores of the ledger's trials.
        folder: The folder of the report.
        tell: Receives progress messages.

    Raises:
        LedgerError: If a record or its predictions are damaged or missing.
        StudyError: If a paper's claim has no row or column in its study.
    """
    chapters = []
    for name, plans in group_by_study(planned):
        tell(name)
        chapters.append(_write_chapter(name, plans, trial_scores, folder / FIGURES / name, tell))
    outcomes = [(c.study.name, outcome) for c in chapters for outcome in c.outcomes]
    trials = list_trials(outcomes, trial_scores)
    return Report(
        chapters=tuple(chapters),
        model_pictures=(),
        not_drawn=(),
        lint=check_papers([chapter.study for chapter in chapters]),
        environment=describe_environment([line.record for line in trials]),
        trials=trials,
    )


def group_by_study(planned: Iterable[Planned]) -> list[tuple[str, list[Planned]]]:
    """Group the plans of one study, under a name that is safe as a file name.

    If a study was changed between two corpora, it is two studies of one name; the second gets a
    number.
    """
    groups: list[list[Planned]] = []
    for one in planned:
        group = next((group for group in groups if group[0].study == one.study), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return list(zip(_distinct_names(group[0].study for group in groups), groups, strict=True))


def _distinct_names(studies: Iterable[Study]) -> list[str]:
    names: list[str] = []
    for study in studies:
        name, number = table_name(study), 1
        while name in names:
            number += 1
            name = f"{table_name(study)}-{number}"
        names.append(name)
    return names


def _write_chapter(
    name: str, plans: Sequence[Planned], trial_scores: TrialScores, folder: Path, tell: Tell
) -> Chapter:
    study = plans[0].study
    outcomes = [collect_outcome(one, trial_scores) for one in plans]
    tell(f"{name}: verdicts")
    judged = judge_claims(study, outcomes, trial_scores)
    pictures: list[Picture] = []
    for outcome in outcomes:
        tell(f"{name}: figures of {place_of(outcome).title}")
        drawings = draw_figures(study, outcome, trial_scores)
        pictures += write_pictures(drawings, folder, place_of(outcome))
    return Chapter(
        name=name,
        study=study,
        outcomes=tuple(outcomes),
        tables=tuple(
            _rename(table, table_name(study), name) for table in build_tables(study, outcomes)
        ),
        judged=tuple(judged),
        pictures=tuple(pictures),
    )


def _rename(table: Table, before: str, name: str) -> Table:
    """Name a table after its chapter, so that all tables of a report have different names."""
    full_name = name + table.name.removeprefix(before)
    return replace(table, name=full_name, label=f"tab:{full_name}")


def write_pictures(drawings: Iterable[Drawing], folder: Path, place: Place) -> list[Picture]:
    """Write the files of figures about one place, into a folder of its own below `folder`."""
    return [
        Picture(
            title=drawing.title,
            caption=drawing.caption,
            files=write_drawing(drawing, folder / place.folder),
            corpus=corpus_title(place.corpus),
        )
        for drawing in drawings
    ]
