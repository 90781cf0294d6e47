"""The trials that plans share with other studies: finished ones, and ones still to train."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from orchestrator.plan.folds import folds_of
from orchestrator.plan.plan import Plan, with_absolute_weights
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_planned
from search_spaces.catalogue import STUDIES
from search_spaces.errors import StudyError
from search_spaces.study import Study
from search_spaces.trial import FoldRef, TrialConfig


@dataclass(frozen=True)
class Sharing:
    """How many trials the plans got from other studies, and give to other studies.

    Attributes:
        trained_for: How many finished trials were trained for each study outside of the plans.
        also_gives: For each study outside of the plans, how many of its trials these plans must
            still train, and how many trials it has in total.
    """

    trained_for: Mapping[str, int]
    also_gives: Mapping[str, tuple[int, int]]


def find_sharing(plans: Sequence[Plan], ledger: Ledger) -> Sharing:
    """Compare plans on one corpus with the built-in studies and with the stored plans.

    Raises:
        LedgerError: If a stored plan is damaged.
    """
    names = {plan.study.name for plan in plans}
    finished = {key: record for plan in plans for key, record in plan.finished.items()}
    origins = Counter(record.circumstances.study for record in finished.values())
    missing = {trial.key for plan in plans for trial in plan.missing}
    others = {**_built_in(plans, missing), **_kept(plans[0], ledger, missing)} if missing else {}
    return Sharing(
        trained_for={study: n for study, n in sorted(origins.items()) if study not in names},
        also_gives={
            study: counts for study, counts in others.items() if study not in names and counts[0]
        },
    )


def _kept(plan: Plan, ledger: Ledger, missing: Set[str]) -> dict[str, tuple[int, int]]:
    """Count the trials of the studies with a stored plan on a plan's corpus."""
    keys = {
        kept.study.name: set(kept.rows_by_key)
        for kept in read_planned(ledger)
        if (kept.corpus, kept.scale) == (plan.corpus.name, plan.scale)
    }
    return {study: (len(of_study & missing), len(of_study)) for study, of_study in keys.items()}


def _built_in(plans: Sequence[Plan], missing: Set[str]) -> dict[str, tuple[int, int]]:
    """Count the trials of every built-in study.

    It compares trials by config, seed and fold. Keys need pretrained weights, and looking for these
    could download weights that no plan uses.
    """
    wanted = {
        (_identify(trial.config), trial.seed, trial.corpus.fold)
        for plan in plans
        for key, trial in plan.by_key.items()
        if key in missing and not trial.streams
    }
    trials = {study.name: _resolve(study, plans[0]) for study in STUDIES.values()}
    return {study: (len(needed & wanted), len(needed)) for study, needed in trials.items()}


def _resolve(study: Study, plan: Plan) -> set[tuple[str, int, FoldRef | None]]:
    """Identify a study's trials on a plan's corpus by config, seed and fold."""
    try:
        configs = study.configs(plan.corpus.family, plan.scale)
    except StudyError:  # no baseline for this corpus
        return set()
    identities = {_identify(with_absolute_weights(config)) for config in configs.values()}
    folds = folds_of(plan.corpus.folds)
    return {(one, seed, fold) for one in identities for seed in study.seeds for fold in folds}


def _identify(config: TrialConfig) -> str:
    return config.model_dump_json()


def sharing_view(sharing: Sharing) -> RenderableType:
    """Show what other studies gave, and what they get, each in a line if there is anything."""
    lines = []
    if sharing.trained_for:
        parts = [f"{number} for {study}" for study, number in sharing.trained_for.items()]
        lines.append(f"finished trials that were trained for other studies: {', '.join(parts)}")
    if sharing.also_gives:
        parts = [f"{n} of {total} of {study}" for study, (n, total) in sharing.also_gives.items()]
        lines.append(f"training these also gives trials of other studies: {', '.join(parts)}")
    return Group(*map(Text, lines))
