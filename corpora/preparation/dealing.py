"""Dealing the utterances of a corpus into folds: whole speakers, sessions or dialogues."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np

from corpora.iemocap.ids import session_of
from corpora.source.errors import CorpusError
from corpora.source.label_space import LabelSpace
from corpora.source.names import release_of
from corpora.source.utterance import Source, Utterance
from corpora.store.folds import FEWEST_FOLDS, Folds

Unit = Literal["speakers", "sessions", "dialogues"]
"""What is never cut in two."""

UNITS: tuple[Unit, ...] = get_args(Unit)

RELEASE_WITH_SESSIONS = "iemocap"

_RULE = re.compile(rf"(?P<unit>{'|'.join(UNITS)})?(:?(?P<num>[0-9]+))?")


@dataclass(frozen=True)
class FoldRule:
    """How to deal: which units, and into how many folds.

    Without a unit, neither a speaker nor a dialogue is cut in two. Without a number, each unit is a
    fold of its own.
    """

    text: str
    unit: Unit | None
    num: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rule such as `speakers`, `dialogues:5` or `5`.

        Raises:
            CorpusError: If it is none.
        """
        match = _RULE.fullmatch(text)
        has_form = match is not None and (":" in text) == (None not in match.groups())
        if match is None or not text or not has_form:
            raise CorpusError(
                f"--folds {text!r} is none of {', '.join(UNITS)}, each maybe with a number behind, "
                "such as speakers:5; nor is it a number alone, nor none"
            )
        num = int(match["num"]) if match["num"] else None
        if num is not None and num < FEWEST_FOLDS:
            raise CorpusError(
                f"--folds {text}: {FEWEST_FOLDS} folds are the fewest: one tests, the next one "
                "validates, the others train"
            )
        unit = next((each for each in UNITS if each == match["unit"]), None)
        return cls(text, unit, num)


def deal(source: Source, rule: FoldRule, name: str) -> Folds:
    """Deal all utterances of a source, those of every split, into folds.

    The largest unit comes first, each into the fold that has the fewest utterances so far. So equal
    utterances are always dealt alike.

    Raises:
        CorpusError: If it has no such units, or too few, or if a fold lacks a class or an emotion.
    """
    units = _UNITS_OF[rule.unit](
        source.utterances, source.kind, f"corpus '{name}': --folds {rule.text}"
    )
    sizes = Counter(units)
    num = rule.num or len(sizes)
    if len(sizes) < max(num, FEWEST_FOLDS):
        raise CorpusError(
            f"corpus '{name}': --folds {rule.text}: {max(num, FEWEST_FOLDS)} folds need as many "
            f"{rule.unit or 'groups that share neither speaker nor dialogue'}, but there are "
            f"{len(sizes)}; deal fewer folds, or {_others(rule.unit)}"
        )
    if num == len(sizes):
        names = tuple(sorted(sizes)) if rule.unit else tuple(str(n + 1) for n in range(num))
        fold_of = {unit: number for number, unit in enumerate(sorted(sizes), start=1)}
    else:
        names = tuple(str(number + 1) for number in range(num))
        fold_of = _dealt(sizes, num)
    assigned = {one.id: fold_of[unit] for one, unit in zip(source.utterances, units, strict=True)}
    folds = Folds(
        rule=rule.text,
        names=names,
        assigned=assigned,
        num_cut_speakers=_num_cut(assigned, {one.id: one.speaker for one in source.utterances}),
        num_cut_groups=_num_cut(assigned, {one.id: one.group for one in source.utterances}),
    )
    check_folds(folds, {one.id: one.labels for one in source.utterances}, source.labels, name)
    return folds


