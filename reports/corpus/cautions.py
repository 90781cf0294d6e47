"""What about a prepared corpus makes scores mean less than they seem to."""

from collections.abc import Iterator

from corpora.source.names import release_of
from corpora.source.split import SPLITS
from corpora.store.manifest import Manifest

GROUPS = {
    "iemocap": "dialogue",
    "mosei": "video",
    "meld": "dialogue",
    "mmsa": "video",
    "csd": "video",
}
"""The meaning of `Utterance.group`, by release."""


def group_word(manifest: Manifest) -> str | None:
    """Say what the groups of a corpus are; None where they are only its speakers."""
    own = "dialogue" if manifest.has_dialogues else None
    return GROUPS.get(release_of(manifest.kind), own)


def cautions(manifest: Manifest) -> Iterator[str]:
    """List what must be known before scores on a corpus are believed."""
    yield from _constant_emotions(manifest)
    yield from _constant_targets(manifest)
    yield from _leaks(manifest)


def _constant_emotions(manifest: Manifest) -> Iterator[str]:
    """Name emotions that every utterance of a split has: no score can tell them from chance."""
    for emotion in manifest.emotions:
        splits = [
            f"{split} ({counts.num_utterances})"
            for split in SPLITS
            if (counts := manifest.splits[split]).positives.get(emotion) == counts.num_utterances
        ]
        if splits:
            yield (
                f"NO NEGATIVE: all utterances of {', '.join(splits)} have the emotion '{emotion}', "
                "so its weighted accuracy there is not defined"
            )


def _constant_targets(manifest: Manifest) -> Iterator[str]:
    """Name targets that have one value in a whole split: no correlation with them is defined."""
    for split in SPLITS:
        for target, counts in manifest.splits[split].targets.items():
            if counts.minimum == counts.maximum:
                yield (
                    f"CONSTANT: all utterances of {split} "
                    f"({manifest.splits[split].num_utterances}) have the {target} "
                    f"{counts.minimum:g}, so no correlation with it is defined there"
                )


def _leaks(manifest: Manifest) -> Iterator[str]:
    """Say what the test split shares with the training split."""
    shared, word = manifest.shared, group_word(manifest)
    counts = {"speaker": shared.num_speakers or 0, word: shared.num_groups if word else 0}
    leaks = [count_of(number, thing) for thing, number in counts.items() if thing and number]
    if leaks:
        verb = "is" if sum(counts.values()) == 1 else "are"
        yield f"LEAK: {' and '.join(leaks)} of the test split {verb} in the training split too"
    if shared.overlaps:
        first = shared.overlaps[0]
        verb = "shares" if len(shared.overlaps) == 1 else "share"
        yield (
            f"LEAK: {count_of(len(shared.overlaps), 'utterance')} of the test split {verb} a part "
            f"of a file with the training split, such as '{first.test}' with '{first.train}'"
        )


def count_of(number: int, thing: str) -> str:
    """Write a number of things."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
