"""MMSA's pickles: what is read of them, and that nothing in them is run."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from corpora.feature_files.mmsa import read_mmsa
from corpora.feature_files.read import FeatureChoices, read_features
from corpora.source.errors import CorpusError
from corpora.source.split import SPLITS
from tests.corpora.feature_file_factory import (
    MMSA_WORDS,
    NUM_PADDED,
    Hostile,
    features_of,
    mmsa_split,
    write_mmsa,
)


def everywhere(changes: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    return dict.fromkeys(SPLITS, changes)


def test_file_gives_opinions_from_minus_3_to_3(tmp_path: Path) -> None:
    source = read_mmsa(write_mmsa(tmp_path / "unaligned_50.pkl")).source
    assert (source.kind, source.task, source.emotions) == ("mmsa", "regression", ("sentiment",))
    assert source.labels.range == (-3.0, 3.0)
    assert [len([u for u in source.utterances if u.split == s]) for s in ("train", "test")] == [
        4,
        4,
    ]
    second = source.utterances[5]
    assert (second.id, second.group, second.split) == ("validVideo0$_$1", "validVideo0", "valid")
    assert (second.labels, second.text) == ((-1.0,), "THIS IS NUMBER 1")


def test_padding_is_cut_by_the_lengths_in_the_file(tmp_path: Path) -> None:
    features = read_mmsa(write_mmsa(tmp_path / "unaligned_50.pkl")).features
    found = features.features("testVideo1$_$3")
    assert np.array_equal(found.audio, features_of("test3", "audio"))
    assert np.array_equal(found.vision, features_of("test3", "vision"))
    assert np.array_equal(found.text, features_of("test3", "text"))
    assert len(found.text) == MMSA_WORDS


def test_aligned_rows_are_as_many_as_tokens(tmp_path: Path) -> None:
    tokens = np.zeros((4, 3, NUM_PADDED))
    for row in range(4):
        tokens[row, 1, : row + 4] = 1
    changes = {"text_bert": tokens, "audio_lengths": None, "vision_lengths": None}
    path = write_mmsa(tmp_path / "aligned_50.pkl", everywhere(changes))
    found = read_mmsa(path).features.features("trainVideo0$_$1")
    assert [len(rows) for rows in (found.text, found.audio, found.vision)] == [5, 5, 5]


def test_rows_of_zeros_are_padding_where_no_lengths_are_told(tmp_path: Path) -> None:
    nothing: dict[str, object] = {"text_bert": None, "audio_lengths": None, "vision_lengths": None}
    quiet = mmsa_split("train")["audio"]
    assert isinstance(quiet, np.ndarray)
    quiet[0] = 0
    changes = everywhere(nothing)
    changes |= {"train": nothing | {"audio": quiet}}
    features = read_mmsa(write_mmsa(tmp_path / "a.pkl", changes)).features
    assert np.array_equal(features.features("testVideo0$_$0").audio, features_of("test0", "audio"))
    assert features.features("trainVideo0$_$0").audio.tolist() == [[0.0] * 5]


def test_annotations_are_classes_if_wanted(tmp_path: Path) -> None:
    source = read_mmsa(write_mmsa(tmp_path / "a.pkl"), task="multiclass").source
    assert (source.task, source.emotions) == ("multiclass", ("Negative", "Neutral", "Positive"))
    assert [clip.labels for clip in source.utterances[:3]] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_ch_sims_has_another_range(tmp_path: Path) -> None:
    halves = {"regression_labels": [0.5] * 4, "regression_labels_T": [0.5] * 4}
    path = write_mmsa(tmp_path / "a.pkl", everywhere(halves))
    assert read_mmsa(path).source.labels.range == (-1.0, 1.0)
    assert read_mmsa(path, label_range=(-2, 2)).source.labels.range == (-2, 2)


def test_modality_that_no_split_has_is_lacking(tmp_path: Path) -> None:
    found = read_mmsa(write_mmsa(tmp_path / "a.pkl", everywhere({"vision": None})))
    assert found.source.without == ("vision",)
    assert found.features.features("testVideo0$_$0").vision.tolist() == [[0.0]]


def infinite() -> np.ndarray:
    audio = mmsa_split("train")["audio"]
    assert isinstance(audio, np.ndarray)
    audio[2, 1, 3] = -np.inf
    audio[2, 7, 3] = np.nan  # padding, which nobody reads
    return audio


def test_infinite_sound_is_named_and_zero_stands_for_it_if_wanted(tmp_path: Path) -> None:
    path = write_mmsa(tmp_path / "a.pkl", {"train": {"audio": infinite()}})
    with pytest.raises(CorpusError, match=re.escape("'trainVideo1$_$2', audio: 1 of its 35 numb")):
        read_mmsa(path)
    found = read_mmsa(path, fills=True)
    assert found.num_filled == 1
    assert found.features.features("trainVideo1$_$2").audio[1, 3] == 0


Changes = Mapping[str, Mapping[str, object]]
FAULTS: dict[str, tuple[Changes, str]] = {
    "fewer labels": (
        {"valid": {"regression_labels": [1.0, 2.0]}},
        "valid, regression_labels: there are 2 entries for 4 utterances in 'id'",
    ),
    "fewer features": (
        {"train": {"audio": np.ones((3, 8, 5))}},
        "train, audio: its shape (3, 8, 5) is not (4, any, any); the first number counts",
    ),
    "no labels": (
        {"train": {"regression_labels": None}},
        "train: there is no 'regression_labels'; it has: text, audio, vision, id",
    ),
    "other widths": (
        {"test": {"vision": np.ones((4, 8, 9))}},
        "utterance 'testVideo0$_$0', vision: a row has 9 numbers, but 4 in 8 other utterances",
    ),
    "lengths beyond the array": (
        {"train": {"audio_lengths": [9, 1, 1, 1]}},
        "train, audio_lengths: an utterance has 0 to 8 rows of audio, but this says 1 to 9",
    ),
    "an id twice": (
        {"test": {"id": ["trainVideo0$_$0", "b", "c", "d"]}},
        "1 ids stand there twice, such as 'trainVideo0$_$0'",
    ),
    "ids that are no texts": (
        {"test": {"id": np.ones((4, 3))}},
        "test, id: [1.0, 1.0, 1.0] is no text, such as '03bSnISJMiM$_$11'",
    ),
    "a modality in one split": (
        {"test": {"vision": None}},
        "all splits need the same of text, audio, vision, but there is train: text, audio, vision",
    ),
    "labels that are no numbers": (
        {"test": {"regression_labels": ["a", "b", "c", "d"]}},
        "test, regression_labels: one number an utterance is wanted",
    ),
    "rows of several lengths": (
        {"test": {"audio": [[[1.0]], [[1.0], [2.0]], [[1.0]], [[1.0]]]}},
        "test, audio: rows of one length are wanted",
    ),
}


@pytest.mark.parametrize(("changes", "message"), FAULTS.values(), ids=FAULTS)
def test_fault_is_named_with_its_split(changes: Changes, message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=re.escape(message)):
        read_mmsa(write_mmsa(tmp_path / "a.pkl", changes))


def test_emotions_are_not_in_such_a_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="choose --task regression or --task multiclass"):
        read_mmsa(write_mmsa(tmp_path / "a.pkl"), task="multilabel")


def test_other_pickle_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"train": 1, "dev": 2}))
    with pytest.raises(CorpusError, match=r"must be a dict of train, valid, test.*has: train, dev"):
        read_mmsa(path)


def test_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    target = tmp_path / "made"
    path = write_mmsa(tmp_path / "a.pkl", {"test": {"raw_text": Hostile(target)}})
    with pytest.raises(CorpusError, match=r"asks for 'posix.mkdir', which plain data never needs"):
        read_features(path, FeatureChoices())
    assert not target.exists()
    pickle.loads(path.read_bytes())  # the same file is dangerous where pickles are trusted
    assert target.exists()


def test_options_of_a_csv_are_refused(tmp_path: Path) -> None:
    path = write_mmsa(tmp_path / "a.pkl")
    with pytest.raises(CorpusError, match="leave out --csv, --ignore, --splits"):
        read_features(path, FeatureChoices(ignore=("x",)))
