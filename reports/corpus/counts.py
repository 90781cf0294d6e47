"""The counts of a prepared corpus beside the counts that the papers print."""

from collections.abc import Iterator
from dataclasses import dataclass

from corpora.source.split import SPLITS
from corpora.store.manifest import Manifest
from reports.corpus.class_counts import PUBLISHED_CLASSES, ClassCounts
from search_spaces.printed.published import load_published

SIZES, POSITIVES, POSITIVES_BY_SPLIT = "le_t1", "le_t2", "xia_t1"

PRINTED_FAMILIES = {"IEMOCAP": "iemocap", "CMU-MOSEI": "mosei"}
"""The families of corpora by the names that Le et al. print."""

PRINTED_EMOTIONS = {
    "iemocap": {
        "Angry": "ang",
        "Anger": "ang",
        "Excited": "exc",
        "Frustrated": "fru",
        "Happy": "hap",
        "Happiness": "hap",
        "Neutral": "neu",
        "Sad": "sad",
        "Sadness": "sad",
    },
    "mosei": {
        "Angry": "anger",
        "Anger": "anger",
        "Disgusted": "disgust",
        "Disgust": "disgust",
        "Fear": "fear",
        "Happy": "happy",
        "Happiness": "happy",
        "Sad": "sad",
        "Sadness": "sad",
        "Surprised": "surprise",
        "Surprise": "surprise",
    },
}
"""Our emotions of each family by the names that the two papers print."""


@dataclass(frozen=True)
class ComparedCount:
    """A printed count and ours.

    `reference` names the printed row, such as `le_t2/mosei_fear`, or the paper.
    """

    reference: str
    what: str
    ours: int
    published: str

    @property
    def difference(self) -> int:
        """Our count minus the printed one."""
        return self.ours - int(self.published)


def compare_counts(manifest: Manifest) -> tuple[ComparedCount, ...]:
    """Compare our counts with every count that papers print for the corpus.

    The result is empty for other corpora, and for a corpus of the same name with other emotions.
    """
    classes = PUBLISHED_CLASSES.get(manifest.kind)
    if classes is not None and set(classes.in_all) == set(manifest.emotions):
        return tuple(_classes(manifest, classes))
    family = manifest.identity.family
    emotions = PRINTED_EMOTIONS.get(family, {})
    if not emotions or not set(emotions.values()) <= set(manifest.emotions):
        return ()
    return (
        *_sizes(manifest, family),
        *_positives(manifest, family),
        *_positives_by_split(manifest, family),
    )


def _sizes(manifest: Manifest, family: str) -> Iterator[ComparedCount]:
    """Read Le et al., Table 1: a row for each split and one for all, a column for each corpus."""
    table = load_published().table(SIZES)
    column = [PRINTED_FAMILIES[name] for name in table.columns].index(family)
    ours: dict[str, int] = {split: manifest.splits[split].num_utterances for split in SPLITS}
    ours["total"] = sum(ours.values())
    for row in table.rows:
        where = "all splits" if row.id == "total" else row.id
        what = f"utterances in {where}"
        yield ComparedCount(f"{SIZES}/{row.id}", what, ours[row.id], row.values[column])


def _positives(manifest: Manifest, family: str) -> Iterator[ComparedCount]:
    """Read Le et al., Table 2: a row for each corpus and emotion."""
    for row in load_published().table(POSITIVES).rows:
        printed_family, printed = row.name.split()
        if PRINTED_FAMILIES[printed_family] == family:
            emotion = PRINTED_EMOTIONS[family][printed]
            ours = sum(split.positives[emotion] for split in manifest.splits.values())
            what = f"{emotion} in all splits"
            yield ComparedCount(f"{POSITIVES}/{row.id}", what, ours, *row.values)


def _positives_by_split(manifest: Manifest, family: str) -> Iterator[ComparedCount]:
    """Read Xia et al., Table 1: a row for each corpus and split, a column for each emotion."""
    ours = {str(split): counts.positives for split, counts in manifest.splits.items()}
    for row in load_published().table(POSITIVES_BY_SPLIT).rows:
        if row.dataset == family:
            for printed, published in zip(row.columns, row.values, strict=True):
                emotion = PRINTED_EMOTIONS[family][printed]
                yield ComparedCount(
                    f"{POSITIVES_BY_SPLIT}/{row.id}",
                    f"{emotion} in {row.split}",
                    ours[row.split][emotion],
                    published,
                )


def _classes(manifest: Manifest, published: ClassCounts) -> Iterator[ComparedCount]:
    """Compare the counts of classes in each split, where they are known, and in all splits."""
    for split, counts in published.by_split.items():
        for name, number in counts.items():
            ours = manifest.splits[split].positives[name]
            yield ComparedCount(published.source, f"{name} in {split}", ours, str(number))
    for name, number in published.in_all.items():
        ours = sum(split.positives[name] for split in manifest.splits.values())
        yield ComparedCount(published.source, f"{name} in all splits", ours, str(number))
