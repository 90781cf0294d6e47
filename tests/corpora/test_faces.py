import numpy as np

from corpora.faces import FaceDetector, crop_faces
from corpora.recipe import LE


def ramp(height: int, width: int) -> np.ndarray:
    """Make a frame whose red is the column and whose green is the row."""
    frame = np.zeros((height, width, 3), dtype=np.uint8)
    frame[..., 0] = np.arange(width)[None, :]
    frame[..., 1] = np.arange(height)[:, None]
    return frame


def test_centre_stands_in_where_there_is_no_face() -> None:
    faces = crop_faces([ramp(100, 200)], [None], LE)
    assert faces.found.tolist() == [False]
    assert faces.crops.shape == (1, 3, 64, 64)
    assert faces.crops[0, 0, 0].tolist() == list(range(68, 132))
    assert faces.crops[0, 1, :, 0].tolist() == list(range(18, 82))


def test_centre_of_a_small_frame_gets_a_black_border() -> None:
    crop = crop_faces([np.full((10, 20, 3), 255, dtype=np.uint8)], [None], LE).crops[0]
    assert (crop > 0).sum() == 3 * 10 * 20
    assert crop[:, 27:37, 22:42].all()


def test_face_is_cut_out_with_its_margin_and_resized() -> None:
    faces = crop_faces([ramp(200, 250)], [np.array([100.0, 50.0, 162.0, 112.0])], LE)
    assert faces.found.tolist() == [True]
    red = faces.crops[0, 0, 0]  # 62 px and 2 px of margin are 64 px: nothing to resize
    assert red.tolist() == list(range(99, 163))


def test_box_beyond_the_frame_is_cut_at_its_edge() -> None:
    faces = crop_faces([ramp(100, 100)], [np.array([-20.0, -20.0, 44.0, 44.0])], LE)
    assert faces.crops[0, 0, 0, 0] == 0


def test_detector_takes_frames_of_any_size_and_finds_nothing_in_nothing() -> None:
    frames = [np.zeros(size, dtype=np.uint8) for size in ((80, 100, 3), (40, 40, 3), (8, 8, 3))]
    assert FaceDetector().largest_boxes(frames) == [None, None, None]
    assert FaceDetector().largest_boxes([]) == []
