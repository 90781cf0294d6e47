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
        ("file", "", "line 2, file: is empty, but other lines name a file"),
        ("start", "-1", "line 2, start: '-1' is not a time in seconds, 0 or later"),
        ("start", "nan", "line 2, start: 'nan' is not a time in seconds"),
        ("end", "0", "line 2, end: '0' is not a time in seconds after the start"),
        ("end", "inf", "line 2, end: 'inf' is not a time"),
        ("happy", "2", "line 2, happy: '2' is not 0 or 1"),
        ("split", "eval", "line 2, split: 'eval' is none of train, valid (also val, dev), test"),
        ("file", "clip", "does not exist in '{folder}'; is it 'clip.mp4'?"),
        ("file", "x" * 300, "line 2, file: 'xxxxxxxxxxxxxxxxxxxx...' has over 255 bytes"),
        ("file", "x\x1b[2J.mp4", r"line 2, file: 'x\x1b[2J.mp4' holds a control character"),
        ("utterance", "a\x1bc", r"line 2, utterance: 'a\x1bc' holds a control character"),
        ("utterance", "", "line 2, utterance: is empty"),
        ("utterance", "test3", "line 13, utterance: 'test3' stands in line 2 already"),
    ],
)
def test_bad_cell_is_named_with_its_line(
    tmp_path: Path, column: str, value: object, message: str
) -> None:
    write_clip_folder(tmp_path, with_cell(column, value))
    with pytest.raises(CorpusError, match=re.escape(message.format(folder=tmp_path))):
        read_clips(tmp_path)


def test_all_bad_cells_are_told_at_once(tmp_path: Path) -> None:
    first, *others = clip_lines()
    write_clip_folder(tmp_path, [first, *(line | {"happy": "x", "start": "y"} for line in others)])
    with pytest.raises(CorpusError) as caught:
        read_clips(tmp_path)
    assert str(caught.value).count("is not 0 or 1") == 11
    assert str(caught.value).count("is not a time") == 11


@pytest.mark.parametrize(
    ("dropped", "message"),
    [
        (("file",), "has no column 'file'; its columns are utterance, start, end, text"),
        (("start",), "has no column 'start'; its columns are utterance, file, end, text"),
        (("split",), "needs a column 'split' or a column 'speaker'"),
        (("happy", "sad"), "has no emotion"),
        (
            ("text",),
            "there is no column 'text', and no .srt or .vtt with its name beside 'clip.mp4",
        ),
    ],
    ids=["required", "an end without start", "grouping", "emotions", "text"],
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


def as_csv(folder: Path, content: str) -> Path:
    (folder / "clips.csv").write_text(content, encoding="utf-8", newline="")
    return folder


def test_semicolons_decimal_commas_and_other_words_of_people_are_read(tmp_path: Path) -> None:
    lines = [
        line | {"start": f"{line['start']:.1f}", "end": f"{line['end']:.1f}"}
        for line in clip_lines()
    ]
    plain = read_clips(write_clip_folder(tmp_path, lines))
    words = {"train": "Train", "valid": "dev", "test": "TEST"}
    rows = [
        f"{line['utterance']};{line['file']};{line['start']};00:00:0{line['end']};"
        f"{line['text']};{words[str(line['split'])]};{bool(line['happy'])};{line['sad']};a note"
        for line in lines
    ]
    head = "Utterance;File;Start;End;Text;Split;happy;sad;notes"
    commas = [row.replace(".1;", ",1;").replace(".2;", ",2;") for row in rows]
    as_csv(tmp_path, "\r\n".join([head, *commas, ";;;;;;;;", ""]))
    assert read_clips(tmp_path, ignore=["notes"]) == plain


def test_column_of_names_gives_each_utterance_its_emotion(tmp_path: Path) -> None:
    names = ("sad", "happy", "calm", "sad")
    lines = [
        {k: v for k, v in line.items() if k not in ("happy", "sad")} | {"Emotion": name}
        for line, name in zip(clip_lines(), names * 3, strict=True)
    ]
    source = read_clips(write_clip_folder(tmp_path, lines))
    assert source.emotions == ("calm", "happy", "sad")
    assert [u.labels for u in source.utterances[:3]] == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]


def test_column_that_is_no_emotion_is_told_once_with_the_remedy(tmp_path: Path) -> None:
    write_clip_folder(tmp_path, [line | {"notes": "loud"} for line in clip_lines()])
    with pytest.raises(CorpusError, match=r"column 'notes': no cell is 0 or 1.*--ignore 'notes'"):
        read_clips(tmp_path)
    assert read_clips(tmp_path, ignore=["notes"]).emotions == ("happy", "sad")
    with pytest.raises(CorpusError, match=r"has no column 'note' to ignore; its columns are utt"):
        read_clips(tmp_path, ignore=["note"])


