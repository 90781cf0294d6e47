import numpy as np
import pytest

from corpora.features.landmarks import COLUMNS, describe_faces
from corpora.forms.faces import NO_FACES, Faces

FACE = np.array([[40, 50], [80, 50], [62, 70], [48, 92], [74, 90]], dtype=np.float32)
BEFORE_ROLL = COLUMNS.index("roll_rad")


def a_face(points: np.ndarray, *, box: tuple[float, ...] = (30, 20, 90, 110)) -> Faces:
    return Faces(
        np.array([box], np.float32), points[None].astype(np.float32), np.array([0.9], np.float32)
    )


def column(rows: np.ndarray, name: str) -> float:
    return float(rows[0, COLUMNS.index(name)])


def test_face_row_has_the_hand_computed_numbers() -> None:
    rows = describe_faces([a_face(FACE)], [(200, 300)])
    assert column(rows, "nose_x") == pytest.approx(2 / 40)
    assert column(rows, "nose_y") == pytest.approx(20 / 40)
    assert column(rows, "mouth_width") == pytest.approx(np.hypot(26, 2) / 40)
    assert column(rows, "roll_rad") == 0
    assert column(rows, "eye_distance_in_box") == pytest.approx(40 / 60)
    assert column(rows, "box_aspect") == pytest.approx(90 / 60)
    assert column(rows, "box_x_in_frame") == pytest.approx(120 / 300 - 1)
    assert column(rows, "box_y_in_frame") == pytest.approx(130 / 200 - 1)
    assert column(rows, "box_size_in_frame") == pytest.approx(np.sqrt(90 * 60 / 60_000))
    assert column(rows, "probability") == pytest.approx(0.9)
    assert column(rows, "found") == 1


@pytest.mark.parametrize(
    ("angle", "scale", "shift"), [(0.5, 1.0, 0.0), (-1.2, 1.0, 0.0), (0.0, 3.0, 0.0), (0.3, 2, 50)]
)
def test_face_columns_but_roll_stay_when_the_face_moves(
    angle: float, scale: float, shift: float
) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = describe_faces([a_face(scale * FACE @ turn.T + shift)], [(200, 300)])
    still = describe_faces([a_face(FACE)], [(200, 300)])
    np.testing.assert_allclose(moved[0, :BEFORE_ROLL], still[0, :BEFORE_ROLL], atol=1e-5)
    assert column(moved, "roll_rad") == pytest.approx(angle, abs=1e-5)


def test_face_that_smiles_or_turns_shows_in_its_columns() -> None:
    smiling, turned = FACE.copy(), FACE.copy()
    smiling[3:, 0] += -8, 8
    turned[2, 0] += 12
    rows = describe_faces([a_face(points) for points in (FACE, smiling, turned)], [(200, 300)] * 3)
    assert rows[1, COLUMNS.index("mouth_width")] > rows[0, COLUMNS.index("mouth_width")]
    asymmetry = COLUMNS.index("nose_eye_asymmetry")
    assert rows[2, asymmetry] < rows[0, asymmetry] < 0


def test_no_face_is_a_row_of_zeros() -> None:
    degenerate = a_face(np.zeros((5, 2)))
    rows = describe_faces([NO_FACES, a_face(FACE), degenerate], [(200, 300)] * 3)
    assert rows.any(axis=1).tolist() == [False, True, False]
    assert rows.shape == (3, len(COLUMNS))
    assert describe_faces([], []).tolist() == [[0.0] * len(COLUMNS)]
