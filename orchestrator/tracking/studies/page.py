"""The page of a study's run: table, verdicts, scores and figures, and the view of its trials."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from orchestrator.addresses.pages import RunPlace, run_page, view_page
from orchestrator.tracking.client import Run
from orchestrator.tracking.content import (
    MAX_NAME,
    MAX_TAG,
    MirroredStudy,
    Point,
    safe_name,
    study_name,
)
from orchestrator.tracking.run_index import PARENT
from reports.forms.html import join_pages
from reports.scores.cells import Cell, Outcome
from reports.scores.metrics import OF_EPOCHS
from reports.scores.trials import TrialScores
from reports.tables.table import table_name
from search_spaces.study import Study

RESULTS_FILE = "results.html"

MAX_COLUMNS = 20
"""How many metrics and params a view shows; the others can be chosen on the page."""

TOO_LONG = "*The rest is in the files below `tables`: MLflow keeps no longer description.*"


def write_views(study: MirroredStudy) -> dict[str, str]:
    """Write two views of all trials of a study, with the fields in which its rows differ.

    They also show trials whose runs stand below another study. One has every trial, the other
    the mean of each row besides. MLflow's own view draws the curves of ten runs.

    Returns:
        The views by name, as MLflow's page reads them.
    """
    planned = study.planned
    columns = planned.study.columns_for(planned.family)
    logged = {name for names in OF_EPOCHS.values() for name in names}
    metrics = dict.fromkeys(
        f"test_{column.metric}"
        for column in columns
        if not column.emotion and column.metric in logged
    )
    shown = [
        *(f"metrics.`{metric}`" for metric in metrics),
        *(f"params.`{field}`" for field in study.differing),
    ]
    view = {
        "searchFilter": f"tags.`{study.row_tag}` LIKE '%'",
        "orderByKey": f"tags.`{study.row_tag}`",  # by time, MLflow would show studies, folded up
        "orderByAsc": True,
        "selectedColumns": [*shown[:MAX_COLUMNS], f"tags.`{study.row_tag}`"],
        "runsHiddenMode": "SHOW_ALL",
    }
    groups = {
        "aggregateFunction": "average",
        "groupByKeys": [{"mode": "tag", "groupByData": study.row_tag}],
    }
    return {
        study.view: json.dumps(view),
        _by_row(study): json.dumps({**view, "groupBy": groups}),
    }


def _by_row(study: MirroredStudy) -> str:
    return f"{study.view}/rows"


def describe(
    study: MirroredStudy, place: RunPlace, trials: Sequence[Run], tables: Mapping[str, bytes]
) -> str:
    """Write the description of a study's run in Markdown: links, table, verdicts, then notes.

    Args:
        study: The study.
        place: Where its run is, and its page of results.
        trials: The runs of its trials.
        tables: The files of its tables and verdicts, by their names.

    Returns:
        As much as MLflow keeps; if that is not all, it says so.
    """
    of_table, of_verdicts = (tables.get(f"{name}.md", b"").decode() for name in _files(study))
    caption, table, notes = _cut(of_table)
    summary, verdicts, method = _cut(of_verdicts)
    parts = (_write_links(study, place, trials), table, summary, verdicts, caption, notes, method)
    text = "\n\n".join(filter(None, parts))
    if len(text) <= MAX_TAG:
        return text
    whole_lines = text[: MAX_TAG - len(TOO_LONG) - 2].rpartition("\n")[0]
    return f"{whole_lines}\n\n{TOO_LONG}"


def _cut(markdown: str) -> tuple[str, str, str]:
    """Cut the Markdown of a table or of verdicts into what stands before, the table, and after."""
    before, _, rest = markdown.strip().partition("\n\n")
    table, _, after = rest.partition("\n\n")
    return before, table, after


def write_results(study: MirroredStudy, tables: Mapping[str, bytes]) -> dict[str, bytes]:
    """Write table and verdicts of a study as one page, by file name; none without a table."""
    names = (f"{name}.html" for name in _files(study))
    pages = [tables[name].decode() for name in names if name in tables]
    title = study_name(study.tags)
    return {RESULTS_FILE: join_pages(title, pages).encode()} if pages else {}


def _files(study: MirroredStudy) -> tuple[str, str]:
    """Name the files of a study's first table and of its verdicts, without their endings."""
    name = table_name(study.planned.study)
    return name, f"{name}-verdicts"


def _write_links(study: MirroredStudy, place: RunPlace, trials: Sequence[Run]) -> str:
    """Link to all trials of a study, and to the studies below which some of them stand."""
    views = {
        "by row": view_page(place.experiment, _by_row(study)),
        "curves by row": view_page(place.experiment, _by_row(study), charts=True),
        "curves of each": view_page(place.experiment, study.view, charts=True),
    }
    links = ", ".join(f"[{name}]({page})" for name, page in views.items())
    texts = [f"All {len(study.rows_by_key)} trials: {links}."]
    parents = Counter(run.tags.get(PARENT, place.run) for run in trials)
    names = {run.tags.get(PARENT, place.run): study_name(run.tags) for run in trials}
    for parent, number in parents.items():
        if parent != place.run:
            page = run_page(RunPlace(place.experiment, parent))
            texts.append(f"{number} of them stand below [{names[parent]}]({page}).")
    if place.file:
        texts.append(f"[Table and verdicts on a page]({run_page(place)}).")
    return " ".join(texts)


def points_of_rows(study: Study, outcome: Outcome, time_ms: int) -> list[Point]:
    """Return mean and standard deviation of each cell of a study's table, as fractions."""
    names = _distinct_names(row.name for row in study.rows)
    return [
        Point(f"{name}/{metric}", value, time_ms, 0)
        for name, cells in zip(names, outcome.cells, strict=True)
        for cell in cells
        for metric, value in _metrics_of(cell)
    ]


def _metrics_of(cell: Cell) -> Iterator[tuple[str, float]]:
    metric = "_".join(filter(None, ("test", cell.metric, safe_name(cell.emotion or ""))))
    for statistic, value in (("mean", cell.mean), ("std", cell.std)):
        if value is not None:
            yield f"{metric}_{statistic}", value


def _distinct_names(rows: Iterable[str]) -> list[str]:
    """Name rows as MLflow allows it; two rows never get one name."""
    names: list[str] = []
    for row in rows:
        safe = name = safe_name(row)[: MAX_NAME // 2].strip("/. ") or "row"
        number = 1
        while name in names:
            number += 1
            name = f"{safe}-{number}"
        names.append(name)
    return names


def draw_pictures(study: Study, outcome: Outcome, trial_scores: TrialScores) -> dict[str, bytes]:
    """Draw every figure that suits a study, as PNG by file name: MLflow shows them inline.

    Raises:
        LedgerError: If a trial's predictions are damaged or missing.
    """
    from reports.figures.draw import draw_figures  # loads Matplotlib
    from reports.figures.style import to_png

    drawings = draw_figures(study, outcome, trial_scores)
    return {f"{drawing.name}.png": to_png(drawing) for drawing in drawings}
