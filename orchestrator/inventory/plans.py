"""Plans as facts: what is to train, what it takes, and what it can decide."""

from collections.abc import Mapping, Sequence

from orchestrator.facts import Facts
from orchestrator.forecast.before_sweep import SweepPlan
from orchestrator.plan.plan import Plan, missing_trials
from orchestrator.plan.power import prospects_of
from reports.ledger.ledger import Ledger
from reports.verdicts.prospects import Prospect


class MissingTrial(Facts):
    """A trial that would be trained."""

    key: str
    """The trial's key."""

    study: str
    """The first study that asks for it."""

    row: str
    """The row of that study."""

    seed: str
    """Its seed, with its fold if the corpus has folds."""


class PlannedStudy(Facts):
    """A study in a plan."""

    study: str
    """The study."""

    corpus: str
    """The corpus."""

    scale: str
    """The scale of the models."""

    num_rows: int
    """Its rows."""

    num_trials: int
    """Its trials, each once."""

    num_finished: int
    """Those that have a record."""

    num_of_other_code: int
    """Those of the finished ones that other code trained; `--retrain` trains them anew."""


class ClaimProspect(Facts):
    """What the planned seeds can decide of a claim."""

    study: str
    """The study."""

    id: str
    """The claim."""

    problem: str | None
    """Why it will be UNTESTABLE; null if it will not."""

    gap: float | None
    """The printed gap, a fraction or the metric's own unit; null if there is none."""

    power: float | None
    """The probability of the verdict that the printed gap supports; null if there is no gap."""

    seeds_needed: int | None
    """The seeds for a power of .8; null if that is more than is searched for, or not known."""

    is_decidable: bool
    """Whether that power is .8 or more with the planned seeds."""


class ForecastFacts(Facts):
    """What the missing trials would take; null fields are not known."""

    wall_s: float
    """The wall time of the sweep in seconds, at most."""

    trial_s: dict[str, float]
    """What each trial takes in seconds, by key."""


class PlanFacts(Facts):
    """A plan, as `mmer-sweep plan` prints it."""

    studies: tuple[PlannedStudy, ...]
    """The studies."""

    num_trials: int
    """The trials of all of them, each once."""

    num_finished: int
    """Those that have a record."""

    missing: tuple[MissingTrial, ...]
    """Those that would be trained, in the order of the table; with adaptive seeds at the first
    look."""

    claims: tuple[ClaimProspect, ...]
    """What the seeds can decide; none on a corpus with folds, for which no formula is known."""

    forecast: ForecastFacts | None
    """What the missing trials would take here; null with `--no-measure`, or if none is missing."""


def plan_facts(
    plans: Sequence[Plan],
    ledger: Ledger,
    looks: tuple[int, ...],
    forecasts: Mapping[str, SweepPlan],
) -> PlanFacts:
    """Describe plans.

    Args:
        plans: The plans of studies, on one corpus.
        ledger: Knows which trials are finished.
        looks: The looks of adaptive seeds.
        forecasts: What the missing trials take, by the title of the set; the first one is told.

    Raises:
        LedgerError: If a plan, a record or its predictions are damaged.
    """
    missing = missing_trials(plans)
    finished = {key for plan in plans for key in plan.finished}
    has_folds = any(plan.num_folds for plan in plans)
    prospects = {} if has_folds else prospects_of(plans, ledger, looks)
    forecast = next(iter(forecasts.values()), None)
    return PlanFacts(
        studies=tuple(map(_planned_study, plans)),
        num_trials=len({key for plan in plans for key in plan.by_key}),
        num_finished=len(finished),
        missing=tuple(
            MissingTrial(key=key, study=row.study, row=row.row, seed=trial.seed_text)
            for key, (trial, row) in missing.items()
        ),
        claims=tuple(_prospect(study, one) for study, of in prospects.items() for one in of),
        forecast=forecast and ForecastFacts(wall_s=forecast.wall_s, trial_s=forecast.trial_s),
    )


def _planned_study(plan: Plan) -> PlannedStudy:
    return PlannedStudy(
        study=plan.study.name,
        corpus=plan.corpus.name,
        scale=plan.scale,
        num_rows=len(plan.trials),
        num_trials=len(plan.by_key),
        num_finished=len(plan.finished),
        num_of_other_code=len(plan.of_other_code),
    )


def _prospect(study: str, one: Prospect) -> ClaimProspect:
    return ClaimProspect(
        study=study,
        id=one.claim.id,
        problem=one.problem or None,
        gap=one.gap,
        power=one.power,
        seeds_needed=one.chance.seeds_needed if one.chance else None,
        is_decidable=one.is_decidable,
    )
