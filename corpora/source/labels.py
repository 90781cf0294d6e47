"""What the labels of a corpus must fulfil."""

from collections.abc import Sequence

import numpy as np

from corpora.source.errors import CorpusError
from corpora.source.split import SPLITS
from corpora.source.utterance import Utterance


def check_labels(utterances: Sequence[Utterance], emotions: Sequence[str], name: str) -> None:
    """Make sure that every split can be used for training or scores.

    Raises:
        CorpusError: If a split is empty or lacks positives of an emotion; all faults together.
    """
    faults = []
    for split in SPLITS:
        labels = [utterance.labels for utterance in utterances if utterance.split == split]
        if not labels:
            faults.append(f"split '{split}' is empty")
            continue
        faults += [
            f"split '{split}' has no positive of the emotion '{emotion}'"
            for emotion, positives in zip(emotions, np.sum(labels, axis=0), strict=True)
            if positives == 0
        ]
    if faults:
        raise CorpusError(f"corpus '{name}': " + "; ".join(faults))
