"""The kinds of task: what the labels of a corpus are."""

from typing import Literal

TaskKind = Literal["multilabel", "multiclass", "regression"]
"""What the labels of an utterance are.

- multilabel: 0 or 1 for each emotion, in any combination;
- multiclass: 0 or 1 for each class, one of them 1;
- regression: a number for each target.
"""
