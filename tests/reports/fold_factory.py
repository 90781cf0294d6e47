"""Trials on the folds of a corpus that nobody trained."""

from collections.abc import Mapping, Sequence

import numpy as np

from reports.ledger.ledger import Ledger
from reports.ledger.record import Predictions
from search_spaces.trial import CorpusRef, FoldRef, Trial, TrialConfig
from tests.reports.factories import make_split, write_trial

NAMES = ("ann", "bob", "cy", "dan")
LACKING = -1
"""Stands for the number of wrong utterances where a trial is not finished."""


def fold_trial(seed: int, number: int, names: Sequence[str] = NAMES) -> Trial:
    fold = FoldRef(number=number, count=len(names), name=names[number - 1], digest="dealt")
    corpus = CorpusRef(name="mine", recipe="le", fingerprint="f00d", fold=fold)
    return Trial(config=TrialConfig(), corpus=corpus, seed=seed)


def fold_split(number: int, num_wrong: int) -> Predictions:
    """Make the test split of a fold; its last cluster lies in the next fold too."""
    split = make_split(number, num_wrong)
    groups = [f"dialogue-{3 * number + int(name[-1])}" for name in split.groups]
    return Predictions(
        ids=np.array([f"{number}-{name}" for name in split.ids]),
        groups=np.array(groups),
        labels=split.labels,
        probabilities=split.probabilities,
    )


def write_folds(
    ledger: Ledger, wrong: Mapping[str, Sequence[Sequence[int]]]
) -> dict[str, tuple[str, ...]]:
    """Finish a trial for each number of wrong utterances by row, seed, fold; return the plan."""
    planned = {}
    for row, of_row in wrong.items():
        keys = []
        for seed, of_seed in enumerate(of_row):
            for number, num_wrong in enumerate(of_seed, start=1):
                key = f"{row}-{seed}-{number}"
                keys.append(key)
                if num_wrong != LACKING:
                    trial, test = fold_trial(seed, number), fold_split(number, num_wrong)
                    write_trial(ledger, trial, test, key=key)
        planned[row] = tuple(keys)
    return planned
