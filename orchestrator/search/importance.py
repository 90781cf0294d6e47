"""Which fields matter, by PED-ANOVA (Watanabe et al. 2023); it handles conditional fields."""

import warnings
from collections.abc import Mapping, Sequence

from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import Study
from optuna.trial import TrialState

from reports.ledger.search_result import Objective, ObjectiveName

BEST_SHARE = 0.1
"""The share of the best candidates. A field matters if its values tell these from all others."""

MIN_FINISHED = 20
"""With this many, two candidates are the best tenth; with fewer, it would be a single one."""


def measure_importances(
    study: Study, objectives: Sequence[Objective]
) -> tuple[Mapping[ObjectiveName, Mapping[str, float]], str]:
    """Measure how much each field matters to each objective; they add up to 1 for an objective.

    Returns:
        The importances; or none, and the reason.
    """
    num_finished = len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]))
    if num_finished < MIN_FINISHED:
        return {}, f"{num_finished} candidates are finished, and they take {MIN_FINISHED}"
    return {
        one.name: _measure(study, index, sign=-1 if one.is_maximised else 1)
        for index, one in enumerate(objectives)
    }, ""


def _measure(study: Study, index: int, *, sign: int) -> dict[str, float]:
    evaluator = PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE)
    with warnings.catch_warnings():  # about low targets, and rare fields
        warnings.simplefilter("ignore", UserWarning)
        return get_param_importances(
            study, evaluator=evaluator, target=lambda trial: sign * trial.values[index]
        )
