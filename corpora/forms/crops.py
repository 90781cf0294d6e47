"""Cutting the face out of a frame, by the rules of a recipe."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from corpora.forms.faces import Faces
from corpora.recipes.pictures import Recipe
from corpora.source.utterance import Frame

JPEG_QUALITY = 95

TEMPLATE = (
    np.array(
        [
            (38.2946, 51.6963),
            (73.5318, 51.5014),
            (56.0252, 71.7366),
            (41.5493, 92.3655),
            (70.7299, 92.2041),
        ]
    )
    / 112
)
"""Where the five landmarks of an aligned face lie, in shares of its side (Deng et al. 2019)."""

Region = tuple[int, int, int, int]
"""left, top, right, bottom, in pixels of the frame."""


def faces_in_field(frame: Frame, faces: Faces, recipe: Recipe) -> Faces:
    """Return the faces that count: likely enough for the recipe, with their middle in its field."""
    left, top, right, bottom = field_of(frame, recipe)
    likely = faces.likely(recipe.least_face_probability)
    x, y = (likely.boxes[:, :2] + likely.boxes[:, 2:]).T / 2
    return likely.those((left <= x) & (x < right) & (top <= y) & (y < bottom))


def crop_first_face(frame: Frame, faces: Faces, recipe: Recipe) -> Frame | None:
    """Cut out the first face that can be cut out: (face_px, face_px, 3), or None."""
    field = field_of(frame, recipe)
    for box, landmarks in zip(faces.boxes, faces.landmarks, strict=True):
        if recipe.alignment == "similarity":
            return _align(frame, landmarks, recipe)
        crop = _cut_box(frame, box, field, recipe)
        if crop is not None:
            return crop
    return None


def crop_centre(frame: Frame, recipe: Recipe) -> Frame:
    """Cut out the square of side `face_px` in the middle; a smaller frame gets a black border.

    With `field_px`, pixels are those of the frame after it was halved.
    """
    left, top, right, bottom = field_of(frame, recipe)
    side = recipe.face_px * _halving(frame, recipe)
    y = top + (bottom - top - side) // 2
    x = left + (right - left - side) // 2
    if recipe.compat.dai_crop:
        x = left + (bottom - top - side) // 2 - side // 2
    patch = Image.fromarray(frame).crop((x, y, x + side, y + side))
    return _resized(patch, recipe)


def black(recipe: Recipe) -> Frame:
    """Make a black crop, which stands in where there is no picture at all."""
    return np.zeros((recipe.face_px, recipe.face_px, 3), np.uint8)


def field_of(frame: Frame, recipe: Recipe) -> Region:
    """Return the part of a frame in which faces count."""
    height, width, _ = frame.shape
    if recipe.field_px is None:
        return 0, 0, width, height
    side = recipe.field_px * _halving(frame, recipe)
    left, top = max(0, (width - side) // 2), max(0, (height - side) // 2)
    return left, top, min(width, left + side), min(height, top + side)


def to_jpeg(crop: Frame) -> bytes:
    """Encode a crop without chroma subsampling."""
    buffer = io.BytesIO()
    Image.fromarray(crop).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def similarity_to_template(
    landmarks: NDArray[np.float32], side_px: float, template: NDArray[np.float64] = TEMPLATE
) -> NDArray[np.float64]:
    """Fit the turn, scale and shift that map an aligned face of `side_px` back onto the frame.

    min_M sum_k |M [t_k; 1] - l_k|^2 over similarities M, by linear least squares.

    Shapes:
        landmarks: (5, 2), pixels of the frame -> (2, 3), frame = M [x, y, 1]
    """
    points = template * side_px
    x, y, one, zero = points[:, 0], points[:, 1], np.ones(5), np.zeros(5)
    system = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    (a, b, shift_x, shift_y), *_ = np.linalg.lstsq(
        system, landmarks.T.reshape(-1).astype(np.float64), rcond=None
    )
    return np.array([[a, -b, shift_x], [b, a, shift_y]])


def nearest_found(times_s: Sequence[float], found: Sequence[bool]) -> list[int | None]:
    """Return, for each time, the index of the nearest time whose face was found, if any was."""
    have = [index for index, is_found in enumerate(found) if is_found]
    return [
        min(have, key=lambda index: abs(times_s[index] - time_s)) if have else None
        for time_s in times_s
    ]


def _halving(frame: Frame, recipe: Recipe) -> int:
    """Return the factor of a frame's halving: Dai et al. halve frames higher than their field."""
    return 2 if recipe.field_px is not None and frame.shape[0] > recipe.field_px else 1


def _cut_box(frame: Frame, box: NDArray[np.float32], field: Region, recipe: Recipe) -> Frame | None:
    """Cut a box out, with the margin that facenet-pytorch defines in pixels of the result."""
    share = recipe.face_margin_px / (2 * (recipe.face_px - recipe.face_margin_px))
    margin_x, margin_y = share * (box[2] - box[0]), share * (box[3] - box[1])
    left, top = int(max(box[0] - margin_x, field[0])), int(max(box[1] - margin_y, field[1]))
    right, bottom = int(min(box[2] + margin_x, field[2])), int(min(box[3] + margin_y, field[3]))
    if right <= left or bottom <= top:
        return None
    return _resized(Image.fromarray(frame).crop((left, top, right, bottom)), recipe)


def _align(frame: Frame, landmarks: NDArray[np.float32], recipe: Recipe) -> Frame:
    """Map the face onto the template; a face much larger than the crop is shrunk first."""
    margin = recipe.face_margin_px / recipe.face_px
    template = margin + (1 - 2 * margin) * TEMPLATE
    matrix = similarity_to_template(landmarks, recipe.face_px, template)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))  # pixels of the frame per pixel of the crop
    image = Image.fromarray(frame)
    if scale >= 2:
        factor = int(scale)
        image, matrix = image.reduce(factor), matrix / factor
    side = (recipe.face_px, recipe.face_px)
    coefficients = tuple(matrix.reshape(-1).tolist())
    return np.asarray(
        image.transform(side, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    )


def _resized(image: Image.Image, recipe: Recipe) -> Frame:
    side = (recipe.face_px, recipe.face_px)
    return np.asarray(image.resize(side, Image.Resampling.BILINEAR))
