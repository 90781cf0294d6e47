from dataclasses import replace
from pathlib import Path

import pytest

from corpora.media.segments import ImageSequence, SoundSegment, VideoSegment
from corpora.source.split import Split
from corpora.source.utterance import Utterance
from corpora.store.manifest import Shared, shared_between
from corpora.store.overlaps import find_overlaps


def clip(
    name: str, split: Split, start_s: float, end_s: float, file: Path = Path("a.mp4")
) -> Utterance:
    return Utterance(
        id=name,
        pictures=VideoSegment(file, start_s, end_s),
        sound=SoundSegment(file, start_s, end_s),
        duration_s=end_s - start_s,
        text="",
        labels=(1,),
        split=split,
        group=name,
    )


LONG, SHORT = clip("long", "train", 0, 10), clip("short", "train", 2, 3)


@pytest.mark.parametrize(
    ("start_s", "end_s", "train"),
    [
        (1, 5, "long"),
        (4, 5, "long"),
        (9.5, 12, "long"),
        (9.95, 12, None),
        (10, 12, None),
        (5, 5.05, "long"),
    ],
    ids=["over both", "inside", "at the end", "rounded", "after", "a moment"],
)
def test_test_utterance_that_shares_a_time_is_found(
    start_s: float, end_s: float, train: str | None
) -> None:
    found = find_overlaps([LONG, SHORT, clip("test", "test", start_s, end_s)])
    assert [(each.test, each.train) for each in found] == ([("test", train)] if train else [])


def test_other_files_halves_and_splits_share_nothing() -> None:
    other = clip("other", "test", 0, 10, Path("b.mp4"))
    valid = clip("valid", "valid", 0, 10)
    left = replace(LONG, pictures=VideoSegment(Path("c"), 0, 10, half="left"))
    right = replace(other, pictures=VideoSegment(Path("c"), 0, 10, half="right"))
    assert find_overlaps([LONG, SHORT, other, valid]) == ()
    assert find_overlaps([left, right]) == ()


def test_file_of_two_names_is_one_and_images_count(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "b.mp4").symlink_to("a.mp4")
    train = clip("train", "train", 0, 1, tmp_path / "a.mp4")
    assert find_overlaps([train, clip("test", "test", 0, 1, tmp_path / "b.mp4")])
    first, second = (
        replace(each, pictures=ImageSequence((tmp_path / "1.jpg",), 2.0), sound=sound)
        for each, sound in zip(
            (train, clip("test", "test", 0, 1)),
            (SoundSegment(tmp_path / "x", 0, 1), SoundSegment(tmp_path / "y", 0, 1)),
            strict=True,
        )
    )
    assert [each.train for each in find_overlaps([first, second])] == ["train"]


def test_shared_speaker_is_counted_though_others_are_not_known() -> None:
    train, test = (
        replace(each, speaker="ann") for each in (LONG, clip("t", "test", 0, 1, Path("b")))
    )
    assert shared_between([train, SHORT, test]).num_speakers == 1
    assert shared_between([train, SHORT, replace(test, speaker="bob")]).num_speakers is None


def test_manifest_of_an_older_version_does_not_know_overlaps() -> None:
    older = Shared.model_validate_json('{"num_groups": 0, "num_speakers": null}')
    assert older.overlaps is None
