"""The command that writes all results into one document."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from corpora.parsing.paths import expand_home
from orchestrator.commands.options import json_option, metrics_of_option, storage_option
from orchestrator.facts import Facts, print_facts
from orchestrator.floors.ensure import ensure_floors
from orchestrator.kept_models.withheld import ensure_withheld
from orchestrator.storage.mirror import place_of
from orchestrator.storage.publish import publish_folder
from orchestrator.terminal import console
from reports.forms.verdicts_terminal import VerdictsView
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, read_planned
from reports.scores.trials import TrialScores
from search_spaces.catalogue import COLLECTIONS, STUDIES
from search_spaces.errors import StudyError

if TYPE_CHECKING:
    from reports.document.content import Picture, Report
    from reports.forms.document import Compilation

OUTPUT = "report"


class ReportFacts(Facts):
    """What `mmer-sweep report` wrote."""

    html: str
    """The page."""

    pdf: str | None
    """The PDF; null if there is no TeX, or TeX failed."""

    folder: str
    """The folder of both, with tables, figures and verdicts beside them."""

    uri: str | None
    """The same folder in the bucket; null if the storage is a folder."""


@click.command("report")
@click.argument("names", nargs=-1)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Folder to write to.  [default: '{OUTPUT}' in the storage folder]",
)
@click.option(
    "--model-figures/--no-model-figures",
    default=True,
    show_default=True,
    help="Run kept models to draw their features and attention.",
)
@metrics_of_option
@json_option
@storage_option
def report(
    names: tuple[str, ...],
    output: Path | None,
    model_figures: bool,
    as_json: bool,
    storage: Path,
) -> None:
    """Write a PDF and an HTML file about studies.

    NAMES are studies or papers; without names, the report shows all studies in the storage folder,
    also your own. The files hold the tables, verdicts, figures, environment and trials of each
    study. For an unfinished study, they hold what is there so far. Searches are not in the report:
    `tune` writes their own tables and figures.
    """
    ledger = Ledger(storage)
    chosen = choose_planned(read_planned(ledger), names, storage)
    trial_scores = TrialScores(ledger)
    ensure_floors(chosen, trial_scores, storage, console)
    ensure_withheld(chosen, trial_scores, storage, console)
    folder = expand_home(output).absolute() if output else storage / OUTPUT
    from reports.document.assemble import FIGURES, assemble  # loads Matplotlib
    from reports.document.files import TABLES, VERDICTS, write_html, write_pdf, write_twins

    if output is None:
        for part in (TABLES, FIGURES, VERDICTS):  # of an earlier report, maybe of other studies
            shutil.rmtree(folder / part, ignore_errors=True)
    with console.status("report") as status:
        assembled = assemble(chosen, trial_scores, folder, status.update)
        trial_scores.remember()
        if not assembled.trials:
            raise StudyError(f"nothing to report: {_list_unfinished(chosen, storage)}")
        if model_figures:
            status.update("figures of trained models")
            assembled = _with_model_figures(assembled, storage, folder)
        assembled = _with_addresses(assembled, storage, folder)
        status.update("HTML and tables")
        html = write_html(assembled, folder)
        write_twins(assembled, folder)
        status.update("compiling the PDF")
        compilation = write_pdf(assembled, folder)
    _tell(assembled, html, compilation)
    published = publish_folder(storage, folder) if output is None else None
    if published is not None:
        console.print(f"The same is in {published}", soft_wrap=True)
    if as_json:
        pdf = None if compilation.pdf is None else str(compilation.pdf)
        print_facts(ReportFacts(html=str(html), pdf=pdf, folder=str(folder), uri=published))


def choose_planned(
    planned: Sequence[Planned], names: Sequence[str], storage: Path
) -> list[Planned]:
    """Choose studies by their names and the names of papers; without names, choose all.

    Returns:
        The built-in studies in the papers' order, then the others by name.

    Raises:
        StudyError: If no study was planned yet, or a name fits none of those that were.
    """
    if not planned:
        raise StudyError(
            f"no study was run in '{place_of(storage)}' yet; run one, such as "
            "`mmer-sweep layers` (finished trials are not trained again), or choose another "
            "--storage"
        )
    known = list(dict.fromkeys(one.study.name for one in planned))
    wanted = {study for name in names for study in _studies_of(name, known, storage)}
    order = [*STUDIES, *(name for name in known if name not in STUDIES)]
    chosen = [one for one in planned if not names or one.study.name in wanted]
    return sorted(chosen, key=lambda one: order.index(one.study.name))


def _studies_of(name: str, known: Sequence[str], storage: Path) -> list[str]:
    """List the planned studies that a name stands for: one study, or those of a paper."""
    members = [study.name for study in COLLECTIONS.get(name, ())] or [name]
    found = [member for member in members if member in known]
    if found:
        return found
    if name in STUDIES or name in COLLECTIONS:
        raise StudyError(
            f"'{name}' was not run in '{place_of(storage)}' yet: run `mmer-sweep {name}` first; "
            f"choose from {', '.join(known)}"
        )
    raise StudyError(
        f"'{name}' is neither a paper nor a study that was run in '{place_of(storage)}'; "
        f"choose from {', '.join((*known, *COLLECTIONS))}"
    )


def _list_unfinished(planned: Sequence[Planned], storage: Path) -> str:
    names = ", ".join(dict.fromkeys(one.study.name for one in planned))
    return (
        f"'{place_of(storage)}' has no finished trial of {names}; "
        "run the study again to continue it"
    )


def _with_addresses(assembled: "Report", storage: Path, folder: Path) -> "Report":
    """Add where records and runs are; neither is looked for anywhere but in the storage folder."""
    from orchestrator.addresses.links import link_trials
    from orchestrator.tracking.client import EXPERIMENT

    keys = [line.record.key for line in assembled.trials]
    return replace(assembled, addresses=link_trials(keys, storage, folder, EXPERIMENT))


def _with_model_figures(assembled: "Report", storage: Path, folder: Path) -> "Report":
    """Add the figures of trained models; PyTorch is loaded only if a model was kept."""
    from reports.document.assemble import FIGURES, MODELS, write_pictures

    if not any(line.record.circumstances.model_sha256 for line in assembled.trials):
        return replace(
            assembled, not_drawn=("No figure of trained models is drawn: no model was kept.",)
        )
    from orchestrator.kept_models.figures import draw_model_figures

    pictures: list[Picture] = []
    not_drawn: list[str] = []
    for place, trials in assembled.trials_by_place.items():
        drawings, reasons = draw_model_figures(trials, storage)
        pictures += write_pictures(drawings, folder / FIGURES / MODELS, place)
        not_drawn += [f"{place.title}: {reason}" for reason in reasons]
    return replace(assembled, model_pictures=tuple(pictures), not_drawn=tuple(not_drawn))


def _tell(assembled: "Report", html: Path, compilation: "Compilation") -> None:
    """Print the verdicts, what the report lacks and why, and the paths of its files."""
    for chapter in assembled.chapters:
        for progress in chapter.progress:
            console.print(f"{chapter.study.name}: {progress.text} trials are finished")
    if assembled.judged:
        console.print()
        console.print(VerdictsView(assembled.judged))
    if assembled.not_drawn:
        console.print()
        for reason in assembled.not_drawn:
            console.print(Text(reason, style="dim"))
    console.print("\nThe report is in:")
    for path in (html, *compilation.told):
        console.print(f"  {path}", soft_wrap=True)
    console.print(
        f"Its tables, figures and verdicts are beside it, in {html.parent}", soft_wrap=True
    )
