from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from corpora.batches.single_clip import whole_file
from corpora.features.sources import NO_FEATURE_SOURCES
from corpora.forms.face_choice import FaceChooser
from corpora.forms.faces import NO_FACES, Faces
from corpora.preparation.clip_pass import ClipPass, PassedClip
from corpora.preparation.form_makers import make_form_maker
from corpora.recipes.columns import FACES
from corpora.recipes.pictures import LE, FaceChoice
from corpora.source.rejects import Remark
from tests.corpora.media.drawn import FPS, write_frames
from tests.corpora.media_factory import drawn_face

FRAME = np.zeros((200, 400, 3), np.uint8)
LEFT, MIDDLE, RIGHT = (0, 50, 90, 150), (160, 70, 220, 130), (260, 20, 400, 180)


def faces_at(*boxes: tuple[int, int, int, int]) -> Faces:
    """Make faces as the detector gives them: the largest first."""
    by_size = sorted(boxes, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))
    return Faces(
        np.array(by_size, np.float32),
        np.zeros((len(boxes), 5, 2), np.float32),
        np.ones(len(boxes), np.float32),
    )


def taken(choice: FaceChoice, frames: Sequence[Faces]) -> list[tuple[float, ...] | None]:
    choose = FaceChooser(choice)
    ordered = [choose(FRAME, faces) for faces in frames]
    assert [len(faces) for faces in ordered] == [len(faces) for faces in frames]
    return [tuple(faces.boxes[0].tolist()) if len(faces) else None for faces in ordered]


@pytest.mark.parametrize(("choice", "box"), [("largest", RIGHT), ("central", MIDDLE)])
def test_largest_or_most_central_face_is_taken_in_every_frame(
    choice: FaceChoice, box: tuple[int, int, int, int]
) -> None:
    frames = [faces_at(LEFT, MIDDLE), faces_at(LEFT, MIDDLE, RIGHT), NO_FACES]
    first = {"largest": LEFT, "central": MIDDLE}[choice]
    assert taken(choice, frames) == [first, box, None]


def moved(box: tuple[int, int, int, int], by: int) -> tuple[int, int, int, int]:
    return box[0] + by, box[1], box[2] + by, box[3]


def test_tracked_face_goes_on_while_a_larger_one_comes() -> None:
    frames = [faces_at(LEFT), faces_at(moved(LEFT, 40), RIGHT), faces_at(moved(LEFT, 80), RIGHT)]
    assert taken("tracked", frames) == [LEFT, moved(LEFT, 40), moved(LEFT, 80)]
    assert taken("largest", frames) == [LEFT, RIGHT, RIGHT]


def test_tracked_face_is_waited_for_while_it_is_not_found() -> None:
    frames = [faces_at(LEFT), NO_FACES, faces_at(RIGHT), faces_at(moved(LEFT, 40), RIGHT)]
    assert taken("tracked", frames) == [LEFT, None, RIGHT, moved(LEFT, 40)]


def test_face_that_only_touches_the_tracked_one_is_not_followed() -> None:
    touching = moved(LEFT, 85)
    frames = [faces_at(LEFT), faces_at(touching, RIGHT), faces_at(LEFT, touching)]
    assert taken("tracked", frames) == [LEFT, RIGHT, LEFT]


def test_each_utterance_begins_anew_with_its_largest_face() -> None:
    assert taken("tracked", [faces_at(LEFT)]) == [LEFT]
    assert taken("tracked", [faces_at(LEFT, RIGHT)]) == [RIGHT]


@pytest.fixture(scope="module")
def passer_by(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Film a face for 3 s, and from 0.5 s on another one that is larger, reddish and further left.

    The first one moves from the left of the frame's middle to the right of it.
    """
    face = drawn_face()
    height, width, _ = face.shape
    larger = np.asarray(Image.fromarray(face).resize((width * 3 // 2, height * 3 // 2)))
    pictures = []
    for index in range(3 * FPS):
        picture = np.full((300, 1000, 3), 128, np.uint8)
        left = 400 + 40 * index // FPS
        picture[50 : 50 + height, left : left + width] = face
        if index > FPS // 2:
            picture[: larger.shape[0], : larger.shape[1]] = larger // np.array([1, 2, 2], np.uint8)
        pictures.append(picture)
    return write_frames(tmp_path_factory.mktemp("film") / "film.mp4", pictures)


@pytest.mark.parametrize(
    ("choice", "is_reddish", "detail"),
    [
        ("largest", [False, True, True], "the largest"),
        ("central", [False, False, False], "the one nearest to the middle"),
        ("tracked", [False, False, False], "the one that goes on from frame to frame"),
    ],
)
def test_chosen_face_of_a_video_is_cut_out(
    choice: FaceChoice, is_reddish: list[bool], detail: str, passer_by: Path
) -> None:
    recipe = LE.model_copy(update={"face_choice": choice})
    clip_pass = ClipPass({"le": make_form_maker(recipe, NO_FEATURE_SOURCES, "cpu")}, "cpu")
    (clip,) = clip_pass.prepare([whole_file(passer_by, "well")])
    assert isinstance(clip, PassedClip)
    form = clip.forms["le"]
    crops = np.array(form.columns[FACES].to_pylist()).reshape(3, 3, 64, 64)
    red, green, _ = crops[..., 16:48, 16:48].mean((2, 3)).T
    assert (red > 1.8 * green).tolist() == is_reddish
    assert form.num_faces == 3
    assert form.details[Remark.SEVERAL_FACES] == detail
