"""The words of figures: names that fit, and captions."""

from collections.abc import Sequence
from textwrap import fill

from reports.scores.cells import Outcome
from reports.tables.caption import count_seeds, disclaim, name_study, name_things, tell_void
from reports.tables.note import name_place
from search_spaces.metrics.metric import Metric
from search_spaces.study import Study

NAME_CHARS = 22
PERCENT = 100
"""Figures show fractions in percent, and differences of fractions in points."""

LOWER_IS_BETTER = "lower is better"

_FIELD_NAMES = {"sem_after": "number of SEMs"}


def name_axis(metric: Metric, header: str) -> str:
    """Name the axis of a metric's scores, with its unit, and that lower is better if it is."""
    notes = ["%"] * (metric.unit == "percent") + [LOWER_IS_BETTER] * (metric.sign < 0)
    return f"{show_name(header)} ({'; '.join(notes)})" if notes else show_name(header)


def tell_scores(metrics: Sequence[Metric]) -> str:
    """Say what overall scores are and in which unit, as in `averaged over the emotions`."""
    units = {metric.unit for metric in metrics}
    averaged = f"averaged over the {name_things(metrics)}"
    if "plain" not in units:
        return f"{averaged}, in percent"
    return f"{averaged}, in percent where the axis says so" if len(units) > 1 else averaged


def show_name(name: str, width: int = NAME_CHARS) -> str:
    """Wrap a name to lines of `width` letters, and escape it for Matplotlib.

    Matplotlib reads text between two `$` as mathematics, and hides names that begin with `_` from
    legends.
    """
    text = fill(name, width, break_on_hyphens=False).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def name_field(path: str) -> str:
    """Name a config's field, as in `fusion depth` or `number of tokens`."""
    *parents, last = path.removeprefix("model.").split(".")
    if last in _FIELD_NAMES:
        return _FIELD_NAMES[last]
    if last.startswith("num_"):
        return last.replace("num_", "number of ", 1).replace("_", " ")
    return " ".join([*parents, last]).replace("_", " ")


def write_figure_caption(study: Study, outcome: Outcome, *sentences: str) -> str:
    """Write a caption: the title of the study, the `sentences`, and which trials are shown.

    Sentences that are not empty are used unchanged. Rows that take no part in comparisons are named
    (`reports.scores.cells.Cell.why_void`).
    """
    void = [
        f"The row {row.name} is {told}."
        for row, cells in zip(study.rows, outcome.cells, strict=False)  # maybe without cells
        for told in tell_void(cells, study, outcome)
    ]
    parts = [name_study(study), *sentences, *void, _describe_trials(outcome), *disclaim(outcome)]
    return " ".join(part for part in parts if part)


def _describe_trials(outcome: Outcome) -> str:
    counts = sorted({len(keys) for keys in outcome.planned.values()})
    number = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    seeds = "one seed" if number == "1" else f"{number} seeds"
    if outcome.num_folds:
        seeds = f"{count_seeds(outcome)} x {outcome.num_folds} folds"
    if outcome.is_given:
        things = f"{number} pairs of seed and fold" if outcome.has_folds else seeds
        return f"Given: {name_place(outcome)}, {things} a row."
    trials = f"Trained on {name_place(outcome)}, {seeds} a row"
    planned = {key for keys in outcome.planned.values() for key in keys}
    if len(outcome.records) == len(planned):
        return f"{trials}."
    return f"{trials}; {len(outcome.records)} of {len(planned)} planned trials are finished."
