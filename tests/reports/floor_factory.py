"""Floors of a corpus that nobody prepared."""

from pathlib import Path

import numpy as np

from reports.ledger.floor_file import Linear, LinearFacts, write_floor
from reports.ledger.record import Predictions
from search_spaces.trial import CorpusRef
from tests.reports.factories import EMOTIONS, make_split, make_trial


def make_linear(
    valid: Predictions, test: Predictions, corpus: CorpusRef | None = None, **changes: object
) -> Linear:
    given = {
        "corpus": corpus or make_trial().corpus,
        "emotions": EMOTIONS,
        "features": "some numbers",
        "inverse_penalty": 1.0,
        "libraries": {},
    }
    facts = LinearFacts.model_validate(given | changes)
    return Linear(facts, {"valid": valid, "test": test})


def write_linear(storage: Path, num_wrong: int, corpus: CorpusRef | None = None) -> Path:
    """Write the floors of a linear classifier that is wrong for so many of 20 utterances."""
    split = make_split(0, num_wrong)
    return write_floor(storage, make_linear(split, split, corpus))


def of_labels(*labels: tuple[int, ...]) -> Predictions:
    """Make a split of these labels, of which nothing is predicted."""
    truth = np.array(labels, np.int8)
    return Predictions(
        ids=np.array([f"utterance-{number}" for number in range(len(truth))]),
        groups=np.array(["dialogue"] * len(truth)),
        labels=truth,
        probabilities=np.zeros(truth.shape, np.float32),
    )
