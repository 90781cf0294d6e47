import numpy as np

from corpora.forms.faces import MAX_SHORT_SIDE_PX, FaceDetector
from tests.corpora.media_factory import drawn_face


def test_detector_takes_frames_of_any_size_and_finds_nothing_in_nothing() -> None:
    frames = [np.zeros(size, dtype=np.uint8) for size in ((80, 100, 3), (40, 40, 3), (8, 8, 3))]
    assert [len(faces) for faces in FaceDetector().detect(frames)] == [0, 0, 0]
    assert FaceDetector().detect([]) == []


def test_box_and_landmarks_lie_on_the_face_wherever_it_is_in_the_batch() -> None:
    face = drawn_face()
    empty = np.zeros_like(face)
    nothing, found = FaceDetector().detect([empty, face])
    assert len(nothing) == 0
    assert len(found) >= 1
    x0, y0, x1, y1 = found.boxes[0]
    left_eye, right_eye, nose, left_mouth, right_mouth = found.landmarks[0]
    assert x0 < left_eye[0] < nose[0] < right_eye[0] < x1
    assert y0 < left_eye[1] < nose[1] < left_mouth[1] < y1
    assert left_mouth[0] < right_mouth[0]
    assert found.probabilities[0] > 0.9


def test_large_frame_is_halved_for_detection_and_found_in_its_own_pixels() -> None:
    face = drawn_face()
    factor = 2 * MAX_SHORT_SIDE_PX // face.shape[0] + 1
    large = face.repeat(factor, 0).repeat(factor, 1)
    small, large_found = FaceDetector().detect([face]), FaceDetector().detect([large])
    np.testing.assert_allclose(
        large_found[0].boxes[0], small[0].boxes[0] * factor, atol=0.1 * large.shape[0]
    )
