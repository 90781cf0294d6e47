import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corpora.iemocap.dai import read_dai_iemocap
from corpora.media.segments import ImageSequence
from corpora.recipes.pictures import DAI, Compat
from corpora.recipes.windows import window_times_s
from corpora.source.errors import CorpusError
from corpora.source.rejects import RejectReason
from corpora.source.utterance import Source, Utterance
from tests.corpora.dai_release_factory import (
    iemocap_meta,
    write_dai_iemocap,
    write_image,
    write_meta,
)
from tests.corpora.laid_utterances import iemocap_utterances
from tests.corpora.layouts import outcomes

DIALOGUE = "Ses01M_impro01"
FIRST = f"{DIALOGUE}_F000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_dai_iemocap(tmp_path, iemocap_utterances())


def media(folder: Path) -> Path:
    return folder / "IEMOCAP_RAW_PROCESSED"


def first_of(source: Source) -> Utterance:
    return next(u for u in source.utterances if u.id == FIRST)


def pictures_of(source: Source) -> ImageSequence:
    pictures = first_of(source).pictures
    assert isinstance(pictures, ImageSequence)
    return pictures


def images_of(source: Source) -> list[str]:
    return [path.name for path in pictures_of(source).paths]


def write_entry(folder: Path, **fields: object) -> None:
    """Change fields of the first utterance's entry; None drops one."""
    meta = iemocap_meta(iemocap_utterances())
    entry = meta[FIRST] | fields
    meta[FIRST] = {name: value for name, value in entry.items() if value is not None}
    write_meta(media(folder), meta)


def test_images_are_in_the_order_of_their_numbers(folder: Path) -> None:
    names = images_of(read_dai_iemocap(folder))
    assert names == [f"image_R_{number}.jpg" for number in range(12)]


def test_dai_leaves_the_last_image_out(folder: Path) -> None:
    names = images_of(read_dai_iemocap(folder, compat=Compat(dai_last_frame=True)))
    assert names == [f"image_R_{number}.jpg" for number in range(11)]


def test_rate_of_the_images_is_that_of_the_entry_or_of_the_videos(folder: Path) -> None:
    assert pictures_of(read_dai_iemocap(folder)).rate_fps == 8.0
    write_entry(folder, fps=None)
    assert pictures_of(read_dai_iemocap(folder)).rate_fps == 29.97


@pytest.mark.parametrize(
    ("compat", "numbers"),
    [
        (Compat(), [0, 14, 29, 44]),
        (Compat(dai_iemocap_step=True), [0, 15, 30, 45]),
        (Compat(dai_iemocap_step=True, dai_last_frame=True), [*range(0, 46 - 1, 15)]),
    ],
    ids=["by time", "step", "dai"],
)
def test_images_are_taken_by_time_or_every_fifteenth(
    folder: Path, compat: Compat, numbers: list[int]
) -> None:
    (place,) = media(folder).glob(f"**/{FIRST}")
    for number in range(46):
        frame = np.full((16, 16, 3), 5 * number, dtype=np.uint8)
        write_image(place / f"image_R_{number}.jpg", frame)
    write_entry(folder, fps=None, start_time=0.0, end_time=46 / 29.97)
    utterance = first_of(read_dai_iemocap(folder, compat=compat))
    frames = utterance.pictures.frames(window_times_s(utterance.duration_s, DAI))
    assert [round(float(frame.mean()) / 5) for frame in frames] == numbers


def test_sessions_may_be_left_out_instead_of_lists(folder: Path) -> None:
    source = read_dai_iemocap(folder, leave_out_session=5)
    assert {u.speaker for u in source.utterances if u.split == "valid"} == {"Ses01F", "Ses01M"}
    with pytest.raises(CorpusError, match="choose one: --splits DIR"):
        read_dai_iemocap(folder, splits=folder / "IEMOCAP_SPLIT", leave_out_session=5)


def test_utterance_without_images_is_kept(folder: Path) -> None:
    for path in (media(folder) / DIALOGUE / FIRST).glob("image_*"):
        path.unlink()
    source = read_dai_iemocap(folder)
    assert list(first_of(source).pictures.frames([0.0, 0.5])) == []
    assert not source.rejects


