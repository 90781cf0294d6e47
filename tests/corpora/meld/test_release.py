from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.meld.release import read_meld
from corpora.preparation.prepare import prepare
from corpora.recipes.pictures import LE
from corpora.source.errors import CorpusError
from corpora.source.rejects import RejectReason
from corpora.source.utterance import Source
from tests.corpora.layouts import LAYOUTS, RELEASE, Layout, outcomes
from tests.corpora.raw_meld_factory import CSVS, VIDEOS, read_lines, write_lines

(MELD,) = (layout for layout in LAYOUTS if layout.name == "meld")


@pytest.fixture
def folder(tmp_path: Path, lay_plain: Callable[[Layout, Path], Path]) -> Path:
    return lay_plain(MELD, tmp_path / "laid") / RELEASE


def change(folder: Path, part: str, number: int, **cells: object) -> None:
    """Change cells of a line, counted from 0, of the CSV of a split."""
    path = folder / "MELD.Raw" / CSVS[part]
    lines = read_lines(path)
    lines[number] |= cells
    write_lines(path, lines)


def text_of(source: Source, name: str) -> str:
    return next(utterance.text for utterance in source.utterances if utterance.id == name)


def test_emotions_are_seven_classes_and_sentiments_three(folder: Path) -> None:
    emotions, sentiments = read_meld(folder), read_meld(folder, labels="sentiment")
    assert [emotions.kind, emotions.task, len(emotions.emotions)] == ["meld", "multiclass", 7]
    assert [sentiments.kind, sentiments.task] == ["meld-sentiment", "multiclass"]
    assert sentiments.emotions == ("negative", "neutral", "positive")
    assert [*sentiments.utterances[0].labels] == [1, 0, 0]  # of anger
    assert emotions.digest != sentiments.digest


def test_folder_itself_may_be_named(folder: Path) -> None:
    assert read_meld(folder / "MELD.Raw").utterances == read_meld(folder).utterances


def test_broken_and_missing_clips_are_rejected_with_the_reason(folder: Path) -> None:
    broken = folder / "MELD.Raw" / VIDEOS["train"] / "dia0_utt3.mp4"
    broken.write_bytes(broken.read_bytes()[:500])  # no index: as train dia125_utt3 of the release
    (folder / "MELD.Raw" / VIDEOS["dev"] / "dia0_utt2.mp4").unlink()  # as dev dia110_utt7
    source = read_meld(folder)
    assert outcomes(source) == {
        "train_dia0_utt3": (RejectReason.UNREADABLE, "train"),
        "dev_dia0_utt2": (RejectReason.NO_FILE, "valid"),
    }
    details = {reject.utterance: reject.detail for reject in source.rejects}
    assert details["dev_dia0_utt2"] == "the release has no dia0_utt2.mp4 for it"


@pytest.mark.parametrize(
    ("cells", "reason", "detail"),
    [
        ({"Emotion": "bored"}, RejectReason.BAD_LINE, "Emotion: 'bored' is none of anger, disgust"),
        ({"Emotion": ""}, RejectReason.BAD_LINE, "Emotion: '' is none of anger, disgust"),
    ],
)
def test_unknown_class_is_rejected(
    folder: Path, cells: dict[str, object], reason: RejectReason, detail: str
) -> None:
    change(folder, "train", 0, **cells)
    (reject,) = read_meld(folder).rejects
    assert (reject.utterance, reject.reason) == ("train_dia0_utt0", reason)
    assert detail in reject.detail


def test_line_with_a_strange_id_and_a_video_without_line_are_rejected(folder: Path) -> None:
    change(folder, "dev", 0, Utterance_ID="zero")
    assert outcomes(read_meld(folder)) == {
        "dev_dia0_uttzero": (RejectReason.BAD_ID, "valid"),
        "dev_dia0_utt0": (RejectReason.NO_LABEL, "valid"),
    }


def test_id_of_two_lines_is_rejected(folder: Path) -> None:
    change(folder, "test", 1, Utterance_ID=0)
    assert outcomes(read_meld(folder))["test_dia0_utt0"] == (RejectReason.REPEATED, "test")


def test_signs_of_windows_are_read(folder: Path) -> None:
    change(folder, "train", 0, Utterance="I\x92m\x85 fine")
    expected = "I\N{RIGHT SINGLE QUOTATION MARK}m\N{HORIZONTAL ELLIPSIS} fine"
    assert text_of(read_meld(folder), "train_dia0_utt0") == expected


def test_missing_parts_are_named_together(folder: Path) -> None:
    (folder / "MELD.Raw" / CSVS["dev"]).unlink()
    (folder / "MELD.Raw" / "train").rename(folder / "elsewhere")
    with pytest.raises(
        CorpusError,
        match=r"lacks train_sent_emo\.csv, train_splits, dev_sent_emo\.csv; choose the folder MELD",
    ):
        read_meld(folder)


def test_class_that_only_the_test_split_has_is_an_error(folder: Path, tmp_path: Path) -> None:
    path = folder / "MELD.Raw" / CSVS["train"]
    write_lines(path, [line for line in read_lines(path) if line["Emotion"] != "fear"])
    with pytest.raises(CorpusError, match="split 'train' has no utterance of the class 'fear'"):
        prepare(read_meld(folder), [LE], name="meld", storage=tmp_path)
