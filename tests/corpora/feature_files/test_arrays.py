"""Folders of arrays: what is read, and what is wrong with a folder that cannot be read."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from corpora.feature_files.arrays import read_array, read_array_folder
from corpora.feature_files.read import FeatureChoices, read_features
from corpora.recipes.handcrafted import MODALITIES
from corpora.source.errors import CorpusError
from tests.corpora.feature_file_factory import (
    Hostile,
    features_of,
    label_lines,
    write_array,
    write_array_folder,
)


def test_arrays_of_every_ending_come_unchanged(tmp_path: Path) -> None:
    found = read_array_folder(write_array_folder(tmp_path))
    assert (found.source.kind, found.source.without) == ("features", ())
    assert found.source.emotions == ("happy", "sad")
    features = found.features.features("test3")
    for modality in MODALITIES:
        assert np.array_equal(getattr(features, modality), features_of("test3", modality))


def test_lines_say_labels_groups_and_texts(tmp_path: Path) -> None:
    lines = [
        line | {"dialogue": f"talk {index % 2}", "text": f"word {index}", "end": "not read"}
        for index, line in enumerate(label_lines())
    ]
    source = read_array_folder(write_array_folder(tmp_path, lines)).source
    last = source.utterances[-1]
    assert (last.id, last.split, last.labels) == ("test3", "test", (1, 1))
    assert (last.group, last.speaker, last.text) == ("talk 1", "test speaker 0", "word 11")
    assert source.has_dialogues
    assert last.duration_s == 0


def test_modality_without_folder_is_lacking(tmp_path: Path) -> None:
    found = read_array_folder(write_array_folder(tmp_path, modalities={"audio": ".npy"}))
    assert found.source.without == ("text", "vision")
    features = found.features.features("test3")
    assert features.text.tolist() == features.vision.tolist() == [[0.0]]
    assert np.array_equal(features.audio, features_of("test3", "audio"))


def test_vector_is_one_row(tmp_path: Path) -> None:
    folder = write_array_folder(tmp_path, modalities={})
    for line in label_lines():
        write_array(folder / "audio" / f"{line['utterance']}.npy", np.arange(5))
    features = read_array_folder(folder).features.features("valid0")
    assert features.audio.tolist() == [[0.0, 1.0, 2.0, 3.0, 4.0]]


def test_digest_changes_with_a_number_and_with_what_stands_for_gaps(tmp_path: Path) -> None:
    folder = write_array_folder(tmp_path)
    first = read_array_folder(folder).features.digest
    assert read_array_folder(folder).features.digest == first
    filled = read_array_folder(folder, fills=True).features.digest
    write_array(folder / "text" / "test3.npy", features_of("test3", "text") + 1)
    assert len({first, filled, read_array_folder(folder).features.digest}) == 3


def test_files_without_a_line_are_counted(tmp_path: Path) -> None:
    folder = write_array_folder(tmp_path)
    write_array(folder / "text" / "more.npy", features_of("more", "text"))
    (folder / "text" / "._test0.npy").write_bytes(b"of a Mac")
    source = read_array_folder(folder).source
    assert source.left_out == {"a feature file without a line in the CSV": 1}


def with_array(folder: Path, name: str, values: object) -> None:
    modality, file = name.split("/")
    for path in (folder / modality).glob(f"{Path(file).stem}.*"):
        path.unlink()
    write_array(folder / modality / file, values)


FAULTS = {
    "a missing file": (
        lambda folder: (folder / "audio" / "test1.npz").unlink(),
        "utterance 'test1', audio: no file has its name, test1.npy or .npz or .pt; add the file",
    ),
    "another width": (
        lambda folder: with_array(folder, "vision/valid2.npy", np.ones((2, 9))),
        "utterance 'valid2', vision: a row has 9 numbers, but 4 in 11 other utterances",
    ),
    "no row": (
        lambda folder: with_array(folder, "text/train0.npy", np.ones((0, 6))),
        "utterance 'train0', text: its shape (0, 6) is not (rows, features), both at least 1",
    ),
    "three dimensions": (
        lambda folder: with_array(folder, "text/train0.npy", np.ones((1, 3, 6))),
        "utterance 'train0', text: its shape (1, 3, 6) is not (rows, features)",
    ),
    "words": (
        lambda folder: with_array(folder, "text/train0.npy", np.array([["a"]])),
        "utterance 'train0', text: it holds <U1, not numbers",
    ),
    "a file that breaks off": (
        lambda folder: (folder / "text" / "train0.npy").write_bytes(b"\x93NUMPY"),
        "utterance 'train0', text: 'train0.npy' cannot be read: ",
    ),
    "two arrays": (
        lambda folder: np.savez(folder / "audio" / "train0.npz", a=np.ones(5), b=np.ones(5)),
        "utterance 'train0', audio: 'train0.npz' must hold one array; it holds a, b",
    ),
    "no tensor": (
        lambda folder: torch.save({"a": torch.ones(4)}, folder / "vision" / "train0.pt"),
        "utterance 'train0', vision: 'train0.pt' holds a dict, not a tensor",
    ),
    "a gap": (
        lambda folder: with_array(folder, "audio/train0.npy", [[1, 2, float("nan"), 4, 5.0]]),
        "utterance 'train0', audio: 1 of its 5 numbers are NaN or infinite\n  mend these files, "
        "leave the utterances out, or give --nan zero",
    ),
    "a number beyond float32": (
        lambda folder: with_array(folder, "audio/train0.npy", [[1, 2, 1e300, 4, 5.0]]),
        "utterance 'train0', audio: 1 of its 5 numbers are NaN or infinite",
    ),
    "two files of one name": (
        lambda folder: write_array(folder / "text" / "test0.pt", np.ones(6)),
        "has two files of one utterance: test0.npy and test0.pt; remove one",
    ),
    "a folder without arrays": (
        lambda folder: [path.unlink() for path in (folder / "text").iterdir()],
        "text' holds no file that ends in .npy, .npz, .pt",
    ),
    "no labels": (
        lambda folder: (folder / "labels.csv").unlink(),
        "labels.csv' does not exist",
    ),
}


@pytest.mark.parametrize(("damage", "message"), FAULTS.values(), ids=FAULTS)
def test_fault_is_named_with_utterance_and_modality(
    damage: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    damage(write_array_folder(tmp_path))
    with pytest.raises(CorpusError, match=re.escape(message)):
        read_array_folder(tmp_path)


def test_all_faults_are_told_at_once_but_not_thousands(tmp_path: Path) -> None:
    folder = write_array_folder(tmp_path)
    for path in (folder / "vision").iterdir():
        path.unlink()
    write_array(folder / "vision" / "other.npy", np.ones(4))
    with_array(folder, "audio/train0.npy", np.ones((1, 6)))
    with pytest.raises(CorpusError) as caught:
        read_array_folder(folder)
    lines = str(caught.value).splitlines()
    assert "audio: a row has 6 numbers" in lines[1]
    assert lines[-1] == "  and 3 more"
    assert len(lines) == 12


def test_zero_stands_for_what_is_not_finite_if_wanted(tmp_path: Path) -> None:
    folder = write_array_folder(tmp_path)
    values = features_of("train0", "audio")
    values[0, :2] = np.nan, -np.inf
    with_array(folder, "audio/train0.npy", values)
    found = read_array_folder(folder, fills=True)
    assert found.num_filled == 2
    expected = np.where(np.isfinite(values), values, 0)
    assert np.array_equal(found.features.features("train0").audio, expected)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".pt"])
def test_hostile_file_runs_nothing(suffix: str, tmp_path: Path) -> None:
    target, path = tmp_path / "made", tmp_path / f"a{suffix}"
    match suffix:
        case ".npy":
            np.save(path, np.array([Hostile(target)], dtype=object), allow_pickle=True)
        case ".npz":
            np.savez(path, a=np.array([Hostile(target)], dtype=object))
        case _:
            torch.save(Hostile(target), path)
    with pytest.raises(CorpusError, match=r"cannot be read"):
        read_array(path)
    assert not target.exists()
    if suffix == ".npy":  # the same file is dangerous where pickles are allowed
        np.load(path, allow_pickle=True)
        assert target.exists()


def test_plain_pickle_with_the_name_of_an_array_runs_nothing(tmp_path: Path) -> None:
    target, path = tmp_path / "made", tmp_path / "a.npy"
    path.write_bytes(pickle.dumps(Hostile(target)))
    with pytest.raises(CorpusError, match="cannot be read"):
        read_array(path)
    assert not target.exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nowhere", "does not exist; choose a folder of labels.csv and"),
        (lambda folder: write_array(folder / "a.npy", [1]), "is none of the known files; choose"),
        (lambda folder: folder, "holds no features; choose a folder of labels.csv and text"),
    ],
    ids=["nothing", "another file", "another folder"],
)
def test_unknown_layout_is_told_with_the_known_ones(
    make: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match=message):
        read_features(make(tmp_path), FeatureChoices())


def test_lists_of_splits_are_refused_beside_a_csv(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="says the splits; leave out --splits"):
        read_features(write_array_folder(tmp_path), FeatureChoices(splits=tmp_path))


def test_damaged_headers_are_told(tmp_path: Path) -> None:
    """NumPy and zipfile raise errors of their own kinds for these."""
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole.replace(b"(3, 2), }", b"(3, 2    "))
    np.savez_compressed(tmp_path / "a.npz", np.zeros((3, 2)))
    packed = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(
        packed.replace(b"\x08\x00\x00\x00!\x00", b"\x77\x00\x00\x00!\x00")
    )
    for name in ("a.npy", "a.npz"):
        with pytest.raises(CorpusError, match=f"'{name}' cannot be read"):
            read_array(tmp_path / name)
