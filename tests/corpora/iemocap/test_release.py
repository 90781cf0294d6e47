import re
from pathlib import Path

import numpy as np
import pytest

from corpora.iemocap.release import read_iemocap
from corpora.recipes.pictures import Compat
from corpora.source.errors import CorpusError, MediaError
from corpora.source.rejects import RejectReason
from corpora.source.split import SPLITS
from corpora.source.utterance import Source
from tests.corpora.laid_tracks import write_wav
from tests.corpora.laid_utterances import iemocap_utterances
from tests.corpora.layouts import outcomes
from tests.corpora.raw_iemocap_factory import write_raw_iemocap, write_split_lists

DIALOGUE = "Ses01M_impro01"
FIRST, SECOND = f"{DIALOGUE}_F000", f"{DIALOGUE}_M001"
NEW = f"{DIALOGUE}_F050"
EVALUATIONS, TRANSCRIPTS = "EmoEvaluation", "transcriptions"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_split_lists(tmp_path / "lists", iemocap_utterances())
    return write_raw_iemocap(tmp_path / "release", iemocap_utterances(), media=False)


def read_listed(folder: Path) -> Source:
    return read_iemocap(folder, splits=folder.parent / "lists")


def text_file(folder: Path, part: str) -> Path:
    return folder / "Session1/dialog" / part / f"{DIALOGUE}.txt"


def append(path: Path, line: bytes) -> None:
    path.write_bytes(path.read_bytes() + b"\n" + line + b"\n")


def replace_in(path: Path, pattern: str, new: str) -> None:
    path.write_text(re.sub(pattern, new, path.read_text()))


def test_what_the_corpus_leaves_out_is_counted(folder: Path) -> None:
    source = read_iemocap(folder, leave_out_session=1)
    assert source.left_out == {"XX in the id and no label": 5, "label sur": 5, "label xxx": 5}
    assert not source.rejects


@pytest.mark.parametrize("session", range(1, 6))
def test_left_out_session_is_test_and_no_speaker_is_in_two_splits(
    folder: Path, session: int
) -> None:
    source = read_iemocap(folder, leave_out_session=session)
    speakers = {
        split: {u.speaker for u in source.utterances if u.split == split} for split in SPLITS
    }
    assert speakers["test"] == {f"Ses0{session}F", f"Ses0{session}M"}
    assert speakers["valid"] == {f"Ses0{session % 5 + 1}F", f"Ses0{session % 5 + 1}M"}
    assert len(speakers["train"]) == 6
    assert len(set.union(*speakers.values())) == 10


@pytest.mark.parametrize("session", [None, 1], ids=["neither", "both"])
def test_split_must_be_chosen_in_one_way(folder: Path, session: int | None) -> None:
    splits = folder.parent / "lists" if session else None
    with pytest.raises(CorpusError, match=r"no split of its own; choose one: --splits DIR.*every"):
        read_iemocap(folder, splits=splits, leave_out_session=session)


@pytest.mark.parametrize("session", [0, 6])
def test_session_that_does_not_exist_is_refused(folder: Path, session: int) -> None:
    with pytest.raises(CorpusError, match=f"session {session} cannot be left out: IEMOCAP has 1"):
        read_iemocap(folder, leave_out_session=session)


def test_missing_folders_are_told_together(folder: Path) -> None:
    (folder / "Session3").rename(folder / "Session6")
    (folder / "Session1/dialog/wav").rename(folder / "Session1/dialog/waves")
    with pytest.raises(CorpusError, match=r"lacks Session1/dialog/wav, Session3/dialog/EmoEval"):
        read_iemocap(folder, leave_out_session=1)


