from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from corpora.iemocap.release import read_iemocap
from corpora.media.segments import ImageSequence, SoundSegment
from corpora.preparation.dealing import FoldRule, check_folds, deal
from corpora.source.errors import CorpusError
from corpora.source.label_space import LabelSpace
from corpora.source.split import SPLITS
from corpora.source.task import TaskKind
from corpora.source.utterance import Source, Utterance
from corpora.store.folds import Folds
from tests.corpora.laid_utterances import iemocap_utterances
from tests.corpora.raw_iemocap_factory import write_raw_iemocap

Spoken = tuple[str, str | None, str]
"""An utterance's id, speaker and dialogue."""


def source_of(
    spoken: Sequence[Spoken],
    labels: Sequence[tuple[float, ...]] | None = None,
    task: TaskKind = "multilabel",
) -> Source:
    labels = [(1, 1)] * len(spoken) if labels is None else labels
    nothing = Path("nothing")
    utterances = tuple(
        Utterance(
            id=name,
            pictures=ImageSequence((), rate_fps=1.0),
            sound=SoundSegment(nothing, 0.0, 1.0),
            duration_s=1.0,
            text="",
            labels=of_one,
            split=SPLITS[number % 3],
            group=dialogue,
            speaker=speaker,
        )
        for number, ((name, speaker, dialogue), of_one) in enumerate(
            zip(spoken, labels, strict=True)
        )
    )
    return Source("clips", LabelSpace(("happy", "sad"), task), utterances, "digest")


def members(folds: Folds) -> list[str]:
    """Join the ids of each fold."""
    return [
        "".join(name for name, fold in folds.assigned.items() if fold == number)
        for number in range(1, folds.num + 1)
    ]


def dealt(rule: str, spoken: Sequence[Spoken]) -> Folds:
    return deal(source_of(spoken), FoldRule.parse(rule), "mine")


TALK = [
    ("a", "cy", "d1"),
    ("b", "ann", "d1"),
    ("c", "bob", "d2"),
    ("d", "ann", "d2"),
    ("e", "dan", "d3"),
    ("f", "ann", "d3"),
    ("g", "eve", "d4"),
]


def test_each_speaker_is_a_fold_by_name() -> None:
    folds = dealt("speakers", TALK)
    assert dict(zip(folds.names, members(folds), strict=True)) == {
        "ann": "bdf",
        "bob": "c",
        "cy": "a",
        "dan": "e",
        "eve": "g",
    }
    assert (folds.num_cut_speakers, folds.num_cut_groups) == (0, 3)


def test_the_largest_comes_first_into_the_smallest_fold() -> None:
    folds = dealt("speakers:3", TALK)
    assert folds.names == ("1", "2", "3")
    assert members(folds) == ["bdf", "ce", "ag"]  # ann; bob and dan; cy and eve


def test_dialogues_are_not_cut() -> None:
    folds = dealt("dialogues:3", TALK)
    assert members(folds) == ["abg", "cd", "ef"]
    assert (folds.num_cut_speakers, folds.num_cut_groups) == (1, 0)


def test_number_alone_cuts_neither_speakers_nor_dialogues() -> None:
    spoken = [
        ("a", "ann", "d1"),
        ("b", "bob", "d1"),
        ("c", "bob", "d2"),
        ("d", "cy", "d3"),
        ("e", "dan", "d4"),
    ]
    folds = dealt("3", spoken)
    assert sorted(members(folds)) == ["abc", "d", "e"]  # ann and bob talk to each other
    assert (folds.num_cut_speakers, folds.num_cut_groups) == (0, 0)
    assert sorted(members(dealt("3", [(n, None, d) for n, _, d in spoken]))) == ["ab", "ce", "d"]


def test_folds_do_not_depend_on_the_order_of_the_units() -> None:
    there, back = dealt("speakers:3", TALK), dealt("speakers:3", TALK[::-1])
    assert there.assigned == back.assigned
    assert there.digest != back.digest  # training reads them in another order


