"""The words of a search: where it searched, how it went, and how reliable its results are."""

from collections import Counter
from math import floor, log10

from pydantic import JsonValue

from reports.ledger.search_result import Candidate, ObjectiveName, SearchResult
from reports.scores.names import name_corpus
from reports.search.best import costs, finished

TITLES: dict[ObjectiveName, str] = {
    "f1": "Validation F1 (%)",
    "parameters": "Parameters",
    "macs": "MACs a clip",
}
PERCENT = 100
PREFIXES = ("", " k", " M", " G", " T", " P")

NUM_FOR_IMPORTANCES = 50
"""PED-ANOVA compares the best tenth of the candidates with all: at this number, five of them."""


def name_place(result: SearchResult) -> str:
    """Name the corpus and the scale."""
    return f"{name_corpus(result.corpus)} at the {result.scale} scale"


def tell_counts(result: SearchResult) -> str:
    """Count the candidates by state, as in `41 finished (3 of them from the ledger)`."""
    counts = Counter(candidate.state for candidate in result.candidates)
    num_known = sum(candidate.from_ledger for candidate in finished(result))
    known = f" ({num_known} of them from the ledger)" if num_known else ""
    parts = {
        f"finished{known}": counts["finished"],
        "stopped early": counts["stopped"],
        "failed": counts["failed"],
        "not ended": counts["running"],
    }
    told = [f"{number} {what}" for what, number in parts.items() if number or what == "finished"]
    return ", ".join(told)


def write_caption(result: SearchResult, *sentences: str) -> str:
    """Write a caption that opens with where it searched, and how its candidates ended."""
    opening = f"{result.title}, a search on {name_place(result)}: {tell_counts(result)}."
    return " ".join(part for part in (opening, *sentences) if part)


def tell_optimism(result: SearchResult) -> str:
    """Say why the best validation score is not an estimate of the candidate's quality."""
    num = len(finished(result))
    if result.repeats:
        return (
            f"Candidates are chosen by validation scores, of one seed each (best of {num}) and of "
            "more seeds of the best (means): the highest are optimistic."
        )
    return (
        "Validation scores of one seed each, by which the candidates are chosen: the best of "
        f"{num} is optimistic."
    )


def tell_shown(result: SearchResult, num_shown: int) -> str:
    """Say which of the finished candidates are shown."""
    num = len(finished(result))
    if costs(result):
        return f"The Pareto front, {num_shown} of {num} finished candidates."
    if result.repeats:
        return f"The best {num_shown} of {num} finished candidates, the last rejected first."
    return f"The best {num_shown} of {num} finished candidates."


def tell_missing(result: SearchResult) -> str:
    """Say that the front lacks the candidates that were stopped early; empty without any."""
    num = sum(candidate.state == "stopped" for candidate in result.candidates)
    if not num or not costs(result):
        return ""
    return f"The front lacks what was stopped early ({num}): F1 alone decided that."


def tell_unreliable(result: SearchResult) -> str:
    """Say that there are no importances, or that too few candidates support them; else empty."""
    num = len(finished(result))
    if not result.importances:
        reason = f": {result.no_importances}" if result.no_importances else ""
        return f"Importances are not known{reason}."
    if num < NUM_FOR_IMPORTANCES:
        return (
            f"Importances from {num} finished candidates are unreliable: they compare the best "
            f"tenth with all; wait for {NUM_FOR_IMPORTANCES}."
        )
    return ""


def show_score(name: ObjectiveName, value: float) -> str:
    """Write F1 in percent, or a cost as in `68.1 M`."""
    return f"{PERCENT * value:.1f}" if name == "f1" else show_count(value)


def show_count(number: float) -> str:
    """Write a number with three digits and a prefix, as in `31.6 G`."""
    rounded = float(f"{number:.3g}")
    power = min(floor(log10(rounded)) // 3, len(PREFIXES) - 1) if rounded >= 1 else 0
    return f"{rounded / 1000**power:.3g}{PREFIXES[power]}"


def name_field(field: str) -> str:
    """Name a field without its part of the config; files for programs keep the whole path."""
    return field.removeprefix("model.").removeprefix("training.")


def show_value(value: JsonValue) -> str:
    """Write the value of a field, rounded; files for programs have the full precision."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def show_field(candidate: Candidate, field: str) -> str:
    """Write a candidate's value of a field; empty if the candidate does not have it."""
    return show_value(candidate.values[field]) if field in candidate.values else ""
