"""Computational sequences of the CMU Multimodal SDK, where h5py is installed."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpora.feature_files.read import FeatureChoices, read_features
from corpora.feature_files.sequence import SequenceFile
from corpora.feature_files.store import FeatureCorpus
from corpora.source.errors import CorpusError
from corpora.source.split import SPLITS
from tests.corpora.feature_file_factory import WIDTHS, label_lines
from tests.corpora.media_factory import write_csv

ROWS_A_SECOND = 4

Content = Mapping[str, tuple[object, object]]
"""Features and intervals, by key."""


def test_missing_library_is_told_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "audio.csd").touch()
    with pytest.raises(CorpusError, match=r"pip install 'mmer-sweep\[csd\]'"):
        read_features(tmp_path, FeatureChoices())


@pytest.fixture
def h5py() -> Any:
    return pytest.importorskip("h5py", reason="h5py is not installed: pip install h5py")


def write_sequence(h5py: Any, path: Path, content: Content) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        group = file.create_group("a name")
        group.create_group("metadata")["root name"] = "a name"
        data = group.create_group("data")
        for key, (features, intervals) in content.items():
            data.create_group(key)
            data[key]["features"] = features
            data[key]["intervals"] = intervals
    return path


def rows_of(video: str, modality: str) -> np.ndarray:
    """Make eight rows, four a second; the first number of each is its own."""
    rows = np.zeros((2 * ROWS_A_SECOND, WIDTHS[modality]), np.float32)
    rows[:, 0] = np.arange(len(rows)) + 100 * len(video)
    return rows


def times() -> np.ndarray:
    begin = np.arange(2 * ROWS_A_SECOND) / ROWS_A_SECOND
    return np.stack([begin, begin + 1 / ROWS_A_SECOND], axis=1)


VIDEOS = {split: [f"{split}_a", f"{split}_bb"] for split in SPLITS}


def write_folder(h5py: Any, folder: Path, labels: object = ((-1.5,), (2.0,))) -> FeatureChoices:
    """Write sequences of videos of two seconds, with a label for each second, and the lists."""
    videos = [video for of_split in VIDEOS.values() for video in of_split]
    for modality in WIDTHS:
        content = {video: (rows_of(video, modality), times()) for video in videos}
        write_sequence(h5py, folder / f"{modality}.csd", content)
    seconds = [[0.0, 1.0], [1.0, 2.0]]
    write_sequence(h5py, folder / "labels.csd", dict.fromkeys(videos, (labels, seconds)))
    for split, of_split in VIDEOS.items():
        (folder / f"{split}_split.txt").write_text("\n".join(of_split))
    return FeatureChoices(splits=folder)


def read(h5py: Any, folder: Path, **choices: Any) -> FeatureCorpus:
    chosen = write_folder(h5py, folder)
    return read_features(folder, FeatureChoices(splits=chosen.splits, **choices))


def test_segments_of_videos_have_the_rows_of_their_time(h5py: Any, tmp_path: Path) -> None:
    found = read(h5py, tmp_path, label_range=(-3, 3))
    source = found.source
    assert (source.kind, source.task, source.emotions) == ("csd", "regression", ("sentiment",))
    assert len(source.utterances) == 12
    second = next(one for one in source.utterances if one.id == "test_a[1]")
    assert (second.split, second.group, second.labels) == ("test", "test_a", (2.0,))
    assert second.duration_s == 1.0
    audio = found.features.features("test_a[1]").audio
    assert np.array_equal(audio, rows_of("test_a", "audio")[4:])


def test_keys_of_segments_are_read_as_they_are(h5py: Any, tmp_path: Path) -> None:
    choices = write_folder(h5py, tmp_path)
    keys = [f"{video}[0]" for of_split in VIDEOS.values() for video in of_split]
    one = {key: ([[0.5]], [[3.0, 4.0]]) for key in keys}
    write_sequence(h5py, tmp_path / "labels.csd", one)
    aligned = {key: (np.full((3, 4), len(key)), np.zeros((3, 2))) for key in keys}
    write_sequence(h5py, tmp_path / "vision.csd", aligned)
    (tmp_path / "text.csd").unlink()
    (tmp_path / "audio.csd").unlink()
    found = read_features(tmp_path, choices)
    assert found.source.without == ("text", "audio")
    assert found.features.features("test_a[0]").vision.tolist() == [[9.0] * 4] * 3


def test_seven_labels_are_those_of_mosei(h5py: Any, tmp_path: Path) -> None:
    row = [-1.0, 0.0, 2 / 3, 0.0, 0.0, 1.0, 0.0]
    write_folder(h5py, tmp_path, [row, row[::-1]])
    choices = FeatureChoices(splits=tmp_path, ignore=("sentiment",), task="multilabel")
    source = read_features(tmp_path, choices).source
    assert source.emotions == ("happy", "sad", "anger", "surprise", "disgust", "fear")
    assert list(source.utterances[0].labels) == [0, 1, 0, 0, 1, 0]
    with pytest.raises(CorpusError, match=r"no label 'joy' to ignore; the labels are sentiment, h"):
        read_features(tmp_path, FeatureChoices(splits=tmp_path, ignore=("joy",)))


def test_csv_may_hold_the_labels(h5py: Any, tmp_path: Path) -> None:
    write_csv(tmp_path / "labels.csv", label_lines())
    keys = [str(line["utterance"]) for line in label_lines()]
    for modality, width in WIDTHS.items():
        content = {key: (np.ones((2, width)), np.zeros((2, 2))) for key in keys}
        write_sequence(h5py, tmp_path / f"{modality}.csd", content)
    found = read_features(tmp_path, FeatureChoices())
    assert (found.source.kind, found.source.emotions) == ("csd", ("happy", "sad"))
    assert found.features.features("test0").text.tolist() == [[1.0] * 6] * 2


def test_utterances_in_no_list_are_left_out(h5py: Any, tmp_path: Path) -> None:
    choices = write_folder(h5py, tmp_path)
    (tmp_path / "train_split.txt").write_text("train_a[0]\ntrain_bb")
    source = read_features(tmp_path, choices).source
    assert source.left_out == {"in no split": 1}
    assert [one.id for one in source.utterances if one.split == "train"] == [
        "train_a[0]",
        "train_bb[0]",
        "train_bb[1]",
    ]


def test_what_a_modality_lacks_is_named(h5py: Any, tmp_path: Path) -> None:
    choices = write_folder(h5py, tmp_path)
    content = {
        video: (rows_of(video, "audio")[:4], times()[:4])
        for of_split in VIDEOS.values()
        for video in of_split
        if video != "test_a"
    }
    write_sequence(h5py, tmp_path / "audio.csd", content)
    with pytest.raises(CorpusError) as caught:
        read_features(tmp_path, choices)
    told = str(caught.value)
    assert "'test_a[0]', audio: 'audio.csd' has neither the utterance nor its video" in told
    assert "'train_a[1]', audio: its shape (0, 5) is not (rows, features)" in told


def test_gaps_are_told_and_filled_if_wanted(h5py: Any, tmp_path: Path) -> None:
    choices = write_folder(h5py, tmp_path)
    rows = {v: (rows_of(v, "audio"), times()) for of_split in VIDEOS.values() for v in of_split}
    rows["test_a"][0][1, 2] = -np.inf
    write_sequence(h5py, tmp_path / "audio.csd", rows)
    with pytest.raises(CorpusError, match=r"'test_a\[0\]', audio: 1 of its 20 numbers are NaN"):
        read_features(tmp_path, choices)
    assert read_features(tmp_path, FeatureChoices(splits=tmp_path, fills=True)).num_filled == 1


def test_labels_need_lists_of_splits(h5py: Any, tmp_path: Path) -> None:
    write_folder(h5py, tmp_path)
    with pytest.raises(CorpusError, match=r"has no splits; give --splits, or write labels\.csv"):
        read_features(tmp_path, FeatureChoices())
    (tmp_path / "labels.csd").unlink()
    with pytest.raises(CorpusError, match=r"has neither labels\.csv nor labels\.csd; add one"):
        read_features(tmp_path, FeatureChoices())


def test_file_that_is_no_sequence_is_told(h5py: Any, tmp_path: Path) -> None:
    (tmp_path / "a.csd").write_bytes(b"no HDF5")
    with pytest.raises(CorpusError, match="cannot be read as HDF5"):
        SequenceFile(tmp_path / "a.csd")
    with h5py.File(tmp_path / "b.csd", "w") as file:
        file["numbers"] = [1, 2]
    with pytest.raises(CorpusError, match="must hold one computational sequence, NAME/data; it h"):
        SequenceFile(tmp_path / "b.csd")


def test_links_to_other_files_are_not_followed(h5py: Any, tmp_path: Path) -> None:
    secret = write_sequence(h5py, tmp_path / "secret.csd", {"a": (np.ones((1, 4)), [[0, 1]])})
    raw = tmp_path / "raw.bin"
    raw.write_bytes(b"0123456789abcdef")
    path = tmp_path / "a.csd"
    with h5py.File(path, "w") as file:
        data = file.create_group("name/data")
        data["linked"] = h5py.ExternalLink(str(secret), "/a name/data/a")
        stored = data.create_group("stored")
        stored["intervals"] = [[0.0, 1.0]]
        stored.create_dataset("features", (1, 4), "f4", external=[(str(raw), 0, 16)])
    sequence = SequenceFile(path)
    assert "linked" not in sequence
    with pytest.raises(CorpusError, match="'features' is no array in this file"):
        sequence.features("stored")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones((3, 1)), "labels of float64, shape (3, 1), with 2 intervals"),
        (np.array([[b"a"], [b"b"]]), "labels of |S1, shape (2, 1), with 2 intervals; a row of"),
    ],
    ids=["other lengths", "words"],
)
def test_labels_that_do_not_fit_are_named(
    h5py: Any, tmp_path: Path, labels: object, message: str
) -> None:
    choices = write_folder(h5py, tmp_path, labels)
    with pytest.raises(CorpusError, match=re.escape(message)):
        read_features(tmp_path, choices)


def test_damage_inside_a_file_is_told(h5py: Any, tmp_path: Path) -> None:
    path = write_sequence(h5py, tmp_path / "a.csd", {"a": (np.ones((1, 4)), [[0, 1]])})
    whole = path.read_bytes()
    for mark in (b"HEAP", b"SNOD"):
        path.write_bytes(whole.replace(mark, b"XXXX"))
        with pytest.raises(CorpusError, match=r"'.*a\.csd' cannot be read as HDF5"):
            SequenceFile(path)
