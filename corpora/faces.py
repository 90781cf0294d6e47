"""Finding the largest face of a frame and cutting it out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from facenet_pytorch import MTCNN
from numpy.typing import NDArray
from PIL import Image

from corpora.media import Frame
from corpora.recipe import Recipe

DETECTION_BATCH = 32
"""Frames in one pass of the detector: bounds its memory."""


@dataclass(frozen=True)
class FaceCrops:
    """The faces of one utterance.

    Shapes:
        crops: (N, 3, face_px, face_px), RGB
        found: (N,), False where no face was found and the frame's centre stands in
    """

    crops: NDArray[np.uint8]
    found: NDArray[np.bool_]


class FaceDetector:
    """MTCNN (Zhang et al. 2016) with facenet-pytorch's weights; one pass a frame."""

    def __init__(self, device: str = "cpu") -> None:
        self._mtcnn = MTCNN(keep_all=True, post_process=False, device=torch.device(device))

    def largest_boxes(self, frames: Sequence[Frame]) -> list[NDArray[np.float64] | None]:
        """Find the largest face of each frame: (x0, y0, x1, y1) in pixels, or None."""
        boxes: list[NDArray[np.float64] | None] = [None] * len(frames)
        by_size: dict[tuple[int, ...], list[int]] = {}
        for index, frame in enumerate(frames):
            if min(frame.shape[:2]) >= self._mtcnn.min_face_size:
                by_size.setdefault(frame.shape, []).append(index)
        for indices in by_size.values():
            for begin in range(0, len(indices), DETECTION_BATCH):
                batch = indices[begin : begin + DETECTION_BATCH]
                found, _ = self._mtcnn.detect(np.stack([frames[index] for index in batch]))
                for index, faces in zip(batch, found, strict=True):
                    boxes[index] = None if faces is None else np.asarray(faces[0], dtype=float)
        return boxes


def crop_faces(
    frames: Sequence[Frame], boxes: Sequence[NDArray[np.float64] | None], recipe: Recipe
) -> FaceCrops:
    """Cut each frame to its face, or to its centre where there is none."""
    crops = [
        _centre(frame, recipe) if box is None else _face(frame, box, recipe)
        for frame, box in zip(frames, boxes, strict=True)
    ]
    return FaceCrops(
        crops=np.stack([crop.transpose(2, 0, 1) for crop in crops]),
        found=np.array([box is not None for box in boxes]),
    )


def _face(frame: Frame, box: NDArray[np.float64], recipe: Recipe) -> Frame:
    """Cut a box out, with the margin that facenet-pytorch defines in pixels of the result."""
    height, width, _ = frame.shape
    share = recipe.face_margin_px / (2 * (recipe.face_px - recipe.face_margin_px))
    margin_x, margin_y = share * (box[2] - box[0]), share * (box[3] - box[1])
    left, top = int(max(box[0] - margin_x, 0)), int(max(box[1] - margin_y, 0))
    right, bottom = int(min(box[2] + margin_x, width)), int(min(box[3] + margin_y, height))
    if right <= left or bottom <= top:
        return _centre(frame, recipe)
    face = Image.fromarray(frame).crop((left, top, right, bottom))
    return np.asarray(face.resize((recipe.face_px, recipe.face_px), Image.Resampling.BILINEAR))


def _centre(frame: Frame, recipe: Recipe) -> Frame:
    """Cut the middle `face_px` square out; a smaller frame gets a black border.

    Departure: the code base of the paper cuts half a patch left of the middle, by mistake.
    """
    height, width, _ = frame.shape
    left, top = (width - recipe.face_px) // 2, (height - recipe.face_px) // 2
    box = (left, top, left + recipe.face_px, top + recipe.face_px)
    return np.asarray(Image.fromarray(frame).crop(box))