@pytest.mark.parametrize(
    ("part", "line", "utterance", "reason"),
    [
        (TRANSCRIPTS, f"{NEW} [1-2]: Hi.", NEW, RejectReason.NO_LABEL),
        (EVALUATIONS, f"[1.0 - 2.0]\t{NEW}\tang\t[]", NEW, RejectReason.NO_TEXT),
        (EVALUATIONS, f"[1.0 - 2.0]\t{FIRST}\tsad\t[]", FIRST, RejectReason.REPEATED),
        (TRANSCRIPTS, f"{FIRST} [1-2]: Hi.", FIRST, RejectReason.REPEATED),
        (TRANSCRIPTS, "../x_F000 [1-2]: Hi.", "../x_F000", RejectReason.BAD_ID),
        (EVALUATIONS, "[1.0 - 2.0]\t/abs_F000\tang\t[]", "/abs_F000", RejectReason.BAD_ID),
        (EVALUATIONS, "[1.0 - 2.0]\tSes01F_\0_F000\tang", "Ses01F_\0_F000", RejectReason.BAD_ID),
        (EVALUATIONS, f"[1.0 - 2.0]\t{NEW}", NEW, RejectReason.BAD_LINE),
        (EVALUATIONS, "[1.0 - 2.0]", f"{DIALOGUE}.txt, line 23", RejectReason.BAD_LINE),
        (TRANSCRIPTS, f"{NEW} Hi.", f"{DIALOGUE}.txt, line 13", RejectReason.BAD_LINE),
    ],
    ids=[
        "transcript without label",
        "label without transcript",
        "two labels",
        "two transcripts",
        "way up",
        "absolute path",
        "zero byte",
        "no label",
        "no id",
        "no words",
    ],
)
def test_bad_line_is_one_reject(
    folder: Path, part: str, line: str, utterance: str, reason: RejectReason
) -> None:
    append(text_file(folder, part), line.encode())
    if reason is RejectReason.BAD_LINE and utterance == NEW:
        append(text_file(folder, TRANSCRIPTS), f"{NEW} [1-2]: Hi.".encode())
    source = read_iemocap(folder, leave_out_session=1)
    split = "test" if utterance.startswith("Ses01") and utterance in (FIRST, NEW) else None
    assert outcomes(source) == {utterance: (reason, split)}
    assert len(source.utterances) == 30 - (utterance == FIRST)


@pytest.mark.parametrize(
    "span", ["[2.5 - 2.5]", "[2.5 - 1.0]", "[2.5 - soon]", "[nan - 3.0]", "[1.0 - inf]", "[2.5]"]
)
def test_time_span_that_is_none_is_a_bad_line(folder: Path, span: str) -> None:
    replace_in(text_file(folder, EVALUATIONS), rf"\[.*\]\t{FIRST}", f"{span}\t{FIRST}")
    source = read_listed(folder)
    assert outcomes(source) == {FIRST: (RejectReason.BAD_LINE, "valid")}


def test_line_that_stands_there_twice_counts_once(folder: Path) -> None:
    for part in (EVALUATIONS, TRANSCRIPTS):
        path = text_file(folder, part)
        append(path, path.read_bytes())
    source = read_listed(folder)
    assert (len(source.utterances), source.rejects) == (30, ())


@pytest.mark.parametrize(
    ("compat", "text"),
    [(Compat(), "Well: she said [it]: no."), (Compat(dai_transcripts=True), "no.")],
    ids=["default", "dai"],
)
def test_sentence_with_a_colon(folder: Path, compat: Compat, text: str) -> None:
    replace_in(
        text_file(folder, TRANSCRIPTS), rf"({FIRST} .*?\]: ).*", r"\1Well: she said [it]: no."
    )
    first, *_ = read_iemocap(folder, leave_out_session=1, compat=compat).utterances
    assert (first.id, first.text) == (FIRST, text)


def test_byte_that_is_no_text_is_shown_as_such(folder: Path) -> None:
    path = text_file(folder, TRANSCRIPTS)
    path.write_bytes(re.sub(rb"(F000 .*?\]: ).*", b"\\1Caf\xe9 \x85 now", path.read_bytes()))
    first, *_ = read_listed(folder).utterances
    assert first.text == "Caf\ufffd \ufffd now"


@pytest.mark.parametrize("part", ["wav", "avi/DivX"])
def test_dialogue_without_its_file_is_rejected_by_utterance(folder: Path, part: str) -> None:
    for path in (folder / "Session1/dialog" / part).iterdir():
        path.unlink()
    source = read_listed(folder)
    assert {reject.reason for reject in source.rejects} == {RejectReason.NO_FILE}
    assert len(source.rejects) == 6
    assert f"'{DIALOGUE}' has no file in {part}" in source.rejects[0].detail


