import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corpora.media.segments import SoundSegment
from corpora.mosei.ids import video_of
from corpora.mosei.labels import ANSWER_COLUMNS, CLIP_COLUMN, SENTIMENT_COLUMN, VIDEO_COLUMN
from corpora.mosei.release import read_mosei
from corpora.source.errors import CorpusError, MediaError
from corpora.source.rejects import RejectReason
from corpora.source.utterance import Source
from tests.corpora.laid_tracks import write_wav
from tests.corpora.laid_utterances import mosei_utterances
from tests.corpora.layouts import outcomes
from tests.corpora.raw_iemocap_factory import write_split_lists
from tests.corpora.raw_mosei_factory import write_raw_mosei

VIDEO = "-3g5yACwYnA"
FIRST = f"{VIDEO}_0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_split_lists(tmp_path / "lists", mosei_utterances())
    return write_raw_mosei(tmp_path / "release", mosei_utterances(), media=False)


def read(folder: Path) -> Source:
    return read_mosei(folder, splits=folder.parent / "lists")


def transcript(folder: Path) -> Path:
    return folder / "Raw/Transcript/Segmented/Combined" / f"{VIDEO}.txt"


def append(path: Path, line: str) -> None:
    with path.open("ab") as file:
        file.write(line.encode() + b"\n")


def labels_of(source: Source, name: str) -> tuple[float, ...]:
    return next(u.labels for u in source.utterances if u.id == name)


def write_answer(folder: Path, clip: str, *answers: str, video: str = VIDEO) -> None:
    """Add a file of one more annotator's answers."""
    cells = dict(
        zip((VIDEO_COLUMN, CLIP_COLUMN, *ANSWER_COLUMNS), (video, clip, *answers), strict=True)
    )
    lines = [",".join(cells), ",".join(cells.values())]
    (folder / "Raw/Labels/Batch_3.csv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("name", "video"),
    [("-3g5yACwYnA_10", "-3g5yACwYnA"), ("a__b__0", "a__b_"), ("_7HV_nSYX1Y_2", "_7HV_nSYX1Y")],
)
def test_video_is_all_before_the_last_underscore(name: str, video: str) -> None:
    assert video_of(name) == video


@pytest.mark.parametrize("other", ["", "101787", "../x_1", "/abs_1", "a\0b_1", "x_1\n", "a_b"])
def test_id_of_another_form_is_refused(other: str) -> None:
    with pytest.raises(MediaError, match="is no utterance id of CMU-MOSEI, which look like"):
        video_of(other)


def test_raw_may_be_given_itself_or_its_parent(folder: Path) -> None:
    own = read_mosei(folder / "Raw", splits=folder.parent / "lists")
    assert own.digest == read(folder).digest


def test_raw_release_needs_lists(folder: Path) -> None:
    with pytest.raises(CorpusError, match=r"has no splits; give --splits DIR.*Dai et al"):
        read_mosei(folder)


def test_missing_parts_are_told_together(folder: Path) -> None:
    (folder / "Raw/Videos").rename(folder / "Raw/Films")
    (folder / "Raw/Audio").rename(folder / "Raw/Sounds")
    message = "lacks Audio/Full/WAV_16000 or Audio/WAV_16000, Videos/Full/Combined; choose"
    with pytest.raises(CorpusError, match=message):
        read(folder)


def test_older_places_are_found(folder: Path) -> None:
    raw = folder / "Raw"
    before = read(folder)
    (raw / "Transcript/Segmented/Combined").rename(raw / "Transcript/Combined")
    (raw / "Audio/Full/WAV_16000").rename(raw / "Audio/WAV_16000")
    assert [u.id for u in read(folder).utterances] == [u.id for u in before.utterances]


def test_any_annotator_gives_an_emotion_and_an_empty_answer_does_not(folder: Path) -> None:
    before = labels_of(read(folder), FIRST)
    write_answer(folder, "0", "", "1", "0", "", "0.5", "0")
    after = labels_of(read(folder), FIRST)
    assert after == tuple(max(pair) for pair in zip(before, (0, 1, 0, 0, 1, 0), strict=True))