@pytest.mark.parametrize("dropped", [("end",), ("start", "end")])
def test_clip_without_end_goes_on_to_the_end_of_its_file(
    tmp_path: Path, dropped: tuple[str, ...]
) -> None:
    lines = [{k: v for k, v in line.items() if k not in dropped} for line in clip_lines()]
    last = read_clips(write_clip_folder(tmp_path, lines)).utterances[-1].pictures
    assert isinstance(last, VideoSegment)
    assert last.start_s == pytest.approx(0.3 if "start" not in dropped else 0)
    assert last.end_s == pytest.approx(2.0, abs=0.05)  # its sound is padded to whole packets


def test_clip_with_an_empty_start_begins_with_its_file(tmp_path: Path) -> None:
    lines = [line | {"start": "", "end": "1.5"} for line in clip_lines()]
    last = read_clips(write_clip_folder(tmp_path, lines)).utterances[-1].pictures
    assert isinstance(last, VideoSegment)
    assert (last.start_s, last.end_s) == (0.0, 1.5)


def test_clip_that_begins_after_the_end_of_its_file_is_refused(tmp_path: Path) -> None:
    write_clip_folder(tmp_path, [line | {"start": 9, "end": ""} for line in clip_lines()])
    with pytest.raises(CorpusError, match=r"line 2, end: is empty, and 'clip.mp4' ends before"):
        read_clips(tmp_path)


def test_text_comes_from_the_subtitles_that_lie_in_the_clip(tmp_path: Path) -> None:
    lines = [{k: v for k, v in line.items() if k != "text"} for line in clip_lines()]
    (tmp_path / "clip.srt").write_text(
        "1\n00:00:00,000 --> 00:00:00,100\nwell\n\n2\n00:00:00,900 --> 00:00:01,200\n<i>oh</i> no\n"
    )
    source = read_clips(write_clip_folder(tmp_path, lines))
    assert [u.text for u in source.utterances[:2]] == ["well oh no", "oh no"]


def test_link_that_leads_outside_is_told_with_its_place(tmp_path: Path) -> None:
    folder = write_clip_folder(tmp_path / "clips", with_cell("file", "linked.mp4"))
    elsewhere = tmp_path / "elsewhere.mp4"
    elsewhere.touch()
    (folder / "linked.mp4").symlink_to(elsewhere)
    message = f"line 2, file: 'linked.mp4' is a link to '{elsewhere}', outside of the clip folder"
    with pytest.raises(CorpusError, match=re.escape(message)):
        read_clips(folder)


def test_links_in_a_circle_are_told_with_their_line(tmp_path: Path) -> None:
    folder = write_clip_folder(tmp_path, with_cell("file", "a.mp4"))
    (folder / "a.mp4").symlink_to(folder / "b.mp4")
    (folder / "b.mp4").symlink_to(folder / "a.mp4")
    with pytest.raises(CorpusError, match=r"line 2, file: .*a\.mp4'"):
        read_clips(folder)


def test_dialogue_is_the_group_of_an_utterance(tmp_path: Path) -> None:
    lines = [
        line | {"speaker": f"s{index % 2}", "Dialogue": f"d{index // 3}"}
        for index, line in enumerate(clip_lines())
    ]
    source = read_clips(write_clip_folder(tmp_path, lines))
    assert source.has_dialogues
    assert source.emotions == ("happy", "sad")
    assert [u.group for u in source.utterances[:4]] == ["d0", "d0", "d0", "d1"]
    assert [u.speaker for u in source.utterances[:2]] == ["s0", "s1"]


def test_utterance_without_dialogue_is_told_where_others_have_one(tmp_path: Path) -> None:
    first, *others = clip_lines()
    lines = [first | {"dialogue": ""}, *(line | {"dialogue": "d"} for line in others)]
    with pytest.raises(CorpusError, match="line 2, dialogue: is empty; name the dialogue"):
        read_clips(write_clip_folder(tmp_path, lines))


def test_numbers_are_labels_with_their_range(tmp_path: Path) -> None:
    lines = [
        {k: v for k, v in line.items() if k not in ("happy", "sad")} | {"valence": index / 4 - 1.5}
        for index, line in enumerate(clip_lines())
    ]
    folder = write_clip_folder(tmp_path, lines)
    source = read_clips(folder, label_range=(-3.0, 3.0))
    assert (source.task, source.emotions, source.labels.range) == (
        "regression",
        ("valence",),
        (-3.0, 3.0),
    )
    assert [u.labels for u in source.utterances[:2]] == [(-1.5,), (-1.25,)]
    assert read_clips(folder).digest != source.digest
    with pytest.raises(CorpusError, match=r"line 12, valence: 1\.0 is outside of -1\.5 to 0\.9"):
        read_clips(folder, label_range=(-1.5, 0.9))


def test_same_names_as_classes_have_another_digest(tmp_path: Path) -> None:
    lines = [
        {k: v for k, v in line.items() if k not in ("happy", "sad")} | {"emotion": name}
        for line, name in zip(clip_lines(), ("sad", "happy") * 6, strict=True)
    ]
    folder = write_clip_folder(tmp_path, lines)
    emotions, classes = read_clips(folder), read_clips(folder, task="multiclass")
    assert (emotions.task, classes.task) == ("multilabel", "multiclass")
    assert [u.labels for u in emotions.utterances] == [u.labels for u in classes.utterances]
    assert emotions.digest != classes.digest