def check_folds(
    folds: Folds, labels_of: Mapping[str, Sequence[float]], labels: LabelSpace, name: str
) -> None:
    """Make sure that each fold can validate and test.

    Args:
        folds: The folds.
        labels_of: The labels of each utterance that there is.
        labels: What they mean.
        name: The name of the corpus.

    Raises:
        CorpusError: If an utterance is in no fold, a fold is empty, or a fold lacks an emotion or
            a class; all faults together.
    """
    again = (
        f"; these folds were dealt by --folds {folds.rule}: deal other ones, or none with "
        "--folds none"
    )
    if strays := sorted(labels_of.keys() - folds.assigned.keys()):
        raise CorpusError(
            f"corpus '{name}': utterance '{strays[0]}' and {len(strays) - 1} others are in no fold"
            f"{again}"
        )
    if faults := [*_faults(folds, labels_of, labels)]:
        raise CorpusError(f"corpus '{name}': {'; '.join(faults)}{again}")


def _faults(
    folds: Folds, labels_of: Mapping[str, Sequence[float]], labels: LabelSpace
) -> Iterator[str]:
    what = "utterance of the class" if labels.task == "multiclass" else "positive of the emotion"
    for number, fold in enumerate(folds.names, start=1):
        members = [one for one, of_one in folds.assigned.items() if of_one == number]
        found = [labels_of[one] for one in members if one in labels_of]
        if not found:
            yield f"fold '{fold}' is empty"
        elif labels.task != "regression":
            for label, positives in zip(labels.names, np.sum(found, axis=0), strict=True):
                if positives == 0:
                    yield f"fold '{fold}' has no {what} '{label}'"


def _dealt(sizes: Mapping[str, int], num: int) -> dict[str, int]:
    """Deal units into folds of about equal size; return the fold of each."""
    totals = [0] * num
    fold_of = {}
    for unit in sorted(sizes, key=lambda unit: (-sizes[unit], unit)):
        smallest = totals.index(min(totals))
        fold_of[unit] = smallest + 1
        totals[smallest] += sizes[unit]
    return fold_of


def _speakers(utterances: Sequence[Utterance], kind: str, what: str) -> list[str]:
    if unknown := [one.id for one in utterances if one.speaker is None]:
        raise CorpusError(
            f"{what}: the speaker of utterance '{unknown[0]}' and {len(unknown) - 1} others is not "
            "known; deal dialogues"
        )
    return [one.speaker or "" for one in utterances]


def _sessions(utterances: Sequence[Utterance], kind: str, what: str) -> list[str]:
    if release_of(kind) != RELEASE_WITH_SESSIONS:
        raise CorpusError(
            f"{what}: a corpus of the kind '{kind}' has no sessions, IEMOCAP alone has; deal "
            "speakers or dialogues"
        )
    return [f"Session{session_of(one.id)}" for one in utterances]


def _dialogues(utterances: Sequence[Utterance], kind: str, what: str) -> list[str]:
    return [one.group for one in utterances]


def _whole(utterances: Sequence[Utterance], kind: str, what: str) -> list[str]:
    """Name for each utterance the smallest group that shares no dialogue, and no known speaker.

    If some speakers are not known, only dialogues are kept whole.
    """
    if any(one.speaker is None for one in utterances):
        return [one.group for one in utterances]
    first_of: dict[tuple[str, str], tuple[str, str]] = {}

    def find(one: tuple[str, str]) -> tuple[str, str]:
        while (parent := first_of.setdefault(one, one)) != one:
            first_of[one] = first_of[parent]
            one = parent
        return one

    ends = [(("dialogue", one.group), ("speaker", one.speaker or "")) for one in utterances]
    for pair in ends:
        first, second = sorted(map(find, pair))
        first_of[second] = first
    return ["/".join(find(dialogue)) for dialogue, _ in ends]


_UNITS_OF: Mapping[Unit | None, Callable[[Sequence[Utterance], str, str], list[str]]] = {
    "speakers": _speakers,
    "sessions": _sessions,
    "dialogues": _dialogues,
    None: _whole,
}
"""Name the unit of each utterance; the last argument begins the message of an error."""


def _others(unit: Unit | None) -> str:
    return " or ".join(other for other in ("speakers", "dialogues") if other != unit)


def _num_cut(fold_of: Mapping[str, int], units: Mapping[str, str | None]) -> int:
    """Count the units that have utterances in several folds."""
    places = {(unit, fold_of[one]) for one, unit in units.items() if unit is not None}
    return sum(num > 1 for num in Counter(unit for unit, _ in places).values())
