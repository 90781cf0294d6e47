"""From ids to a source: each becomes an utterance or a reject, or is counted as left out."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora.recipes.pictures import Compat
from corpora.source.digest import source_digest
from corpora.source.errors import CorpusError, MediaError
from corpora.source.rejects import Reject, RejectReason
from corpora.source.split import SPLITS, Split
from corpora.source.utterance import Source, Utterance

FAITHFUL = Compat()
"""What a corpus says, without the mistakes of Dai et al.: the default of every reader."""


class LeftOutError(Exception):
    """The corpus's own rules leave an utterance out; the message is the rule that is counted."""


@dataclass(frozen=True)
class SplitRule:
    """Says which split an id belongs to, None for no split.

    Attributes:
        split_of: The rule.
        listed: Ids that a list names: the corpus should hold a labelled utterance for each.
    """

    split_of: Callable[[str], Split | None]
    listed: Collection[str] = ()

    @classmethod
    def from_lists(cls, split_of: Mapping[str, Split]) -> "SplitRule":
        """Follow id lists."""
        return cls(split_of.get, split_of.keys())


def require_split(split: Split | None) -> Split:
    """Leave out what is in no split.

    Raises:
        LeftOutError: If `split` is None.
    """
    if split is None:
        raise LeftOutError("in no split")
    return split


def build_source(
    kind: str,
    emotions: tuple[str, ...],
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
        emotions: Which each label stands for.
        root: The folder that holds all media.
        found: The ids that the release speaks of; those that `rule` lists are added.
        rule: Deals them to the splits.
        make: Makes the utterance of an id; a `MediaError` rejects it, a `LeftOutError` leaves it
            out, which is a reject, too, if the id is listed.
        rejects: What was found to be wrong without an id.

    Raises:
        CorpusError: If a split has no utterance, with all that was found to be wrong.
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
            if name in listed:
                rejected.append(_reject(name, split, RejectReason.NO_LABEL, str(error)))
            else:
                left_out[str(error)] += 1
    _check_splits(root, utterances, rejected, left_out)
    return Source(
        kind=kind,
        emotions=emotions,
        utterances=tuple(utterances),
        digest=source_digest(root, utterances),
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
