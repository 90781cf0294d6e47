"""Hand-crafted features of faces: geometry of five landmarks and of the box."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corpora.forms.faces import Faces

COLUMNS = (
    "nose_x",
    "nose_y",
    "mouth_left_x",
    "mouth_left_y",
    "mouth_right_x",
    "mouth_right_y",
    "mouth_width",
    "mouth_tilt_rad",
    "eyes_to_mouth",
    "nose_to_mouth",
    "nose_eye_asymmetry",
    "nose_mouth_asymmetry",
    "roll_rad",
    "eye_distance_in_box",
    "box_aspect",
    "box_x_in_frame",
    "box_y_in_frame",
    "box_size_in_frame",
    "probability",
    "found",
)
"""The columns of a row; left and right are those of the picture.

The columns before the roll are measured from the middle between the eyes, in units of the distance
between the eyes. The box's place is that of its middle: 0 in the middle of the frame, 1 at its
right or lower edge. Sizes are shares of a width.
"""


def describe_faces(
    faces: Sequence[Faces], frame_sizes: Sequence[tuple[int, ...]]
) -> NDArray[np.float32]:
    """Describe the first face of each frame; the faces were found before.

    Args:
        faces: What was found in each frame.
        frame_sizes: The height and width of each frame.

    Shapes:
        -> (max(N, 1), len(COLUMNS)) for N frames
    """
    rows = [_row(*frame) for frame in zip(faces, frame_sizes, strict=True)]
    return np.stack(rows or [np.zeros(len(COLUMNS), dtype=np.float32)])


def _row(faces: Faces, frame_size: tuple[int, ...]) -> NDArray[np.float32]:
    """Describe the first face.

    p' = R(-roll) (p - middle of the eyes) / distance of the eyes

    for nose and mouth. So the columns before the roll stay the same if the picture is moved, scaled
    or turned. The asymmetries, right minus left, show how far the head is turned.
    """
    if not len(faces):
        return np.zeros(len(COLUMNS), dtype=np.float32)
    points, box = faces.landmarks[0].astype(float), faces.boxes[0].astype(float)
    eyes, size = points[1] - points[0], box[2:] - box[:2]
    distance, roll = np.hypot(*eyes), np.arctan2(eyes[1], eyes[0])
    if distance < 1 or size.min() < 1:  # a face below a pixel cannot be measured
        return np.zeros(len(COLUMNS), dtype=np.float32)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    upright = (points - points[:2].mean(axis=0)) @ turn / distance
    left_eye, right_eye, nose, left_mouth, right_mouth = upright
    lips, mouth = right_mouth - left_mouth, (left_mouth + right_mouth) / 2
    frame = np.array(frame_size[1::-1])
    row = [
        *nose,
        *left_mouth,
        *right_mouth,
        np.hypot(*lips),
        np.arctan2(lips[1], lips[0]),
        np.hypot(*mouth),
        np.hypot(*(mouth - nose)),
        np.hypot(*(right_eye - nose)) - np.hypot(*(left_eye - nose)),
        np.hypot(*(right_mouth - nose)) - np.hypot(*(left_mouth - nose)),
        roll,
        distance / size[0],
        size[1] / size[0],
        *((box[:2] + box[2:]) / frame - 1),
        np.sqrt(size.prod() / frame.prod()),
        faces.probabilities[0],
        1.0,
    ]
    return np.array(row, dtype=np.float32)
