from pathlib import Path

import av
import numpy as np
import pytest

from corpora.media.duration import read_duration_s
from corpora.media.frames import read_frames as read_frames_at
from corpora.media.sound import read_sound
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason
from corpora.source.utterance import Frame
from tests.corpora.media_factory import SIZE, tone, write_sound, write_video

FORMATS = {
    "mp4 h264 aac": ("clip.mp4", "libx264", "aac"),
    "mkv mpeg4 flac": ("clip.mkv", "mpeg4", "flac"),
    "avi mjpeg pcm": ("clip.avi", "mjpeg", "pcm_s16le"),
    "webm vp9 opus": ("clip.webm", "libvpx-vp9", "libopus"),
    "mpegts h264 mp2": ("clip.ts", "libx264", "mp2"),
}


def read_frames(path: Path, start_s: float, end_s: float, *, interval_s: float) -> list[Frame]:
    return list(read_frames_at(path, np.arange(start_s, end_s, interval_s).tolist()))


def brightness(frames: list[np.ndarray]) -> list[int]:
    return [round(float(frame.mean()) / 10) for frame in frames]


@pytest.mark.parametrize("name", FORMATS, ids=list(FORMATS))
def test_frames_and_sound_are_read_from_any_format(tmp_path: Path, name: str) -> None:
    file, codec, sound_codec = FORMATS[name]
    rate_hz = 48_000 if sound_codec == "libopus" else 16_000
    path = tmp_path / file
    if codec == "mjpeg":
        write_video(path, codec=codec, sound_codec=sound_codec, pix_fmt="yuvj420p")
    else:
        write_video(path, codec=codec, sound_codec=sound_codec, sound_hz=rate_hz)
    frames = read_frames(path, 0.05, 2.0, interval_s=0.5)  # in the middle of a frame
    assert frames[0].shape == (*SIZE, 3)
    assert brightness(frames) == [0, 5, 10, 15]
    wave = read_sound(path, 0.0, 2.0, rate_hz=16_000)
    assert wave is not None
    assert wave.shape == (32_000,)
    spectrum = np.abs(np.fft.rfft(wave[8_000:24_000]))
    assert abs(int(spectrum.argmax()) - 440) <= 1  # 1 Hz a bin


def test_segment_inside_a_file_is_cut_by_its_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", seconds=2.5)
    assert brightness(read_frames(path, 0.6, 2.2, interval_s=1.0)) == [6, 16]
    wave = read_sound(path, 2.0, 3.0, rate_hz=16_000)
    assert wave is not None
    assert np.abs(wave[:7_000]).max() > 0.3
    assert np.abs(wave[10_000:]).max() < 0.01  # silence after the end of the file


@pytest.mark.parametrize("name", FORMATS, ids=list(FORMATS))
def test_late_segment_is_found_by_seeking_in_any_format(tmp_path: Path, name: str) -> None:
    file, codec, _ = FORMATS[name]
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_video(
        tmp_path / file, seconds=9.0, fps=2, codec=codec, sound_hz=None, pix_fmt=pix_fmt
    )
    assert brightness(read_frames(path, 6.2, 8.2, interval_s=0.5)) == [12, 13, 14, 15]