def test_folders_lie_where_they_lie(folder: Path) -> None:
    (media(folder) / DIALOGUE / FIRST).rename(media(folder) / FIRST)
    assert len(read_dai_iemocap(folder).utterances) == 30


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        ({"text": None}, RejectReason.NO_TEXT, "a label and no transcript"),
        ({"text": 3}, RejectReason.BAD_LINE, "meta.pkl, text: 3 is not a text"),
        ({"label": None}, RejectReason.BAD_LINE, "meta.pkl, label: None is not a text"),
        ({"label": "oth"}, RejectReason.NO_LABEL, "label oth"),
        ({"label": ""}, RejectReason.BAD_LINE, "its label is empty"),
        ({"start_time": "0"}, RejectReason.BAD_LINE, "start_time: '0' is not a number"),
        ({"start_time": float("nan")}, RejectReason.BAD_LINE, "is not after its start, nan"),
        ({"end_time": 10**400}, RejectReason.BAD_LINE, "is not a number"),
        ({"end_time": 0.0}, RejectReason.BAD_LINE, "its end, 0.0, is not after its start"),
        ({"fps": 0}, RejectReason.BAD_LINE, "fps: 0.0 is not a rate above 0"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_entry_with_a_bad_field_is_a_reject_that_names_it(
    folder: Path, fields: dict[str, object], reason: RejectReason, detail: str
) -> None:
    write_entry(folder, **fields)
    source = read_dai_iemocap(folder)
    assert outcomes(source) == {FIRST: (reason, "valid")}
    assert detail in source.rejects[0].detail


def drop_folder(place: Path) -> None:
    place.rename(place.parent / "elsewhere")


def drop_wave(place: Path) -> None:
    (place / "audio_R.wav").unlink()


def empty_wave(place: Path) -> None:
    (place / "audio_R.wav").write_bytes(b"")


def cut_wave(place: Path) -> None:
    wave = place / "audio_R.wav"
    wave.write_bytes(wave.read_bytes()[:-100])


def repeat_folder(place: Path) -> None:
    (place.parent.parent / "Ses01M_impro02" / place.name).mkdir(parents=True)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (drop_folder, RejectReason.NO_FILE),
        (drop_wave, RejectReason.NO_FILE),
        (empty_wave, RejectReason.UNREADABLE),
        (cut_wave, RejectReason.UNREADABLE),
        (repeat_folder, RejectReason.REPEATED),
    ],
)
def test_damaged_media_are_a_reject(
    folder: Path, damage: Callable[[Path], None], reason: RejectReason
) -> None:
    damage(media(folder) / DIALOGUE / FIRST)
    assert outcomes(read_dai_iemocap(folder)) == {FIRST: (reason, "valid")}


def test_listed_ids_without_use_are_rejects_of_their_split(folder: Path) -> None:
    listed = {
        f"{DIALOGUE}_F900": RejectReason.NO_LABEL,
        "Ses02F_impro09_F000": RejectReason.NO_FILE,
        "../../../etc/passwd": RejectReason.BAD_ID,
    }
    path = folder / "IEMOCAP_SPLIT/test_split.txt"
    path.write_text(path.read_text() + "\n".join(listed))
    source = read_dai_iemocap(folder)
    assert outcomes(source) == {name: (reason, "test") for name, reason in listed.items()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], r"meta\.pkl' holds \[\], not a dict of utterances"),
        ({}, r"meta\.pkl' holds \{\}, not a dict of utterances"),
        ({7: {}}, r"meta\.pkl' has keys that are not utterance ids: 7"),
    ],
    ids=["list", "nothing", "number as id"],
)
def test_meta_of_another_form_is_an_error(folder: Path, content: object, message: str) -> None:
    write_meta(media(folder), content)
    with pytest.raises(CorpusError, match=message):
        read_dai_iemocap(folder)


def test_missing_release_is_an_error_that_names_the_folder(folder: Path) -> None:
    with pytest.raises(CorpusError, match=re.escape("choose the folder that holds 'IEMOCAP_RAW_")):
        read_dai_iemocap(folder / "IEMOCAP_SPLIT", splits=folder / "IEMOCAP_SPLIT")
    with pytest.raises(CorpusError, match=r"lacks train_split\.txt"):
        read_dai_iemocap(folder / "IEMOCAP_SPLIT")
