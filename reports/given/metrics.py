"""What is known of a metric by its name: which way is better, and in which unit it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import BUILT_IN

Direction = Literal["higher", "lower"]
Scaling = Literal["percent", "fraction", "plain"]
"""How values are written: in percent, as fractions, or as numbers that are neither."""

MLFLOW = "metrics."
"""What MLflow writes before the name of a metric."""

HIGHER = (
    *("acc", "wacc", "accuracy", "uar", "war", "f1", "precision", "recall", "auc", "auroc", "map"),
    *("ap", "ccc", "pearson", "spearman", "corr", "kappa", "mcc", "bleu", "iou", "dice"),
)
LOWER = ("loss", "error", "err", "eer", "wer", "ece", "brier", "mae", "mse", "rmse", "nll")
"""Words in names that say which way is better, of metrics that the program itself does not have."""

PLAIN = ("loss", "mae", "mse", "rmse", "nll")
"""Words in the names of metrics that are no shares."""

LONGEST = 40
"""So many characters an identifier has at most."""

SAME = {"accuracy": "acc", "f1_score": "f1", "f1score": "f1"}
"""Other spellings of the names that papers print."""


@dataclass(frozen=True)
class GivenMetric:
    """A metric of a file: its name as an identifier, as it is written, its direction and unit."""

    name: str
    header: str
    higher_is_better: bool
    scaling: Scaling

    @property
    def own(self) -> Metric | None:
        """The same as a metric of a study; None if it is built in."""
        if self.name in BUILT_IN:
            return None
        return Metric(
            name=self.name,
            header=self.header,
            higher_is_better=self.higher_is_better,
            unit="plain" if self.scaling == "plain" else "percent",
            of_each=True,
        )

    @property
    def divisor(self) -> float:
        """What a value is divided by to be a fraction, or to stay what it is."""
        return 100.0 if self.scaling == "percent" else 1.0


def identify(text: str) -> str:
    """Turn the name of a metric into an identifier, as `test/F1` into `test_f1`."""
    name = re.sub(r"[^a-z0-9]+", "_", text.removeprefix(MLFLOW).casefold()).strip("_")
    name = name if name[:1].isalpha() else f"metric_{name}"
    return name[:LONGEST].strip("_")


def usual_name(text: str) -> str:
    """Name a metric as papers do, whichever split it was measured on."""
    name = identify(text).removeprefix("test_").removesuffix("_test")
    return SAME.get(name, name)


def find_direction(name: str, declared: Mapping[str, Direction]) -> Direction | None:
    """Say which way a metric is better, by what was declared, or else by its name."""
    if (found := declared.get(identify(name))) is not None:
        return found
    if (built_in := BUILT_IN.get(usual_name(name))) is not None:
        return "higher" if built_in.higher_is_better else "lower"
    words = _words(name)
    if words & set(LOWER):
        return "lower"
    return "higher" if words & set(HIGHER) else None


def is_known(name: str) -> bool:
    """Whether the name of a metric says which way is better."""
    return find_direction(name, {}) is not None


def is_plain(name: str) -> bool:
    """Whether the values of a metric are neither in percent nor fractions."""
    if (built_in := BUILT_IN.get(usual_name(name))) is not None:
        return built_in.unit == "plain"
    return bool(_words(name) & set(PLAIN))


def _words(name: str) -> set[str]:
    """Split a name into its words, numbers at their ends left out: `acc7` is an accuracy."""
    words = identify(name).split("_")
    return {*words, *(word.rstrip("0123456789") for word in words)}
