import pytest

from benchmarks.prepare_speed import (
    REST,
    Agreement,
    StageClock,
    clips_after_first_part,
    compare,
    cut,
    frames_of_segment,
)
from corpora.media.segments import SoundSegment, VideoSegment
from corpora.source.utterance import Utterance
from tests.corpora.media_factory import write_video


def test_a_stage_inside_another_is_charged_to_its_own():
    times = iter((0.0, 1.0, 3.0, 7.0, 8.0, 10.0))
    clock = StageClock(read=lambda: next(times))
    with clock.stage("outer"), clock.stage("inner"):
        pass
    assert clock.stop() == {REST: 1.0 + 2.0, "outer": 2.0 + 1.0, "inner": 4.0}


def test_a_generator_is_charged_for_its_items_alone():
    times = iter(float(second) for second in range(20))
    clock = StageClock(read=lambda: next(times))
    timed = clock.timing_items("items", lambda: iter("ab"))
    assert list(timed()) == ["a", "b"]
    assert clock.stop()["items"] == 3.0  # two items and the end, a second each


def test_clips_that_workers_may_have_begun_before_do_not_count():
    assert clips_after_first_part(96, num_workers=2) == 80
    with pytest.raises(ValueError, match="use more than 128 clips"):
        clips_after_first_part(96, num_workers=16)


def test_a_video_is_cut_from_its_start_again_and_never_beyond_its_end():
    assert cut(9.0, 4.0, 3) == [(0.0, 4.0), (4.0, 8.0), (0.0, 4.0)]
    assert cut(3.0, 4.0, 2) == [(0.0, 3.0), (0.0, 3.0)]


def test_frames_are_compared_one_by_one():
    prepared = {"a": [True, False], "b": [True]}
    script = {"b": [False], "a": [True, False]}
    agreement = compare(prepared, script)
    assert agreement == Agreement(both=1, neither=1, only_prepare=1, only_script=0)
    assert agreement.share_different == pytest.approx(1 / 3)
    with pytest.raises(RuntimeError, match="same frames"):
        compare(prepared, {"a": [True, False]})


@pytest.mark.parametrize("start_s", [0.0, 0.5, 2.25])
def test_the_script_looks_at_the_frames_that_prepare_looks_at(tmp_path, start_s):
    path, times_s = write_video(tmp_path / "a.mp4", seconds=4.0), [0.0, 0.35, 1.0]
    utterance = Utterance(
        id="a",
        pictures=VideoSegment(path, start_s, start_s + 1.5),
        sound=SoundSegment(path, start_s, start_s + 1.5),
        duration_s=1.5,
        text="",
        labels=(1,),
        split="train",
        group="a",
    )
    own = list(utterance.pictures.frames(times_s))
    plain = frames_of_segment(utterance, times_s)
    assert [frame.tolist() for frame in plain] == [frame.tolist() for frame in own]
