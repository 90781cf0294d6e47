import re
from pathlib import Path

import pytest

from corpora.media.segments import VideoSegment
from corpora.readers.clip_folder import read_clips
from corpora.source.errors import CorpusError
from tests.corpora.media_factory import clip_lines, write_clip_folder


def with_cell(column: str, value: object) -> list[dict[str, object]]:
    first, *others = clip_lines()
    return [first | {column: value}, *others]


def test_clip_folder_gives_labelled_utterances(tmp_path: Path) -> None:
    source = read_clips(write_clip_folder(tmp_path))
    assert source.emotions == ("happy", "sad")
    assert len(source.utterances) == 12
    last = source.utterances[-1]
    assert (last.id, last.split, last.labels) == ("test3", "test", (1, 1))
    assert last.pictures.files == last.sound.files == (tmp_path / "clip.mp4",)
    assert isinstance(last.pictures, VideoSegment)
    start_s, end_s = last.pictures.start_s, last.pictures.end_s
    assert (start_s, end_s) == pytest.approx((0.3, 1.5))
    assert last.pictures == VideoSegment(tmp_path / "clip.mp4", start_s, end_s)
    assert last.duration_s == pytest.approx(1.2)


def test_digest_changes_with_a_text_and_with_a_file(tmp_path: Path) -> None:
    folder = write_clip_folder(tmp_path)
    first = read_clips(folder).digest
    assert read_clips(folder).digest == first
    (folder / "clip.mp4").write_bytes(b"other")
    second = read_clips(folder).digest
    write_clip_folder(tmp_path, with_cell("text", "other words"))
    assert len({first, second, read_clips(folder).digest}) == 3


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("file", "gone.mp4", "line 2, file: clip 'gone.mp4' does not exist in"),
        ("file", "../clip.mp4", "line 2, file: '../clip.mp4' does not lie in the clip folder"),
        ("file", "", "line 2, file: '' does not lie in the clip folder"),
        ("start", "-1", "line 2, start: '-1' is not a time in seconds, 0 or later"),
        ("start", "nan", "line 2, start: 'nan' is not a time in seconds"),
        ("end", "0", "line 2, end: '0' is not a time in seconds after the start"),
        ("end", "inf", "line 2, end: 'inf' is not a time"),
        ("happy", "2", "line 2, happy: '2' is not 0 or 1"),
        ("split", "dev", "line 2, split: 'dev' is none of train, valid, test"),
        ("utterance", "", "line 2, utterance: is empty"),
        ("utterance", "test3", "line 13, utterance: 'test3' stands in line 2 already"),
    ],
)
def test_bad_cell_is_named_with_its_line(
    tmp_path: Path, column: str, value: object, message: str
) -> None:
    write_clip_folder(tmp_path, with_cell(column, value))
    with pytest.raises(CorpusError, match=re.escape(message)):
        read_clips(tmp_path)


def test_all_bad_cells_are_told_at_once(tmp_path: Path) -> None:
    write_clip_folder(tmp_path, [line | {"happy": "x"} for line in clip_lines()])
    with pytest.raises(CorpusError) as caught:
        read_clips(tmp_path)
    assert str(caught.value).count("is not 0 or 1") == 12


@pytest.mark.parametrize(
    ("dropped", "message"),
    [
        (("end",), "has no column 'end'; its columns are utterance, file, start, text"),
        (("split",), "needs a column 'split' or a column 'speaker'"),
        (("happy", "sad"), "has no emotion"),
    ],
    ids=["required", "grouping", "emotions"],
)
def test_missing_column_is_named(tmp_path: Path, dropped: tuple[str, ...], message: str) -> None:
    lines = [{k: v for k, v in line.items() if k not in dropped} for line in clip_lines()]
    write_clip_folder(tmp_path, lines)
    with pytest.raises(CorpusError, match=message):
        read_clips(tmp_path)


def test_missing_folder_and_missing_or_second_csv_are_errors(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist"):
        read_clips(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"must hold one CSV, .* it holds none"):
        read_clips(tmp_path)
    write_clip_folder(tmp_path)
    (tmp_path / "other.csv").write_text("a,b\n")
    with pytest.raises(CorpusError, match=r"it holds clips\.csv, other\.csv"):
        read_clips(tmp_path)
    assert read_clips(tmp_path, tmp_path / "clips.csv").utterances


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no utterances"),
        (b"utterance,file,start,end,text,split,happy\n", "has no utterances"),
        (b"utterance,file\n\xff\xfe,x\n", "is not UTF-8 text"),
        (b"utterance,file\na,b,c\n", "line 2 has too many cells"),
        (b",utterance,file\n0,a,b\n", "column 1 has no name"),
    ],
    ids=["empty", "header only", "encoding", "too many cells", "unnamed column"],
)
def test_unreadable_csv_is_an_error(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "clips.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read_clips(tmp_path)


def test_speakers_are_dealt_whole_to_the_splits(tmp_path: Path) -> None:
    lines = [
        {k: v for k, v in line.items() if k != "split"} | {"speaker": f"s{index % 6}"}
        for index, line in enumerate(clip_lines(per_split=10))
    ]
    source = read_clips(write_clip_folder(tmp_path, lines))
    splits = {
        speaker: {u.split for u in source.utterances if u.group == speaker}
        for speaker in {u.group for u in source.utterances}
    }
    assert all(len(found) == 1 for found in splits.values())
    assert {u.split for u in source.utterances} == {"train", "valid", "test"}


def test_too_few_speakers_for_the_splits_is_an_error(tmp_path: Path) -> None:
    lines = [
        {k: v for k, v in line.items() if k != "split"} | {"speaker": "one"}
        for line in clip_lines()
    ]
    with pytest.raises(CorpusError, match=r"1 speaker.*needs at least 3; add a column 'split'"):
        read_clips(write_clip_folder(tmp_path, lines))


def test_three_speakers_fill_three_splits_however_much_they_talk(tmp_path: Path) -> None:
    speakers = ["a"] * 10 + ["b"] * 9 + ["c"]
    lines = [
        {k: v for k, v in line.items() if k != "split"} | {"speaker": speaker}
        for line, speaker in zip(clip_lines(per_split=7), speakers, strict=False)
    ]
    source = read_clips(write_clip_folder(tmp_path, lines))
    assert {u.split for u in source.utterances} == {"train", "valid", "test"}
