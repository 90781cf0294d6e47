import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from corpora.forms.crops import (
    TEMPLATE,
    crop_centre,
    crop_first_face,
    faces_in_field,
    nearest_found,
    similarity_to_template,
    to_jpeg,
)
from corpora.forms.faces import NO_FACES, Faces
from corpora.recipes.pictures import DAI, LE, XIA, Compat, Recipe


def ramp(height: int, width: int) -> np.ndarray:
    """Make a frame whose red is the column and whose green is the row."""
    frame = np.zeros((height, width, 3), dtype=np.uint8)
    frame[..., 0] = np.arange(width)[None, :]
    frame[..., 1] = np.arange(height)[:, None]
    return frame


def faces_at(*boxes: tuple[float, float, float, float]) -> Faces:
    landmarks = [TEMPLATE * (box[2] - box[0]) + (box[0], box[1]) for box in boxes]
    return Faces(
        np.array(boxes, np.float32),
        np.array(landmarks, np.float32),
        np.ones(len(boxes), np.float32),
    )


def crop_counting(frame: np.ndarray, faces: Faces, recipe: Recipe) -> np.ndarray | None:
    return crop_first_face(frame, faces_in_field(frame, faces, recipe), recipe)


def test_centre_stands_in_where_there_is_no_face() -> None:
    frame = ramp(100, 200)
    assert crop_counting(frame, NO_FACES, LE) is None
    crop = crop_centre(frame, LE)
    assert crop.shape == (64, 64, 3)
    assert crop[0, :, 0].tolist() == list(range(68, 132))
    assert crop[:, 0, 1].tolist() == list(range(18, 82))


def test_centre_of_a_small_frame_gets_a_black_border() -> None:
    crop = crop_centre(np.full((10, 20, 3), 255, dtype=np.uint8), LE)
    assert (crop > 0).sum() == 3 * 10 * 20
    assert crop[27:37, 22:42].all()


def test_dais_mistake_shifts_the_centre_half_a_patch_to_the_left_only_if_asked() -> None:
    frame = ramp(224, 224)
    assert crop_centre(frame, DAI)[0, 0].tolist() == [88, 88, 0]
    mistaken = DAI.model_copy(update={"compat": Compat(dai_crop=True)})
    assert crop_centre(frame, mistaken)[0, 0].tolist() == [64, 88, 0]


@pytest.mark.parametrize(
    ("probabilities", "index"), [((0.88, 1.0), 1), ((1.0, 1.0), 0), ((0.5, 0.94), None)]
)
def test_largest_of_the_likely_faces_counts(
    probabilities: tuple[float, float], index: int | None
) -> None:
    boxes = (20.0, 20.0, 140.0, 140.0), (150.0, 50.0, 190.0, 90.0)
    found = replace(faces_at(*boxes), probabilities=np.array(probabilities, np.float32))
    frame = ramp(200, 250)

    def cut(faces: Faces, recipe: Recipe) -> bytes | None:
        crop = crop_counting(frame, faces, recipe)
        return None if crop is None else crop.tobytes()

    alone = [cut(faces_at(box), LE) for box in boxes]
    assert alone[0] != alone[1]
    assert cut(found, LE) == (None if index is None else alone[index])
    before = LE.model_copy(update={"least_face_probability": 0.0})
    assert cut(found, before) == alone[0]


def test_faces_outside_the_field_do_not_count() -> None:
    inside, outside = (300.0, 150.0, 340.0, 190.0), (0.0, 0.0, 60.0, 60.0)
    found = faces_at(outside, inside)
    assert len(faces_in_field(ramp(360, 640), found, DAI)) == 1
    assert len(faces_in_field(ramp(360, 640), found, LE)) == 2


def test_face_is_cut_out_with_its_margin_and_resized() -> None:
    crop = crop_counting(ramp(200, 250), faces_at((100.0, 50.0, 162.0, 112.0)), LE)
    assert crop is not None  # 62 px and 2 px of margin are 64 px: nothing to resize
    assert crop[0, :, 0].tolist() == list(range(99, 163))


def test_box_beyond_the_frame_is_cut_at_its_edge() -> None:
    crop = crop_counting(ramp(100, 100), faces_at((-20.0, -20.0, 44.0, 44.0)), LE)
    assert crop is not None
    assert crop[0, 0, 0] == 0


def test_dai_looks_for_faces_in_the_middle_square_only() -> None:
    frame = ramp(720, 250).repeat(6, 1)[:, :1280]  # halved it is 640 x 360, the field 360 x 360
    outside, inside = (40.0, 300.0, 140.0, 400.0), (600.0, 300.0, 660.0, 360.0)
    faces = faces_at(outside, inside)
    crop = crop_counting(frame, faces, DAI)
    only_inside = crop_counting(frame, faces_at(inside), DAI)
    assert crop is not None
    assert only_inside is not None
    assert np.array_equal(crop, only_inside)
    assert crop_counting(frame, faces_at(outside), DAI) is None
    everywhere = crop_counting(frame, faces, LE)
    assert everywhere is not None
    assert everywhere[..., 0].mean() < 40  # the larger one, at the left edge


@pytest.mark.parametrize("scale", [0.8, 1.0, 3.5])
@pytest.mark.parametrize("turn_rad", [0.0, 0.4, -1.0])
def test_aligned_face_has_its_landmarks_at_the_template(scale: float, turn_rad: float) -> None:
    side = int(224 * scale)
    rotation = np.array(
        [[np.cos(turn_rad), -np.sin(turn_rad)], [np.sin(turn_rad), np.cos(turn_rad)]]
    )
    points = (TEMPLATE - 0.5) * side @ rotation.T + 2 * side
    frame = np.zeros((4 * side, 4 * side, 3), np.uint8)
    for x, y in points:
        radius = max(3, int(4 * scale))
        frame[int(y) - radius : int(y) + radius + 1, int(x) - radius : int(x) + radius + 1] = 255
    faces = Faces(
        np.array([[side, side, 3 * side, 3 * side]], np.float32),
        points[None].astype(np.float32),
        np.ones(1, np.float32),
    )
    crop = crop_counting(frame, faces, XIA)
    assert crop is not None
    for x, y in TEMPLATE * 224:
        assert crop[int(y), int(x)].min() > 200
    assert (crop[..., 0] > 128).mean() < 0.03  # five spots and nothing else


def test_fitted_similarity_is_exact_where_there_is_one() -> None:
    turned = TEMPLATE @ np.array([[0.0, 1.0], [-1.0, 0.0]]).T * 50 + (7, 11)
    matrix = similarity_to_template(turned.astype(np.float32), 100)
    np.testing.assert_allclose(matrix, [[0, 0.5, 7], [-0.5, 0, 11]], atol=1e-4)


def test_nearest_frame_with_a_face_is_found_by_time() -> None:
    assert nearest_found([0.0, 1.0, 2.0, 9.0], [False, True, False, True]) == [1, 1, 1, 3]
    assert nearest_found([0.0, 1.0], [False, False]) == [None, None]


def test_jpeg_keeps_the_picture() -> None:
    crop = crop_centre(ramp(224, 224), XIA)
    decoded = np.asarray(Image.open(io.BytesIO(to_jpeg(crop))))
    assert np.abs(decoded.astype(int) - crop.astype(int)).mean() < 2