def test_answer_that_is_no_number_is_a_bad_line(folder: Path) -> None:
    write_answer(folder, "0", "yes", "1", "0", "0", "0", "0")
    source = read(folder)
    assert outcomes(source) == {FIRST: (RejectReason.BAD_LINE, "train")}
    assert "no number: could not convert string to float: 'yes'" in source.rejects[0].detail


def test_csvs_without_a_column_are_told_together(folder: Path) -> None:
    for name in ("Batch_1.csv", "Batch_2.csv"):
        path = folder / "Raw/Labels" / name
        path.write_text(path.read_text().replace("Answer.fear", "Answer.dread"))
    with pytest.raises(CorpusError, match=r"1\.csv' has no column Answer\.fear; .*2\.csv' has no"):
        read(folder)


def test_release_without_csv_is_an_error(folder: Path) -> None:
    for path in (folder / "Raw/Labels").glob("Batch*"):
        path.unlink()
    with pytest.raises(CorpusError, match="holds no CSV of labels"):
        read(folder)


@pytest.mark.parametrize(
    ("line", "utterance", "reason", "split"),
    [
        (f"{VIDEO}___77___1.0___2.0___Hi.", f"{VIDEO}_77", RejectReason.NO_LABEL, None),
        (f"{VIDEO}___0___1.0___2.0___Hi.", FIRST, RejectReason.REPEATED, "train"),
        ("../up___0___1.0___2.0___Hi.", "../up_0", RejectReason.BAD_ID, None),
        ("/abs___0___1.0___2.0___Hi.", "/abs_0", RejectReason.BAD_ID, None),
        ("a\0b___0___1.0___2.0___Hi.", "a\0b_0", RejectReason.BAD_ID, None),
        (f"{VIDEO}___0___1.0", f"{VIDEO}.txt, line 7", RejectReason.BAD_LINE, None),
    ],
    ids=["no label", "repeated", "way up", "absolute path", "zero byte", "too few fields"],
)
def test_bad_transcript_line_is_one_reject(
    folder: Path, line: str, utterance: str, reason: RejectReason, split: str | None
) -> None:
    append(transcript(folder), line)
    assert outcomes(read(folder)) == {utterance: (reason, split)}


def test_label_without_transcript_is_a_reject(folder: Path) -> None:
    write_answer(folder, "77", "0", "1", "0", "0", "0", "0")
    assert outcomes(read(folder)) == {f"{VIDEO}_77": (RejectReason.NO_TEXT, None)}


@pytest.mark.parametrize(
    ("times", "span_s"),
    [("-0.7___1.5", (0.0, 1.5)), ("2.0___2.0", None), ("2.0___1.0", None), ("x___1.0", None)],
)
def test_start_before_the_file_is_moved_and_no_span_is_a_bad_line(
    folder: Path, times: str, span_s: tuple[float, float] | None
) -> None:
    path = transcript(folder)
    path.write_text(re.sub(r"___0___[^_]+___[^_]+___", f"___0___{times}___", path.read_text()))
    source = read(folder)
    found = [u.sound for u in source.utterances if u.id == FIRST]
    spans = [(sound.start_s, sound.end_s) for sound in found if isinstance(sound, SoundSegment)]
    assert spans == ([span_s] if span_s else [])
    assert outcomes(source) == ({} if span_s else {FIRST: (RejectReason.BAD_LINE, "train")})


def test_text_keeps_its_underscores_and_shows_bytes_that_are_none(folder: Path) -> None:
    path = transcript(folder)
    text = b"so___what \xff? \r"
    path.write_bytes(re.sub(rb"(___0___.+?___.+?___).*", rb"\1" + text, path.read_bytes(), count=1))
    assert next(u.text for u in read(folder).utterances if u.id == FIRST) == "so___what \ufffd?"


def drop_video(raw: Path) -> None:
    (raw / "Videos/Full/Combined" / f"{VIDEO}.mp4").unlink()


def drop_wave(raw: Path) -> None:
    (raw / "Audio/Full/WAV_16000" / f"{VIDEO}.wav").unlink()


@pytest.mark.parametrize("drop", [drop_video, drop_wave])
def test_missing_media_reject_every_utterance_of_the_video(
    folder: Path, drop: Callable[[Path], None]
) -> None:
    drop(folder / "Raw")
    source = read(folder)
    assert {reject.reason for reject in source.rejects} == {RejectReason.NO_FILE}
    assert {video_of(reject.utterance) for reject in source.rejects} == {VIDEO}
    assert VIDEO not in {u.group for u in source.utterances}


