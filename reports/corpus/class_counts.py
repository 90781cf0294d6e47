"""How many utterances of each class corpora of one class an utterance have, as published."""

from collections.abc import Mapping
from dataclasses import dataclass

from corpora.source.split import Split

YOON, LE, PORIA = "Yoon et al. 2018", "Le et al. 2023, Table 2", "Poria et al. 2019"


@dataclass(frozen=True)
class ClassCounts:
    """Published counts; `by_split` has those of each split, or is empty where only sums are known.

    `source` names the paper.
    """

    source: str
    in_all: Mapping[str, int]
    by_split: Mapping[Split, Mapping[str, int]]


def _of_splits(source: str, *rows: tuple[str, int, int, int]) -> ClassCounts:
    """Make the counts of classes in the training, the validation and the test split."""
    splits: tuple[Split, ...] = ("train", "valid", "test")
    by_split = {
        split: {name: counts[place] for name, *counts in rows} for place, split in enumerate(splits)
    }
    return ClassCounts(source, {name: sum(counts) for name, *counts in rows}, by_split)


PUBLISHED_CLASSES: Mapping[str, ClassCounts] = {
    "iemocap-four-class": ClassCounts(
        YOON, {"ang": 1103, "hap": 1636, "neu": 1708, "sad": 1084}, {}
    ),
    "iemocap-six-class": ClassCounts(
        LE, {"ang": 1103, "exc": 1041, "fru": 1849, "hap": 595, "neu": 1708, "sad": 1084}, {}
    ),
    "meld": _of_splits(
        PORIA,
        ("anger", 1109, 153, 345),
        ("disgust", 271, 22, 68),
        ("fear", 268, 40, 50),
        ("joy", 1743, 163, 402),
        ("neutral", 4710, 470, 1256),
        ("sadness", 683, 111, 208),
        ("surprise", 1205, 150, 281),
    ),
    "meld-sentiment": _of_splits(
        PORIA,
        ("negative", 2945, 406, 833),
        ("neutral", 4710, 470, 1256),
        ("positive", 2334, 233, 521),
    ),
}
"""By the kind of corpus."""
