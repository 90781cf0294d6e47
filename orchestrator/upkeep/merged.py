"""What `merge --json` prints."""

from collections.abc import Iterator

from orchestrator.facts import Facts
from orchestrator.upkeep.merging import Merged
from reports.ledger.joined_plan import Joined


class PlanFacts(Facts):
    """What became of a plan of the other storage."""

    study: str
    """The study."""

    corpus: str
    """The corpus."""

    scale: str
    """The scale."""

    state: str
    """`new`: it was not here; `joined`: trials were added; `same`; `apart`: it was refused."""

    remarks: list[str]
    """What was not taken, and why."""


class MergedFacts(Facts):
    """What a merge did."""

    trials: list[str]
    """The keys of the trials that were taken in."""

    known: list[str]
    """The keys of the trials that both storages have, with equal results."""

    differing: list[str]
    """The keys of the trials that both have with other results: those here stay."""

    models: list[str]
    """The keys of the trials whose model was taken in."""

    plans: list[PlanFacts]
    """What became of each plan."""

    searches: list[str]
    """The searches of the other storage: their trials are taken in, they themselves are not."""

    faults: list[str]
    """What is damaged and was not taken in."""

    is_complete: bool
    """Whether nothing differs, is damaged or was refused."""


def merged_facts(merged: Merged) -> MergedFacts:
    """Say what a merge did."""
    return MergedFacts(
        trials=merged.trials,
        known=merged.known,
        differing=merged.differing,
        models=merged.models,
        plans=[*_plans(merged)],
        searches=merged.searches,
        faults=merged.faults,
        is_complete=merged.is_complete,
    )


def _plans(merged: Merged) -> Iterator[PlanFacts]:
    for one in merged.plans:
        yield PlanFacts(
            study=one.planned.study.name,
            corpus=one.planned.corpus,
            scale=one.planned.scale,
            state=one.state,
            remarks=[*one.remarks],
        )


def name_plan(joined: Joined) -> str:
    """Name a plan, as in `layers on synthetic (tiny)`."""
    planned = joined.planned
    return f"{planned.study.name} on {planned.corpus} ({planned.scale})"
