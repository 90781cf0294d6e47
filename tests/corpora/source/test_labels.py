from pathlib import Path

import pytest

from corpora.media.segments import ImageSequence, SoundSegment
from corpora.source.errors import CorpusError
from corpora.source.label_space import LabelSpace
from corpora.source.labels import check_labels
from corpora.source.split import SPLITS, Split
from corpora.source.utterance import Utterance

EMOTIONS = LabelSpace(("glad", "sad"))
CLASSES = LabelSpace(("glad", "sad"), "multiclass")
NUMBERS = LabelSpace(("valence",), "regression", (-3.0, 3.0))

Rows = dict[Split, list[tuple[float, ...]]]


def utterances(**rows: list[tuple[float, ...]]) -> list[Utterance]:
    return [
        Utterance(
            id=f"{split}{index}",
            pictures=ImageSequence((), 1.0),
            sound=SoundSegment(Path("none"), 0.0, 1.0),
            duration_s=1.0,
            text="",
            labels=labels,
            split=split,
            group="",
        )
        for split in SPLITS
        for index, labels in enumerate(rows[split])
    ]


BOTH: list[tuple[float, ...]] = [(1, 0), (0, 1)]
SOME: list[tuple[float, ...]] = [(-3.0,), (0.5,)]


@pytest.mark.parametrize(
    ("space", "rows"), [(EMOTIONS, BOTH), (CLASSES, BOTH), (NUMBERS, SOME)], ids=str
)
def test_labels_of_each_task_are_accepted(space: LabelSpace, rows: list[tuple[float, ...]]) -> None:
    check_labels(utterances(train=rows, valid=rows, test=rows), space, "mine")


@pytest.mark.parametrize(
    ("space", "rows", "message"),
    [
        (EMOTIONS, [(1, 0)], "split 'train' has no positive of the emotion 'sad'"),
        (CLASSES, [(1, 0)], "split 'train' has no utterance of the class 'sad'"),
        (CLASSES, [], "corpus 'mine': split 'train' is empty$"),
        (CLASSES, [*BOTH, (1, 1)], "exactly one class must be 1, which is not so for 'train2'"),
        (CLASSES, [*BOTH, (0, 0)], "exactly one class must be 1, which is not so for 'train2'"),
        (CLASSES, [*BOTH, (1, 0.5)], "exactly one class must be 1, which is not so for 'train2'"),
        (
            NUMBERS,
            [*SOME, (3.01,), (-9.0,)],
            "the target 'valence' is outside of -3 to 3 for 'train2', 'train3'$",
        ),
        (NUMBERS, [(float("nan"),)], "the target 'valence' is no number for 'train0'$"),
        (NUMBERS, [(9.0,)] * 7, "for 'train0', 'train1', .*, 'train4' and 2 more"),
    ],
)
def test_faulty_label_is_named(
    space: LabelSpace, rows: list[tuple[float, ...]], message: str
) -> None:
    good = SOME if space is NUMBERS else BOTH
    with pytest.raises(CorpusError, match=message):
        check_labels(utterances(train=rows, valid=good, test=good), space, "mine")


@pytest.mark.parametrize("split", ["valid", "test"])
def test_class_that_a_split_of_scores_lacks_is_named(split: Split) -> None:
    rows: dict[str, list[tuple[float, ...]]] = {"train": BOTH, "valid": BOTH, "test": BOTH}
    with pytest.raises(CorpusError, match=f"split '{split}' has no utterance of the class 'glad'"):
        check_labels(utterances(**rows | {split: [(0, 1)]}), CLASSES, "mine")


def test_one_class_alone_is_refused() -> None:
    one = utterances(train=[(1,)], valid=[(1,)], test=[(1,)])
    with pytest.raises(CorpusError, match="a multiclass corpus needs two classes, but has glad"):
        check_labels(one, LabelSpace(("glad",), "multiclass"), "mine")