def test_empty_media_are_unreadable(folder: Path) -> None:
    first, *_ = read(folder).utterances
    with pytest.raises(MediaError) as seen:
        list(first.pictures.frames([0.0]))
    with pytest.raises(MediaError) as heard:
        first.sound.wave(rate_hz=16_000)
    assert seen.value.reason == heard.value.reason == RejectReason.UNREADABLE


def test_truncated_video_is_unreadable(tmp_path: Path) -> None:
    folder = write_raw_mosei(tmp_path / "release", mosei_utterances())
    write_split_lists(tmp_path / "lists", mosei_utterances())
    video = folder / "Raw/Videos/Full/Combined" / f"{VIDEO}.mp4"
    video.write_bytes(video.read_bytes()[:2_000])
    first = next(u for u in read(folder).utterances if u.id == FIRST)
    with pytest.raises(MediaError) as caught:
        list(first.pictures.frames([0.0]))
    assert caught.value.reason == RejectReason.UNREADABLE


def test_sound_with_one_channel_at_another_rate_is_read(folder: Path) -> None:
    wav = folder / "Raw/Audio/Full/WAV_16000" / f"{VIDEO}.wav"
    write_wav(wav, np.full(441_000, 0.25, dtype=np.float32), rate_hz=44_100)
    first = next(u for u in read(folder).utterances if u.id == FIRST)
    wave = first.sound.wave(rate_hz=16_000)
    assert wave is not None
    assert len(wave) == round(first.duration_s * 16_000)
    assert wave.mean() == pytest.approx(0.25, abs=0.01)


def test_lists_decide_which_utterances_are_wanted(folder: Path) -> None:
    path = folder.parent / "lists/train_split.txt"
    path.write_text(path.read_text().replace(f"{FIRST}\n", "") + "gone_0\n")
    source = read(folder)
    assert outcomes(source) == {"gone_0": (RejectReason.NO_FILE, "train")}
    assert source.left_out == {"in no split": 1}


def read_sentiment(folder: Path) -> Source:
    return read_mosei(folder, splits=folder.parent / "lists", labels="sentiment")


def write_sentiment(folder: Path, clip: str, sentiment: str) -> None:
    """Add a file with the sentiment that one more annotator saw."""
    lines = [f"{VIDEO_COLUMN},{CLIP_COLUMN},{SENTIMENT_COLUMN}", f"{VIDEO},{clip},{sentiment}"]
    (folder / "Raw/Labels/Batch_3.csv").write_text("\n".join(lines) + "\n")


def test_sentiment_is_the_mean_of_the_annotators(folder: Path) -> None:
    source = read_sentiment(folder)
    assert (source.kind, source.task) == ("mosei-sentiment", "regression")
    assert source.digest != read(folder).digest
    assert (source.emotions, source.labels.range) == (("sentiment",), (-3.0, 3.0))
    assert {u.labels for u in source.utterances} == {(-1.0,), (-0.5,), (0.0,)}
    write_sentiment(folder, "0", "3")
    (before,) = labels_of(source, FIRST)
    assert labels_of(read_sentiment(folder), FIRST) == pytest.approx(((2 * before + 3) / 3,))


@pytest.mark.parametrize(
    ("sentiment", "detail"),
    [
        ("3.5", "a sentiment is 3.5, outside of -3 to 3"),
        ("nan", "a sentiment is nan, outside of -3 to 3"),
        ("good", "an answer is no number"),
    ],
)
def test_sentiment_that_cannot_be_is_rejected(folder: Path, sentiment: str, detail: str) -> None:
    write_sentiment(folder, "0", sentiment)
    (reject,) = read_sentiment(folder).rejects
    assert (reject.utterance, reject.reason) == (FIRST, RejectReason.BAD_LINE)
    assert detail in reject.detail


def test_annotator_who_leaves_the_sentiment_empty_does_not_count(folder: Path) -> None:
    before = labels_of(read_sentiment(folder), FIRST)
    write_sentiment(folder, "0", "")
    assert labels_of(read_sentiment(folder), FIRST) == before
