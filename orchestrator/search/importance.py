"""Which fields matter: PED-ANOVA (Watanabe et al. 2023), which knows of fields that come and go."""

import warnings
from collections.abc import Mapping, Sequence

from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import Study
from optuna.trial import TrialState

from reports.ledger.search_result import Objective, ObjectiveName

BEST_SHARE = 0.1
"""A field matters as far as its values tell the best so many from all; Optuna's default."""

MIN_FINISHED = 20
"""Two of them are the best tenth: fewer would be one candidate's values."""


def measure_importances(
    study: Study, objectives: Sequence[Objective]
) -> tuple[Mapping[ObjectiveName, Mapping[str, float]], str]:
    """Measure how much each field matters to each objective; of each they add up to 1.

    Returns:
        The importances, or none and why not.
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
    with warnings.catch_warnings():  # says that low targets are good, and of rare fields
        warnings.simplefilter("ignore", UserWarning)
        return get_param_importances(
            study, evaluator=evaluator, target=lambda trial: sign * trial.values[index]
        )