def test_empty_media_are_unreadable(folder: Path) -> None:
    first, *_ = read_listed(folder).utterances
    with pytest.raises(MediaError) as seen:
        list(first.pictures.frames([0.0]))
    with pytest.raises(MediaError) as heard:
        first.sound.wave(rate_hz=16_000)
    assert seen.value.reason == heard.value.reason == RejectReason.UNREADABLE


def test_truncated_video_has_no_pictures_but_stays_an_utterance(tmp_path: Path) -> None:
    folder = write_raw_iemocap(tmp_path, iemocap_utterances())
    video = folder / "Session1/dialog/avi/DivX" / f"{DIALOGUE}.avi"
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    first, *_, last = (
        u for u in read_iemocap(folder, leave_out_session=1).utterances if u.split == "test"
    )
    assert len(list(first.pictures.frames([0.0, 0.5]))) == 2
    with pytest.raises(MediaError) as caught:
        list(last.pictures.frames([0.0, 0.5]))
    assert caught.value.reason == RejectReason.OUTSIDE


def test_sound_at_another_rate_is_resampled(folder: Path) -> None:
    wav = folder / "Session1/dialog/wav" / f"{DIALOGUE}.wav"
    write_wav(wav, *np.zeros((2, 80_000), dtype=np.float32), rate_hz=8_000)
    first, *_ = read_listed(folder).utterances
    wave = first.sound.wave(rate_hz=16_000)
    assert wave is not None
    assert len(wave) == round(first.duration_s * 16_000)


def test_listed_ids_without_use_are_rejects_of_their_split(folder: Path) -> None:
    listed = {f"{DIALOGUE}_F900": RejectReason.NO_LABEL, f"{DIALOGUE}_FXX0": RejectReason.NO_LABEL}
    listed |= {"Ses02F_impro09_F000": RejectReason.NO_FILE, "../../etc": RejectReason.BAD_ID}
    append(folder.parent / "lists/test_split.txt", "\n".join(listed).encode())
    source = read_listed(folder)
    assert outcomes(source) == {name: (reason, "test") for name, reason in listed.items()}
    assert source.left_out["label xxx"] == 4


def test_utterances_in_no_list_are_counted(folder: Path) -> None:
    replace_in(folder.parent / "lists/valid_split.txt", FIRST, "")
    source = read_listed(folder)
    assert source.left_out["in no split"] == 1
    assert len(source.utterances) == 29


def test_split_without_utterance_is_an_error_that_tells_why(folder: Path) -> None:
    for path in (folder / "Session1/dialog/wav").iterdir():
        path.unlink()
    message = (
        r"without utterance are: test\n.*rejected as no_file: 6, such as 'Ses01M.*\n.*left out"
    )
    with pytest.raises(CorpusError, match=message):
        read_iemocap(folder, leave_out_session=1)


def test_four_classes_count_excitement_as_happiness(folder: Path) -> None:
    source = read_iemocap(folder, leave_out_session=1, labels="four-class")
    assert (source.kind, source.task) == ("iemocap-four-class", "multiclass")
    assert source.emotions == ("ang", "hap", "neu", "sad")
    assert np.sum([u.labels for u in source.utterances], axis=0).tolist() == [5, 10, 5, 5]
    assert source.left_out["label fru"] == 5
    assert not source.rejects


def test_listed_frustration_is_left_out_of_four_classes_and_not_rejected(folder: Path) -> None:
    source = read_iemocap(folder, splits=folder.parent / "lists", labels="four-class")
    assert source.left_out["label fru"] == 5
    assert not source.rejects


def test_six_classes_are_the_emotions_with_a_digest_of_their_own(folder: Path) -> None:
    emotions, classes = (
        read_listed(folder),
        read_iemocap(folder, splits=folder.parent / "lists", labels="six-class"),
    )
    assert (emotions.kind, emotions.task) == ("iemocap", "multilabel")
    assert (classes.kind, classes.task) == ("iemocap-six-class", "multiclass")
    assert classes.utterances == emotions.utterances
    assert classes.digest != emotions.digest
