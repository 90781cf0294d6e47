"""What the labels of a corpus must fulfil."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from corpora.source.errors import CorpusError
from corpora.source.label_space import LabelSpace
from corpora.source.split import SPLITS
from corpora.source.task import TaskKind
from corpora.source.utterance import Utterance

_MAX_TOLD = 5
"""Of so many utterances with the same fault the ids are told."""


def check_labels(utterances: Sequence[Utterance], labels: LabelSpace, name: str) -> None:
    """Make sure that every split can be used for training or scores.

    Every split must have utterances. Each must have a positive of every emotion, or an utterance
    of every class: else no score of it is defined there, in training it cannot be learnt. A class
    is 1 for exactly one of an utterance's classes. The values of targets are numbers, within their
    range where it is known.

    Raises:
        CorpusError: If that is not so; all faults together.
    """
    faults = [
        f"split '{split}' is empty"
        for split in SPLITS
        if all(utterance.split != split for utterance in utterances)
    ]
    faults += _FAULTS[labels.task](utterances, labels)
    if faults:
        raise CorpusError(f"corpus '{name}': " + "; ".join(faults))


def _faults_of_emotions(utterances: Sequence[Utterance], labels: LabelSpace) -> Iterator[str]:
    for split, emotion in _missing(utterances, labels):
        yield f"split '{split}' has no positive of the emotion '{emotion}'"


def _faults_of_classes(utterances: Sequence[Utterance], labels: LabelSpace) -> Iterator[str]:
    if len(labels.names) < 2:
        yield f"a multiclass corpus needs two classes, but has {', '.join(labels.names) or 'none'}"
    one_hot = [0] * (len(labels.names) - 1) + [1]
    others = [each.id for each in utterances if sorted(each.labels) != one_hot]
    if others:
        yield f"exactly one class must be 1, which is not so for {_listed(others)}"
    for split, class_name in _missing(utterances, labels):
        yield f"split '{split}' has no utterance of the class '{class_name}'"


def _faults_of_targets(utterances: Sequence[Utterance], labels: LabelSpace) -> Iterator[str]:
    for place, target in enumerate(labels.names):
        values = {each.id: each.labels[place] for each in utterances}
        no_numbers = [name for name, value in values.items() if not np.isfinite(value)]
        if no_numbers:
            yield f"the target '{target}' is no number for {_listed(no_numbers)}"
        if labels.range is not None:
            low, high = labels.range
            outside = [name for name, value in values.items() if value < low or value > high]
            if outside:
                yield (
                    f"the target '{target}' is outside of {low:g} to {high:g} for "
                    f"{_listed(outside)}"
                )


_FAULTS: Mapping[TaskKind, Callable[[Sequence[Utterance], LabelSpace], Iterator[str]]] = {
    "multilabel": _faults_of_emotions,
    "multiclass": _faults_of_classes,
    "regression": _faults_of_targets,
}


def _missing(utterances: Sequence[Utterance], labels: LabelSpace) -> Iterator[tuple[str, str]]:
    """Name each split that has utterances, and each emotion or class that none of them has."""
    for split in SPLITS:
        found = [utterance.labels for utterance in utterances if utterance.split == split]
        if found:
            for name, positives in zip(labels.names, np.sum(found, axis=0), strict=True):
                if positives == 0:
                    yield split, name


def _listed(ids: Sequence[str]) -> str:
    told = ", ".join(f"'{name}'" for name in ids[:_MAX_TOLD])
    return told if len(ids) <= _MAX_TOLD else f"{told} and {len(ids) - _MAX_TOLD} more"
