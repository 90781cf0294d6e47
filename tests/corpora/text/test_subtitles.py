import re
from pathlib import Path

import pytest

from corpora.source.errors import CorpusError
from corpora.text.subtitles import read_cues, read_subtitles, subtitles_beside, text_between

SRT = """1
00:00:00,500 --> 00:00:02,000
I did <i>not</i> expect
that at all.

2
00:00:02,100 --> 00:00:03,000 X1:40 X2:600 Y1:20 Y2:50
{\\an8}Oh <font color="#ff0000">well</font>,
"""

VTT = """WEBVTT - a title

STYLE
::cue { color: lime }

NOTE a comment
over two lines

first cue
00:00.500 --> 00:02.000 align:start
<v Roger Bingham>I did <c.loud>not</c> <00:00:01.500>expect

00:01:02.000 --> 01:00:03.000
R&amp;B at 3 < 4 &gt; 2
- 12
"""


def written(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def test_subrip_becomes_text_without_numbers_times_and_markup(tmp_path: Path) -> None:
    path = written(tmp_path / "a.srt", SRT)
    assert read_subtitles(path) == "I did not expect that at all. Oh well,"


def test_webvtt_becomes_text_without_headers_and_markup(tmp_path: Path) -> None:
    path = written(tmp_path / "a.vtt", VTT)
    assert read_subtitles(path) == "I did not expect R&B at 3 < 4 > 2 - 12"


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends_and_byte_order_mark_of_other_systems_are_read(
    tmp_path: Path, newline: str
) -> None:
    path = written(tmp_path / "a.srt", SRT.replace("\n", newline), "utf-8-sig")
    assert read_subtitles(path) == "I did not expect that at all. Oh well,"


@pytest.mark.parametrize("content", ["", "\n \n", "WEBVTT\n"])
def test_subtitles_of_a_silent_clip_are_empty(tmp_path: Path, content: str) -> None:
    assert read_subtitles(written(tmp_path / "a.vtt", content)) == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"oh well, no times", "hold no cue: a line such as '00:00:01,000 --> 00:00:02,500'"),
        ("déjà vu".encode("latin-1"), "are not UTF-8 text"),
    ],
)
def test_file_that_holds_something_else_is_told(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=re.escape(f"subtitles '{path}' {message}")):
        read_subtitles(path)


def test_folder_in_place_of_subtitles_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read: Is a directory"):
        read_subtitles(tmp_path)


def test_subtitles_beside_a_clip_have_its_name(tmp_path: Path) -> None:
    clip = tmp_path / "talk.one.mp4"
    assert subtitles_beside(clip) is None
    written(tmp_path / "talk.srt", SRT)
    assert subtitles_beside(clip) is None
    vtt = written(tmp_path / "talk.one.vtt", VTT)
    assert subtitles_beside(clip) == vtt
    srt = written(tmp_path / "talk.one.srt", SRT)
    assert subtitles_beside(clip) == srt


def test_cues_have_their_times(tmp_path: Path) -> None:
    cues = read_cues(written(tmp_path / "a.vtt", VTT))
    assert [(cue.start_s, cue.end_s) for cue in cues] == [(0.5, 2.0), (62.0, 3603.0)]
    assert text_between(cues, 0, 2) == "I did not expect"
    (_, second) = read_cues(written(tmp_path / "a.srt", SRT))
    assert (second.start_s, second.end_s, second.text) == (2.1, 3.0, "Oh well,")


def test_cue_belongs_to_the_clip_that_holds_its_middle(tmp_path: Path) -> None:
    cues = read_cues(written(tmp_path / "a.srt", SRT))
    assert text_between(cues, 0.0, 1.25) == ""
    assert text_between(cues, 1.25, 2.55) == "I did not expect that at all."
    assert text_between(cues, 2.55, 9.0) == "Oh well,"


def test_time_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.srt", SRT.replace("00:00:02,100", "soon"))
    assert read_subtitles(path)
    with pytest.raises(CorpusError, match=r"'soon --> 00:00:03,000 .*' is not a time such as"):
        read_cues(path)


def test_clip_with_the_longest_name_has_no_subtitles(tmp_path: Path) -> None:
    assert subtitles_beside(tmp_path / f"{'x' * 252}.ts") is None


@pytest.mark.parametrize("num_digits", [6, 400, 5_000])
def test_time_with_too_many_hours_is_none(num_digits: int, tmp_path: Path) -> None:
    path = written(tmp_path / "a.srt", f"{'9' * num_digits}:00:01,000 --> 00:00:02,000\na\n")
    with pytest.raises(CorpusError, match="is not a time such as"):
        read_cues(path)
