"""The function of each metric, by its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reports.metrics import classes, decisions, numbers, rankings
from reports.metrics.decisions import Scores
from search_spaces.errors import StudyError
from search_spaces.metrics.metric import Metric


@dataclass(frozen=True)
class Formula:
    """How a metric is computed from its inputs, for each emotion and for all together.

    A metric without `each` has an overall score alone; without `overall`, that is the plain mean.
    """

    each: Callable[..., Scores] | None = None
    overall: Callable[..., Scores] | None = None


FORMULAS: Mapping[str, Formula] = {
    "acc": Formula(decisions.accuracy),
    "wacc": Formula(decisions.balanced_accuracy),
    "f1": Formula(decisions.f1),
    "precision": Formula(decisions.precision),
    "recall": Formula(decisions.recall),
    "hamming_loss": Formula(decisions.hamming_loss),
    "micro_f1": Formula(overall=decisions.micro_f1),
    "weighted_f1": Formula(overall=decisions.weighted_f1),
    "subset_accuracy": Formula(overall=rankings.subset_accuracy),
    "auc": Formula(rankings.auc),
    "average_precision": Formula(rankings.average_precision),
    "class_accuracy": Formula(overall=classes.class_accuracy),
    "uar": Formula(classes.class_recall),
    "class_precision": Formula(classes.class_precision),
    "class_f1": Formula(classes.class_f1),
    "class_weighted_f1": Formula(overall=classes.class_weighted_f1),
    "mae": Formula(numbers.mae),
    "pearson": Formula(numbers.pearson),
    "ccc": Formula(numbers.ccc),
    "acc2_non_negative": Formula(numbers.acc2_non_negative),
    "acc2_positive": Formula(numbers.acc2_positive),
    "f1_non_negative": Formula(numbers.f1_non_negative),
    "f1_positive": Formula(numbers.f1_positive),
    "acc5": Formula(numbers.acc5),
    "acc7": Formula(numbers.acc7),
}


def formula_of(metric: Metric) -> Formula:
    """Return the functions of a metric.

    Raises:
        StudyError: If a study file has the function and is not loaded. A function of a study file
            also raises it if it fails, or returns something else than its metric says.
    """
    if not metric.is_own:
        return FORMULAS[metric.of or metric.name]
    compute = metric.compute
    if compute is None:
        raise StudyError(f"metric '{metric.name}' has no function; load '{metric.file}'")

    def checked(*inputs: Any) -> Scores:
        try:
            found = compute(*inputs)
        except Exception as error:
            raise StudyError(
                f"metric '{metric.name}' of '{metric.file}' failed on {len(inputs[0])} utterances: "
                f"{type(error).__name__}: {error}"
            ) from error
        return _check(metric, found, inputs[0].shape[1])

    return Formula(each=checked) if metric.of_each else Formula(overall=checked)


def _check(metric: Metric, found: Any, num_emotions: int) -> Scores:
    """Turn what a user's function returns into an array of its shape; infinity is undefined too."""
    wanted = (num_emotions,) if metric.of_each else ()
    try:
        scores = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StudyError(
            f"metric '{metric.name}' of '{metric.file}' returned {type(found).__name__}, no number"
        ) from error
    if scores.shape != wanted:
        raise StudyError(
            f"metric '{metric.name}' of '{metric.file}' returned the shape {scores.shape}, not "
            f"{wanted}; return one number, or with of_each=True one for each emotion"
        )
    return np.where(np.isfinite(scores), scores, np.nan)
