"""Claims about the rows of a file, as a user writes them in YAML.

unit: percent            # of the results, and of margins
metrics: {ece: lower}    # which way is better, where the name does not say it
claims:
- {id: C1, text: gates help, kind: better, row: gated, rivals: [plain], metric: f1, margin: 1}
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from reports.given.errors import GivenError
from reports.given.metrics import Direction, GivenMetric, Scaling, identify
from reports.given.results import Declared, Results, choose
from search_spaces.claim import NO_STATED_GAP, OWN, Claim, Comparison, Score
from search_spaces.printed.lines import Lines
from search_spaces.printed.text_file import parse_mapping, read_content
from search_spaces.terms import Words

KEYS = ("schema", "unit", "metrics", "claims")
SCHEMA = "1"
UNITS = ("percent", "fraction")
OF_METRIC = {"better": get_args(Direction), "unit": get_args(Scaling)}
"""What may be said of a metric."""


class StatedClaim(BaseModel):
    """A claim as written; what is empty has a default, which `_read_claim` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Words
    text: Words = ""
    kind: Literal["better", "greater", "same"] = "better"
    row: Words
    rivals: tuple[Words, ...] = ()
    metric: Words = ""
    corpus: Words = ""
    emotion: Words = ""
    margin: str = ""

    @field_validator("rivals", mode="before")
    @classmethod
    def _one_rival_needs_no_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


@dataclass(frozen=True)
class ClaimsFile:
    """What a file of claims says, before it is known whether the results have its rows."""

    path: Path
    declared: Declared
    claims: tuple[StatedClaim, ...]
    lines: Lines


def read_claims(path: Path) -> ClaimsFile:
    """Read a file of claims.

    Raises:
        GivenError: If the file has faults; the message lists them all, with their lines.
        PublishedError: If it cannot be read, or is no YAML mapping.
    """
    content = read_content(path)
    parsed = parse_mapping(content, path, "the key claims")
    lines = Lines(content.decode("utf-8"))
    faults: list[str] = [
        f"{key}: no such key; {choose(key, KEYS)}" for key in parsed if key not in KEYS
    ]
    if parsed.get("schema", SCHEMA) != SCHEMA:
        faults.append(f"schema: '{parsed['schema']}'; choose {SCHEMA}")
    unit = parsed.get("unit")
    if unit not in (None, *UNITS):
        faults.append(f"unit: '{unit}'; choose from {', '.join(UNITS)}")
    directions, units = _read_metrics(parsed, faults)
    claims = tuple(_read_entries(parsed, faults))
    twice = {one.id for one in claims if [other.id for other in claims].count(one.id) > 1}
    faults += [f"claim '{name}': stands there twice" for name in sorted(twice)]
    _refuse(path, lines, faults)
    scaling: Scaling | None = unit  # checked above
    return ClaimsFile(path, Declared(directions, scaling, units), claims, lines)


def _read_metrics(
    parsed: Mapping[str, Any], faults: list[str]
) -> tuple[dict[str, Direction], dict[str, Scaling]]:
    """Read the directions and the units of metrics: each is a direction, or a mapping."""
    directions: dict[str, Direction] = {}
    units: dict[str, Scaling] = {}
    metrics = parsed.get("metrics") or {}
    if not isinstance(metrics, Mapping):
        faults.append("metrics: must be a mapping, from each metric to higher or lower")
        return directions, units
    for name, entry in metrics.items():
        about = entry if isinstance(entry, Mapping) else {"better": entry}
        faults += [
            f"metrics/{name}: no such key: {key}; choose from {', '.join(OF_METRIC)}"
            for key in about
            if key not in OF_METRIC
        ]
        for key, choices in OF_METRIC.items():
            if key in about and about[key] not in choices:
                faults.append(
                    f"metrics/{name}: {key} '{about[key]}'; choose from {', '.join(choices)}"
                )
        if "better" in about:
            directions[identify(name)] = about["better"]
        if "unit" in about:
            units[identify(name)] = about["unit"]
    return directions, units


def _read_entries(parsed: Mapping[str, Any], faults: list[str]) -> Iterator[StatedClaim]:
    entries = parsed.get("claims") or []
    if not isinstance(entries, list) or not entries:
        faults.append("claims: must be a list of at least one claim")
        return
    for place, entry in enumerate(entries):
        try:
            yield StatedClaim.model_validate(entry)
        except ValidationError as error:
            for fault in error.errors():
                where = "/".join(["claims", str(place), *map(str, fault["loc"])])
                given = f", not '{fault['input']}'" if isinstance(fault["input"], str) else ""
                faults.append(f"{where}: {fault['msg']}{given}")


