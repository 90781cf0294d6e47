"""Clip CSVs of sound files, and of text alone."""

from pathlib import Path

import pytest

from corpora.media.segments import NoMedia, SoundSegment, VideoSegment
from corpora.readers.clip_folder import read_clips
from corpora.source.errors import CorpusError
from tests.corpora.media_factory import clip_lines, text_lines, write_csv, write_sound

CODECS = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame", "m4a": "aac", "opus": "libopus"}


@pytest.mark.parametrize("suffix", CODECS)
def test_files_of_sound_are_utterances_without_pictures(tmp_path: Path, suffix: str) -> None:
    file = write_sound(tmp_path / f"a.{suffix}", seconds=2.0, rate_hz=48_000, codec=CODECS[suffix])
    write_csv(tmp_path / "clips.csv", clip_lines(file=file.name))
    first = read_clips(tmp_path).utterances[0]
    assert first.pictures == NoMedia()
    assert first.sound == SoundSegment(file, 0.0, 1.2)
    wave = first.sound.wave(rate_hz=16_000)
    assert wave is not None
    assert abs(wave).max() > 0.1


def test_length_of_a_sound_file_ends_a_clip_without_end(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", seconds=1.5)
    lines = [{k: v for k, v in line.items() if k not in ("start", "end")} for line in clip_lines()]
    write_csv(tmp_path / "clips.csv", [line | {"file": "a.wav"} for line in lines])
    assert read_clips(tmp_path).utterances[0].duration_s == pytest.approx(1.5)


def test_broken_file_among_sound_does_not_make_it_videos(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", seconds=2.0)
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    first, *others = clip_lines(file="a.wav")
    write_csv(tmp_path / "clips.csv", [first | {"file": "broken.wav"}, *others])
    assert {type(clip.pictures) for clip in read_clips(tmp_path).utterances} == {NoMedia}


def test_files_that_cannot_be_read_count_as_videos(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    write_csv(tmp_path / "clips.csv", clip_lines(file="broken.mp4"))
    assert {type(clip.pictures) for clip in read_clips(tmp_path).utterances} == {VideoSegment}


@pytest.mark.parametrize("lines", [text_lines(), text_lines(file="", start="", end="")])
def test_csv_that_names_no_file_is_of_text(tmp_path: Path, lines: list[dict[str, object]]) -> None:
    write_csv(tmp_path / "clips.csv", lines)
    source = read_clips(tmp_path)
    assert (source.task, source.emotions) == ("multiclass", ("calm", "glad"))
    last = source.utterances[-1]
    assert (last.id, last.text, last.labels) == ("test3", "this is number 3", (0, 1))
    assert (last.pictures, last.sound, last.duration_s) == (NoMedia(), NoMedia(), 0.0)


def test_digest_of_text_changes_with_a_text(tmp_path: Path) -> None:
    write_csv(tmp_path / "clips.csv", text_lines())
    before = read_clips(tmp_path).digest
    write_csv(tmp_path / "clips.csv", [*text_lines()[:-1], text_lines()[-1] | {"text": "other"}])
    assert read_clips(tmp_path).digest != before


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (text_lines(text=""), "names neither media in a column 'file' nor what is said in a"),
        (text_lines(start=0), "has no column 'file'; its columns are utterance, text"),
        (text_lines(clip="a.mp4"), "this would be text alone"),
    ],
    ids=["nothing", "a start without file", "file by another name"],
)
def test_csv_that_lacks_its_media_is_told(
    tmp_path: Path, lines: list[dict[str, object]], message: str
) -> None:
    write_csv(tmp_path / "clips.csv", lines)
    with pytest.raises(CorpusError, match=message):
        read_clips(tmp_path)
