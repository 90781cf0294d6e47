"""The page of a search's run: links to views of its candidates, the best of them, what mattered."""

import json
from collections.abc import Sequence
from itertools import islice

from pydantic import JsonValue

from orchestrator.addresses.pages import RunPlace, view_page
from orchestrator.tracking.content import MAX_TAG
from orchestrator.tracking.searches.content import (
    SEARCH_ID,
    STATE,
    STOPPED_AT,
    MirroredSearch,
    objective_metric,
)
from reports.ledger.search_result import Candidate, SearchResult
from reports.search.best import find_best, finished, rank_fields, rank_importances
from reports.search.table import to_markdown
from reports.search.winner.words import tell_winner
from reports.search.words import (
    PERCENT,
    name_field,
    tell_counts,
    tell_missing,
    tell_optimism,
    tell_shown,
    tell_unreliable,
)
from search_spaces.space import SYSTEM

MAX_COLUMNS = 20
"""How many params a view shows; the others can be chosen on the page."""

NUM_AXES, NUM_IMPORTANCES = 8, 5
MAX_RUNS = 500
"""How many candidates a chart draws: MLflow's pages have no more."""

CHARTS, SECTION = "/charts", "search"
SECTIONS: list[JsonValue] = [
    {
        "uuid": SECTION,
        "name": "Search",
        "display": True,
        "isReordered": True,
        "columns": 1,
        "cardHeight": 360,
    }
]


def write_views(search: MirroredSearch) -> dict[str, str]:
    """Write two views of all candidates of a search: a table, and charts.

    The charts are parallel coordinates of the fields that matter most and the objectives; F1
    against the cost, or against the field that matters most; and the validation F1 by epoch.
    MLflow leaves out of parallel coordinates whoever lacks a field, so they have only those fields
    that every finished candidate has.

    Returns:
        The views by name, as MLflow's page reads them.
    """
    result = search.result
    metrics = [objective_metric(objective.name) for objective in result.objectives]
    fields = _fields(result)
    common = [field for field in fields if all(_has(one, field) for one in finished(result))]
    columns = [f"metrics.`{metric}`" for metric in metrics]
    columns += [f"params.`{field}`" for field in fields[:MAX_COLUMNS]]
    columns += [f"tags.`{tag}`" for tag in (STATE, STOPPED_AT)]
    view = {
        "searchFilter": f"tags.{SEARCH_ID} = '{result.id}' AND tags.kind = 'candidate'",
        "orderByKey": f"metrics.`{metrics[0]}`",
        "orderByAsc": False,
        "selectedColumns": columns,
        "runsHiddenMode": "SHOW_ALL",
    }
    charts = {**view, "compareRunCharts": _charts(metrics, common), "compareRunSections": SECTIONS}
    return {search.view: json.dumps(view), f"{search.view}{CHARTS}": json.dumps(charts)}


def describe(search: MirroredSearch, place: RunPlace) -> str:
    """Write the description of a search's run in Markdown: links, the best, what mattered."""
    result = search.result
    table = view_page(place.experiment, search.view)
    charts = view_page(place.experiment, f"{search.view}{CHARTS}", charts=True)
    links = f"All {len(result.candidates)} candidates: [table]({table}), [charts]({charts})."
    parts = [f"{links} {_sentence(tell_counts(result))}"]
    if finished(result):
        parts += [
            tell_shown(result, len(find_best(result))),
            to_markdown(result).strip(),
            _tell_importances(result),
            tell_missing(result),
            tell_optimism(result),
            tell_unreliable(result),
            "\n".join(f"- {sentence}" for sentence in tell_winner(result)),
        ]
    text = "\n\n".join(filter(None, parts))
    return text if len(text) <= MAX_TAG else text[:MAX_TAG].rpartition("\n")[0]


def _charts(metrics: Sequence[str], fields: Sequence[str]) -> list[JsonValue]:
    """Write the charts of a view in MLflow's form."""
    known: dict[str, JsonValue] = {
        "runsCountToCompare": MAX_RUNS,
        "metricSectionId": SECTION,
        "deleted": False,
    }
    objective: JsonValue = {"key": metrics[0], "type": "METRIC"}
    against: JsonValue = (
        {"key": metrics[1], "type": "METRIC"}
        if len(metrics) > 1
        else {"key": fields[0] if fields else "", "type": "PARAM"}
    )
    return [
        {
            **known,
            "type": "PARALLEL",
            "uuid": "parallel",
            "selectedParams": list(fields[:NUM_AXES]),
            "selectedMetrics": list(metrics),
            "showAllRuns": False,
        },
        {**known, "type": "SCATTER", "uuid": "scatter", "xaxis": against, "yaxis": objective},
        {
            **known,
            "type": "LINE",
            "uuid": "curves",
            "metricKey": "valid_f1",
            "selectedMetricKeys": ["valid_f1"],
            "xAxisKey": "step",
        },
    ]


def _fields(result: SearchResult) -> list[str]:
    """List the params of candidates; the most important for F1 come first."""
    matters = result.importances.get("f1", {})
    system = [SYSTEM] if len(result.baselines) > 1 else []
    return sorted([*system, *rank_fields(result)], key=lambda field: -matters.get(field, 0.0))


def _has(candidate: Candidate, field: str) -> bool:
    return field == SYSTEM or field in candidate.values


def _tell_importances(result: SearchResult) -> str:
    """Say which fields matter most to F1; empty if that is not known."""
    ranked = islice(rank_importances(result, "f1").items(), NUM_IMPORTANCES)
    shares = ", ".join(f"`{name_field(f)}` {PERCENT * share:.0f} %" for f, share in ranked)
    return f"What validation F1 depends on (importance by PED-ANOVA): {shares}." if shares else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
