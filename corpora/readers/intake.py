"""From ids to a source: each becomes an utterance or a reject, or is counted as left out."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora.recipes.pictures import Compat
from corpora.source.digest import source_digest
from corpora.source.errors import CorpusError, MediaError
from corpora.source.label_space import LabelSpace
from corpora.source.rejects import Reject, RejectReason
from corpora.source.split import SPLITS, Split
from corpora.source.utterance import Source, Utterance

FAITHFUL = Compat()
"""Repeats no mistake of Dai et al.: the default of every reader."""


class LeftOutError(Exception):
    """The corpus's own rules leave an utterance out; the message is the rule that is counted."""


class UnwantedLabelError(LeftOutError):
    """The user chose labels among which that of an utterance is not, so no list can ask for it."""


@dataclass(frozen=True)
class SplitRule:
    """Says which split an id belongs to, or None if it belongs to none.

    Attributes:
        split_of: The rule.
        listed: Ids that a list names; the corpus should hold a labelled utterance for each.
    """

    split_of: Callable[[str], Split | None]
    listed: Collection[str] = ()

    @classmethod
    def from_lists(cls, split_of: Mapping[str, Split]) -> "SplitRule":
        """Make the rule that follows id lists."""
        return cls(split_of.get, split_of.keys())


def require_split(split: Split | None) -> Split:
    """Return the split; an utterance that is in no split is left out.

    Raises:
        LeftOutError: If `split` is None.
    """
    if split is None:
        raise LeftOutError("in no split")
    return split


def build_source(
    kind: str,
    labels: LabelSpace,
    root: Path,
    *,
    found: Iterable[str],
    rule: SplitRule,
    make: Callable[[str, Split | None], Utterance],
    rejects: Sequence[Reject] = (),
) -> Source:
    """Make a source of all ids, in their order.

    Args:
        kind: Which corpus it is.
        labels: What each label stands for.
        root: The folder that holds all media.
        found: The ids that the release mentions; those that `rule` lists are added.
        rule: Assigns them to the splits.
        make: Makes the utterance of an id. A `MediaError` rejects it. A `LeftOutError` leaves it
            out, or rejects it if the id is listed; an `UnwantedLabelError` always leaves it out.
        rejects: Faults that were found before and belong to no id.

    Raises:
        CorpusError: If a split has no utterance; the message lists all faults that were found.
    """
    listed = set(rule.listed)
    utterances: list[Utterance] = []
    rejected = list(rejects)
    left_out: Counter[str] = Counter()
    for name in sorted(listed.union(found)):
        split = rule.split_of(name)
        try:
            utterances.append(make(name, split))
        except MediaError as error:
            rejected.append(_reject(name, split, error.reason, error.detail))
        except LeftOutError as error:
            if name in listed and not isinstance(error, UnwantedLabelError):
                rejected.append(_reject(name, split, RejectReason.NO_LABEL, str(error)))
            else:
                left_out[str(error)] += 1
    _check_splits(root, utterances, rejected, left_out)
    return Source(
        kind=kind,
        labels=labels,
        utterances=tuple(utterances),
        digest=source_digest(root, utterances, labels),
        rejects=tuple(rejected),
        left_out=dict(sorted(left_out.items())),
    )


def _reject(name: str, split: Split | None, reason: RejectReason, detail: str) -> Reject:
    return Reject(utterance=name, split=split, reason=reason, detail=detail)


def _check_splits(
    root: Path,
    utterances: Sequence[Utterance],
    rejects: Sequence[Reject],
    left_out: Mapping[str, int],
) -> None:
    empty = [split for split in SPLITS if all(found.split != split for found in utterances)]
    if not empty:
        return
    faults = [f"the splits without utterance are: {', '.join(empty)}"]
    examples = {reject.reason: reject for reject in reversed(rejects)}
    faults += [
        f"rejected as {reason}: {count}, such as '{examples[reason].utterance}': "
        f"{examples[reason].detail}"
        for reason, count in Counter(reject.reason for reject in rejects).items()
    ]
    faults += [f"left out, {reason}: {count}" for reason, count in left_out.items()]
    raise CorpusError(f"'{root}':\n" + "\n".join(f"  {fault}" for fault in faults))
