"""The labels of MELD: each utterance has one of seven emotions, and one of three sentiments."""

from collections.abc import Mapping
from dataclasses import dataclass

from corpora.source.label_space import LabelSpace

USUAL_LABELS = "emotion"


@dataclass(frozen=True)
class LabelSet:
    """The classes that a column of the CSVs names."""

    space: LabelSpace
    column: str


LABEL_SETS: Mapping[str, LabelSet] = {
    USUAL_LABELS: LabelSet(
        LabelSpace(
            ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"), "multiclass"
        ),
        "Emotion",
    ),
    "sentiment": LabelSet(
        LabelSpace(("negative", "neutral", "positive"), "multiclass"), "Sentiment"
    ),
}
"""By the names that users give them."""