def resolve_claims(file: ClaimsFile, results: Results) -> tuple[Claim, ...]:
    """Turn the claims of a file into claims about the rows of the results.

    Raises:
        GivenError: If a claim is about a row, metric, corpus or emotion that is not there, or makes
            no sense; the message lists all faults, with their lines.
    """
    claims, faults = [], []
    for stated in file.claims:
        try:
            claims.append(_resolve(stated, results))
        except GivenError as error:
            faults.append(f"claim '{stated.id}': {error}")
    _refuse(file.path, file.lines, faults)
    return tuple(claims)


def _refuse(path: Path, lines: Lines, faults: list[str]) -> None:
    if faults:
        told = map(lines.add_to, dict.fromkeys(faults))
        raise GivenError("\n  ".join([f"{path}:", *told]))


def _resolve(stated: StatedClaim, results: Results) -> Claim:
    """Resolve one claim: by default about all other rows, the only metric and every corpus."""
    row = results.find_row(stated.row)
    rivals = [results.find_row(name) for name in stated.rivals]
    rivals = rivals or [name for name in results.rows if name != row]
    if row in rivals:
        raise GivenError(f"row '{row}' is its own rival")
    if not rivals:
        raise GivenError("there is no other row to compare with")
    metric = _find_metric(stated, results)
    corpora = [_find_one(stated.corpus, results.corpora, "corpus")] if stated.corpus else None
    emotions = list(dict.fromkeys(p.emotion for p in results.scores if p.emotion is not None))
    emotion = _find_one(stated.emotion, emotions, "emotion") if stated.emotion else None
    return Claim(
        id=stated.id,
        text=stated.text or _describe(stated, rivals, metric, emotion),
        kind="same" if stated.kind == "same" else "greater",
        family=OWN,
        parts=tuple(
            tuple(
                Comparison(row=row, rival=rival, score=Score(corpus, metric.name, emotion))
                for rival in rivals
            )
            for corpus in corpora or results.corpora
        ),
        margin=_read_margin(stated, metric),
    )


def _find_metric(stated: StatedClaim, results: Results) -> GivenMetric:
    if not stated.metric and len(results.metrics) > 1:
        headers = ", ".join(one.header for one in results.metrics)
        raise GivenError(f"names no metric; choose from {headers}")
    metric = results.find_metric(stated.metric) if stated.metric else results.metrics[0]
    if stated.kind == "greater" and not metric.higher_is_better:
        raise GivenError(
            f"of {metric.header} lower is better, so that 'greater' can be read in two ways; write "
            "kind: better, with the better row as row"
        )
    return metric


def _find_one(name: str, choices: Sequence[str], what: str) -> str:
    found = {one.casefold(): one for one in choices}
    if name.casefold() not in found:
        raise GivenError(f"no {what} '{name}' in the results; {choose(name, list(choices))}")
    return found[name.casefold()]


def _read_margin(stated: StatedClaim, metric: GivenMetric) -> float:
    """Read the margin, in the unit of the metric; by default half a point, or 0 of no share."""
    if not stated.margin:
        if metric.scaling != "plain":
            return NO_STATED_GAP
        if stated.kind == "same":
            raise GivenError(f"give a margin above 0, in the unit of {metric.header}")
        return 0.0
    try:
        margin = float(stated.margin) / metric.divisor
    except ValueError as error:
        raise GivenError(f"margin '{stated.margin}' is no number") from error
    if not 0 <= margin < float("inf") or (stated.kind == "same" and not margin):
        least = "above 0" if stated.kind == "same" else "0 or more"
        raise GivenError(f"margin {stated.margin} must be {least}")
    if metric.scaling != "plain" and margin >= 1:
        raise GivenError(
            f"margin {stated.margin} is 100 points or more; {metric.header} is in the unit "
            f"'{metric.scaling}'"
        )
    return margin


def _describe(
    stated: StatedClaim, rivals: list[str], metric: GivenMetric, emotion: str | None
) -> str:
    """Write the sentence of a claim that has none."""
    verb = "is the same as" if stated.kind == "same" else "beats"
    *before, last = [f"'{name}'" for name in rivals]
    named = f"{', '.join(before)} and {last}" if before else last
    named = "all others" if not stated.rivals and before else named
    score = f"{metric.header} of {emotion}" if emotion else metric.header
    return f"'{stated.row}' {verb} {named} in {score}"
