"""Terms that studies, claims and records share."""

from typing import Literal

Metric = Literal["acc", "wacc", "f1", "precision", "recall", "auc"]
Scale = Literal["tiny", "paper"]
