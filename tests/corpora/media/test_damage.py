from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from corpora.media.frames import read_frames
from corpora.media.sound import read_sound
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason, Remark
from tests.corpora.media.drawn import (
    FPS,
    Collected,
    number_in,
    numbered,
    remux,
    tone,
    write_frames,
    write_waves,
)


def is_at(time_s: float) -> Any:
    """Say which packet is the first from a time on that is no key frame of a video."""
    found: list[int] = []

    def is_damaged(packet: Any) -> bool:
        is_late = packet.pts * packet.time_base >= time_s
        if is_late and not (packet.stream.type == "video" and packet.is_keyframe):
            found.append(packet.pts)
        return found[:1] == [packet.pts]

    return is_damaged


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("video")
    whole = write_frames(folder / "whole.mp4", map(numbered, range(6 * FPS)))
    return remux(whole, folder / "damaged.mkv", is_at(3.1))


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in_order") / "whole.mkv"
    return write_frames(path, map(numbered, range(4 * FPS)), options={"bf": "0"})


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    whole = write_waves(folder / "whole.mkv", [tone(6.0)], codec="aac")
    return remux(whole, folder / "damaged.mkv", is_at(3.1))


def test_frames_after_a_damaged_packet_are_read_and_it_is_noted(video: Path) -> None:
    noted = Collected()
    times_s = [0.5, 1.5, 2.5, 4.5, 5.5]
    frames = [number_in(frame) for frame in read_frames(video, times_s, note=noted)]
    assert frames == [12, 37, 62, 112, 137]
    assert noted.notes == [(Remark.DAMAGED, "video at 3.12 s")]


@pytest.mark.parametrize(("start_s", "num_notes"), [(0.2, 0), (2.7, 1), (4.2, 0)])
def test_damage_is_noted_for_the_utterance_that_it_lies_in(
    video: Path, start_s: float, num_notes: int
) -> None:
    noted = Collected()
    frames = list(read_frames(video, [start_s, start_s + 1], note=noted))
    assert number_in(frames[0]) == int(start_s * FPS)
    assert len(noted.notes) == num_notes


def test_sound_after_a_damaged_packet_is_in_its_place(sound: Path, tmp_path: Path) -> None:
    noted = Collected()
    wave = read_sound(sound, 0.0, 6.0, rate_hz=16_000, note=noted)
    whole = read_sound(sound.with_name("whole.mkv"), 0.0, 6.0, rate_hz=16_000)
    assert wave is not None
    assert whole is not None
    assert noted.notes == [(Remark.DAMAGED, "audio at 3.14 s")]
    changed = np.flatnonzero(np.abs(wave - whole) > 1e-3) / 16_000
    assert 3.1 < changed.min() < changed.max() < 3.4
    assert np.abs(wave[4 * 16_000 :]).max() > 0.4


def test_file_of_which_nothing_can_be_decoded_is_unreadable(tmp_path: Path) -> None:
    whole = write_frames(tmp_path / "whole.mp4", map(numbered, range(10)))
    path = remux(whole, tmp_path / "noise.mkv", lambda packet: True)
    with pytest.raises(MediaError) as caught:
        list(read_frames(path, [0.0]))
    assert caught.value.reason == RejectReason.UNREADABLE


def test_packets_of_several_frames_are_heard_whole(tmp_path: Path) -> None:
    made = [tone(6.0, rate_hz=32_000)]
    one = write_waves(tmp_path / "one.mkv", made, codec="ac3", rate_hz=32_000)
    path = remux(one, tmp_path / "several.mkv", lambda packet: False, num_joined=8)
    wave = read_sound(path, 0.0, 6.0, rate_hz=16_000)
    late, wanted = (read_sound(each, 3.0, 5.0, rate_hz=16_000) for each in (path, one))
    assert wave is not None
    assert late is not None
    assert wanted is not None
    tenths = np.abs(wave[:-1_600].reshape(-1, 1_600)).max(axis=1)
    assert tenths.min() > 0.4  # nothing is silent
    np.testing.assert_allclose(late, wanted, atol=1e-3)


def with_time_ahead(source: Path, path: Path, index: int) -> Path:
    """Copy a file with one stream; one packet's time is 100 s late."""
    with av.open(str(source)) as read, av.open(str(path), "w") as written:
        (stream,) = read.streams
        copied = written.add_stream_from_template(stream)
        packets = [packet for packet in read.demux(stream) if packet.size]
        for number, packet in enumerate(packets):
            if number == index:
                assert packet.pts is not None
                packet.pts += round(100 / packet.time_base)
            packet.stream = copied
            written.mux(packet)
    return path


def test_single_time_far_ahead_is_damage_and_the_rest_keeps_its_times(
    in_order: Path, tmp_path: Path
) -> None:
    path, noted = with_time_ahead(in_order, tmp_path / "ahead.mkv", 30), Collected()
    frames = read_frames(path, [1.1, 1.22, 1.5, 2.5], note=noted)
    assert [number_in(frame) for frame in frames] == [27, 30, 37, 62]
    assert noted.notes == [(Remark.DAMAGED, "time at 1.20 s")]


def test_sound_after_a_single_time_far_ahead_is_in_its_place(sound: Path, tmp_path: Path) -> None:
    sound, noted = sound.with_name("whole.mkv"), Collected()
    path = with_time_ahead(sound, tmp_path / "ahead.mka", 20)
    wave, whole = (read_sound(each, 0.0, 3.0, rate_hz=16_000, note=noted) for each in (path, sound))
    assert wave is not None
    assert whole is not None
    np.testing.assert_allclose(wave, whole, atol=1e-3)
    assert [remark for remark, _ in noted.notes] == [Remark.DAMAGED]


def test_gap_that_the_next_frame_confirms_stays_a_gap(in_order: Path, tmp_path: Path) -> None:
    path, noted = tmp_path / "gap.mkv", Collected()
    with av.open(str(in_order)) as read, av.open(str(path), "w") as written:
        (stream,) = read.streams
        copied = written.add_stream_from_template(stream)
        for number, packet in enumerate(p for p in read.demux(stream) if p.size):
            if number >= 50:
                assert packet.pts is not None
                assert packet.dts is not None
                late = round(20 / packet.time_base)
                packet.pts, packet.dts = packet.pts + late, packet.dts + late
            packet.stream = copied
            written.mux(packet)
    frames = read_frames(path, [1.5, 5.0, 21.99, 22.02, 23.0], note=noted)
    assert [number_in(frame) for frame in frames] == [37, 49, 49, 50, 75]
    assert noted.notes == []
