from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from corpora.media.sound import read_sound
from corpora.source.errors import MediaError
from corpora.source.rejects import Remark
from tests.corpora.media.drawn import Collected, tone, write_waves

LOUD, HIGH, SILENT = tone(1.0, level=0.9), tone(1.0, hz=660.0), tone(1.0, level=0.0)


def read(path: Path, noted: Collected | None = None, **which: int) -> NDArray[np.float32]:
    wave = read_sound(path, 0.0, 1.0, rate_hz=16_000, note=noted or Collected(), **which)
    assert wave is not None
    return wave


@pytest.mark.parametrize(
    "codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "flac"]
)
def test_sound_on_both_channels_is_as_loud_as_on_one(codec: str, tmp_path: Path) -> None:
    one = read(write_waves(tmp_path / "one.mkv", [LOUD], codec=codec))
    both = read(write_waves(tmp_path / "both.mkv", [LOUD, LOUD], codec=codec))
    np.testing.assert_allclose(both, one, atol=1e-4)
    np.testing.assert_allclose(both, LOUD, atol=0.01)


@pytest.mark.parametrize(
    ("channels", "does_cancel"),
    [
        ((LOUD, -LOUD), True),
        ((LOUD, -0.9 * LOUD), True),
        ((LOUD, HIGH), False),
        ((LOUD, SILENT), False),
        ((LOUD, LOUD), False),
        ((SILENT, SILENT), False),
        ((LOUD,), False),
    ],
    ids=["opposite", "nearly opposite", "different", "one silent", "equal", "silent", "one"],
)
def test_mean_of_channels_is_read_and_it_is_noted_where_they_cancel(
    channels: Sequence[NDArray[np.float32]], *, does_cancel: bool, tmp_path: Path
) -> None:
    noted = Collected()
    wave = read(write_waves(tmp_path / "sound.wav", list(channels)), noted)
    np.testing.assert_allclose(wave, np.mean(channels, axis=0), atol=1e-3)
    assert [remark for remark, _ in noted.notes] == [Remark.CHANNELS_CANCEL] * does_cancel


def test_chosen_channel_is_heard_alone(tmp_path: Path) -> None:
    noted = Collected()
    path = write_waves(tmp_path / "sound.wav", [LOUD, -LOUD])
    np.testing.assert_allclose(read(path, noted, channel=1), -LOUD, atol=1e-3)
    assert noted.notes == []


def test_track_that_is_heard_is_noted_where_there_are_several(tmp_path: Path) -> None:
    path = write_waves(tmp_path / "film.mkv", [LOUD], [HIGH], languages=("eng", "deu"))
    first, second = Collected(), Collected()
    np.testing.assert_allclose(read(path, first), LOUD, atol=1e-3)
    np.testing.assert_allclose(read(path, second, track=2), HIGH, atol=1e-3)
    assert first.notes == [(Remark.SEVERAL_SOUND_TRACKS, "track 1 is read, of 1 (eng), 2 (deu)")]
    assert second.notes == [(Remark.SEVERAL_SOUND_TRACKS, "track 2 is read, of 1 (eng), 2 (deu)")]
    with pytest.raises(MediaError, match="sound track 3 is wanted, the file has 2"):
        read(path, track=3)


HUM = tone(1.0, hz=50.0, level=0.9)


@pytest.mark.parametrize(
    ("layout", "channels", "wanted"),
    [
        ("5.1", (SILENT, SILENT, LOUD, SILENT, SILENT, SILENT), LOUD),
        ("5.1", (SILENT, SILENT, LOUD, HUM, SILENT, SILENT), LOUD),
        ("5.1", (HIGH, SILENT, LOUD, HUM, SILENT, SILENT), (LOUD + HIGH) / 2),
        ("2.1", (LOUD, HIGH, HUM), (LOUD + HIGH) / 2),
        ("quad", (LOUD, LOUD, LOUD, LOUD), LOUD),
        ("quad", (SILENT, SILENT, SILENT, SILENT), SILENT),
        ("stereo", (LOUD, SILENT), LOUD / 2),
    ],
    ids=["centre", "centre and low", "two of six", "2.1", "equal", "silent", "stereo"],
)
def test_channels_without_speech_make_surround_sound_no_quieter(
    layout: str,
    channels: Sequence[NDArray[np.float32]],
    wanted: NDArray[np.float32],
    tmp_path: Path,
) -> None:
    wave = read(write_waves(tmp_path / "sound.wav", list(channels), layout=layout))
    np.testing.assert_allclose(wave, wanted, atol=1e-3)
