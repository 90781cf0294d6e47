from pathlib import Path

import numpy as np
import pytest

from corpora.mosei.dai import read_dai_mosei
from corpora.recipes.pictures import Compat
from corpora.source.rejects import RejectReason
from corpora.source.utterance import Source, Utterance
from tests.corpora.dai_release_factory import mosei_meta, write_dai_mosei, write_image, write_meta
from tests.corpora.laid_tracks import write_wav
from tests.corpora.laid_utterances import mosei_utterances
from tests.corpora.layouts import outcomes
from tests.corpora.raw_iemocap_factory import write_split_lists

FIRST = "-3g5yACwYnA_0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_dai_mosei(tmp_path, mosei_utterances())


def place(folder: Path) -> Path:
    return folder / "MOSEI_RAW_PROCESSED" / FIRST


def first_of(source: Source) -> Utterance:
    return next(u for u in source.utterances if u.id == FIRST)


def write_long_utterance(folder: Path) -> None:
    """Make the first utterance 9 s long; its 18 images get brighter by 10 levels each."""
    for path in place(folder).iterdir():
        path.unlink()
    write_wav(place(folder) / "audio.wav", np.zeros(9 * 16_000, dtype=np.float32))
    for number in range(18):
        frame = np.full((16, 16, 3), 10 * number, dtype=np.uint8)
        write_image(place(folder) / f"image_{number}.jpg", frame)


@pytest.mark.parametrize(
    ("compat", "levels"),
    [(Compat(), [0, 1, 2, 17]), (Compat(dai_mosei_step=True), [0, 15])],
    ids=["by time", "dai"],
)
def test_images_are_taken_as_two_a_second_or_as_thirty(
    folder: Path, compat: Compat, levels: list[int]
) -> None:
    write_long_utterance(folder)
    pictures = first_of(read_dai_mosei(folder, compat=compat)).pictures
    frames = pictures.frames([0.0, 0.5, 1.0, 8.5])
    assert [round(float(frame.mean()) / 10) for frame in frames] == levels


def test_lists_may_lie_elsewhere(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    lists = write_split_lists(tmp_path_factory.mktemp("lists"), mosei_utterances()[1:])
    source = read_dai_mosei(folder, splits=lists)
    assert source.left_out == {"in no split": 1}
    assert len(source.utterances) == 29


def test_utterance_without_images_is_kept(folder: Path) -> None:
    for path in place(folder).glob("image_*"):
        path.unlink()
    source = read_dai_mosei(folder)
    assert list(first_of(source).pictures.frames([0.0, 0.5])) == []
    assert not source.rejects


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no wave at all" * 9])
def test_broken_wav_is_unreadable(folder: Path, content: bytes) -> None:
    (place(folder) / "audio.wav").write_bytes(content)
    assert outcomes(read_dai_mosei(folder)) == {FIRST: (RejectReason.UNREADABLE, "train")}


def test_wav_without_samples_is_unreadable(folder: Path) -> None:
    write_wav(place(folder) / "audio.wav", np.zeros(0, dtype=np.float32))
    assert outcomes(read_dai_mosei(folder)) == {FIRST: (RejectReason.UNREADABLE, "train")}


def test_apple_double_files_are_no_images(folder: Path) -> None:
    before = read_dai_mosei(folder).digest
    (place(folder) / "._image_0.jpg").write_bytes(b"\0")
    assert read_dai_mosei(folder).digest == before


@pytest.mark.parametrize(
    "label",
    [None, [0, 1], [0, 1, 0, 0, 0, 2], [0, 1, 0, 0, 0, "1"], np.zeros((6, 2)), 10**400],
    ids=["missing", "too few", "two", "text", "table", "number"],
)
def test_label_that_is_none_is_a_bad_line(folder: Path, label: object) -> None:
    meta = mosei_meta(mosei_utterances())
    meta[FIRST]["label"] = label
    write_meta(place(folder).parent, meta)
    source = read_dai_mosei(folder)
    assert outcomes(source) == {FIRST: (RejectReason.BAD_LINE, "train")}
    assert "is not 0 or 1 for each of anger, disgust" in source.rejects[0].detail


def test_entry_without_text_is_a_reject(folder: Path) -> None:
    meta = mosei_meta(mosei_utterances())
    del meta[FIRST]["text"]
    write_meta(place(folder).parent, meta)
    assert outcomes(read_dai_mosei(folder)) == {FIRST: (RejectReason.NO_TEXT, "train")}


def test_entry_that_is_no_dict_is_a_bad_line(folder: Path) -> None:
    write_meta(place(folder).parent, mosei_meta(mosei_utterances()) | {FIRST: ["text", "label"]})
    source = read_dai_mosei(folder)
    assert outcomes(source) == {FIRST: (RejectReason.BAD_LINE, "train")}


def test_folder_without_entry_has_no_label(folder: Path) -> None:
    meta = mosei_meta(mosei_utterances())
    del meta[FIRST]
    write_meta(place(folder).parent, meta)
    assert outcomes(read_dai_mosei(folder)) == {FIRST: (RejectReason.NO_LABEL, "train")}