def test_sessions_of_iemocap_are_left_out_in_turn(tmp_path: Path) -> None:
    utterances = iemocap_utterances()
    folder = write_raw_iemocap(tmp_path, utterances, media=False)
    source = read_iemocap(folder, leave_out_session=1)
    classes = replace(source, kind="iemocap-six-class")
    assert deal(classes, FoldRule.parse("sessions"), "x").num == 5
    for rule in ("sessions", "sessions:5", "5"):
        folds = deal(source, FoldRule.parse(rule), "iemocap")
        sessions = {name: int(name[4]) for name in folds.assigned}
        assert folds.assigned == sessions
        assert len(folds.assigned) == len(utterances)
        assert (folds.num_cut_speakers, folds.num_cut_groups) == (0, 0)
    assert deal(source, FoldRule.parse("sessions"), "x").names == tuple(
        f"Session{number}" for number in range(1, 6)
    )
    with pytest.raises(CorpusError, match=r"fold 'Ses01F' has no positive of the emotion 'exc'"):
        deal(source, FoldRule.parse("speakers"), "iemocap")


@pytest.mark.parametrize(
    "text", ["", "speaker", "speakers5", ":5", "speakers:", "speakers:x", "-5", "5:speakers"]
)
def test_rule_of_another_form_is_told(text: str) -> None:
    with pytest.raises(CorpusError, match=r"is none of speakers, sessions, dialogues.*speakers:5"):
        FoldRule.parse(text)


def test_two_folds_are_too_few() -> None:
    with pytest.raises(CorpusError, match=r"--folds speakers:2: 3 folds are the fewest"):
        FoldRule.parse("speakers:2")


@pytest.mark.parametrize(
    ("rule", "spoken", "told"),
    [
        ("sessions", TALK, "a corpus of the kind 'clips' has no sessions"),
        ("speakers:6", TALK, "6 folds need as many speakers, but there are 5; deal fewer folds"),
        ("speakers", TALK[:2], "3 folds need as many speakers, but there are 2"),
        ("3", TALK, "share neither speaker nor dialogue, but there are 2"),
        ("speakers", [*TALK, ("h", None, "d9")], "speaker of utterance 'h' and 0 others"),
    ],
)
def test_what_cannot_be_dealt_is_told(rule: str, spoken: list[Spoken], told: str) -> None:
    with pytest.raises(CorpusError, match=f"corpus 'mine': --folds {rule}: .*{told}"):
        dealt(rule, spoken)


LACKING = [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
"""Of four speakers, the second is never sad, the third never happy."""


@pytest.mark.parametrize(
    ("task", "thing"),
    [("multilabel", "positive of the emotion"), ("multiclass", "utterance of the class")],
)
def test_fold_without_a_label_is_named(task: TaskKind, thing: str) -> None:
    spoken = [(name, name, name) for name in "abcd"]
    source = source_of(spoken, LACKING, task)
    told = f"fold 'b' has no {thing} 'sad'; fold 'c' has no {thing} 'happy'; .*--folds speakers"
    with pytest.raises(CorpusError, match=told):
        deal(source, FoldRule.parse("speakers"), "mine")
    numbers = source_of(spoken, LACKING, "regression")
    assert deal(numbers, FoldRule.parse("speakers"), "mine").num == 4


def test_utterance_in_no_fold_and_a_fold_without_utterances_are_told() -> None:
    folds = dealt("speakers", TALK)
    labels = LabelSpace(("happy", "sad"))
    every = dict.fromkeys(folds.assigned, (1.0, 1.0))
    check_folds(folds, every, labels, "mine")
    with pytest.raises(CorpusError, match="utterance 'new' and 0 others are in no fold"):
        check_folds(folds, {**every, "new": (1.0, 1.0)}, labels, "mine")
    del every["g"]
    with pytest.raises(CorpusError, match="fold 'eve' is empty"):
        check_folds(folds, every, labels, "mine")