def test_segment_shorter_than_the_interval_has_one_frame(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4")
    assert brightness(read_frames(path, 1.0, 1.3, interval_s=1.0)) == [10]


def test_video_that_ends_early_gives_the_frames_there_are(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", seconds=2.0)
    assert brightness(read_frames(path, 0.0, 9.0, interval_s=1.0)) == [0, 10]


def test_video_that_ends_less_than_a_frame_early_keeps_its_last_frame(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", seconds=2.0)
    for end_s, levels in ((2.05, [0, 10, 19]), (2.15, [0, 10])):
        frames = list(read_frames_at(path, [0.0, 1.0, 2.0], end_s=end_s))
        assert brightness(frames) == levels


def joined(folder: Path, suffix: str, *, seconds: float) -> Path:
    """Write two recordings, each with times from 0, into one file."""
    is_dvd = suffix == "mpg"
    part = write_video(
        folder / f"part.{suffix}",
        seconds=seconds,
        fps=25 if is_dvd else 10,
        codec="mpeg2video" if is_dvd else "libx264",
        sound_codec="mp2" if is_dvd else "aac",
        sound_hz=48_000,
    )
    path = folder / f"joined.{suffix}"
    path.write_bytes(part.read_bytes() * 2)
    return path


def test_recordings_that_were_joined_go_on_in_time(tmp_path: Path) -> None:
    path = joined(tmp_path, "ts", seconds=2.5)
    assert brightness(list(read_frames_at(path, [0.05, 2.05, 2.75, 4.55]))) == [0, 20, 2, 20]


@pytest.mark.parametrize("suffix", ["ts", "mpg"])
def test_clips_of_joined_recordings_are_found_on_both_sides_of_the_joint(
    tmp_path: Path, suffix: str
) -> None:
    path = joined(tmp_path, suffix, seconds=3.0)
    assert read_duration_s(path) == pytest.approx(6.0, abs=0.15)
    whole = brightness(list(read_frames_at(path, np.arange(0.05, 6.0, 0.25).tolist())))
    assert whole[:11] == whole[12:23]
    for first in (9, 13, 20):
        start_s = 0.05 + 0.25 * first
        assert brightness(list(read_frames_at(path, [start_s]))) == [whole[first]]
        wave = read_sound(path, start_s, start_s + 0.5, rate_hz=16_000)
        assert wave is not None
        assert np.abs(wave[:4_000]).max() > 0.3


def test_file_without_sound_has_none(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", sound_hz=None)
    assert read_sound(path, 0.0, 1.0, rate_hz=16_000) is None


def test_sound_is_resampled(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", sound_hz=44_100)
    wave = read_sound(path, 0.5, 1.5, rate_hz=16_000)
    assert wave is not None
    assert abs(int(np.abs(np.fft.rfft(wave)).argmax()) - 440) <= 1


def test_gap_in_the_sound_stays_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "gap.mkv"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("pcm_s16le", rate=16_000)
        for begin_s in (0.0, 1.5):
            for frame in tone(0.5, 16_000):
                assert frame.pts is not None
                frame.pts += round(begin_s * 16_000)
                container.mux(audio.encode(frame))
        container.mux(audio.encode())
    wave = read_sound(path, 0.0, 2.0, rate_hz=16_000)
    assert wave is not None
    loud = [np.abs(wave[s : s + 4_000]).max() > 0.3 for s in range(0, 32_000, 4_000)]
    assert loud == [True, True, False, False, False, False, True, True]


def raw_stream(path: Path) -> Path:
    """Write frames without a container: they have no times."""
    return write_video(path.with_suffix(".h264"), sound_hz=None)


def broken(path: Path) -> Path:
    path.write_bytes(b"this is no video")
    return path


def truncated(path: Path) -> Path:
    write_video(path)
    path.write_bytes(path.read_bytes()[:2_000])
    return path


@pytest.mark.parametrize(
    ("make", "start_s", "reason"),
    [
        (broken, 0.0, RejectReason.UNREADABLE),
        (truncated, 0.0, RejectReason.UNREADABLE),
        (write_sound, 0.0, RejectReason.NO_VIDEO),
        (write_video, 30.0, RejectReason.OUTSIDE),
        (raw_stream, 0.0, RejectReason.UNREADABLE),
        (raw_stream, 3.0, RejectReason.UNREADABLE),
    ],
    ids=["no video file", "truncated", "sound only", "after the end", "no times", "no seeking"],
)
def test_unusable_clip_is_rejected_with_its_reason(
    tmp_path: Path, make: object, start_s: float, reason: RejectReason
) -> None:
    assert callable(make)
    name = "clip.wav" if make is write_sound else "clip.mp4"
    path = make(tmp_path / name)
    with pytest.raises(MediaError) as caught:
        read_frames(path, start_s, start_s + 1.0, interval_s=1.0)
    assert caught.value.reason == reason
