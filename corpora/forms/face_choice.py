"""Which face counts where a frame shows several."""

from collections.abc import Collection
from typing import assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import box_iou

from corpora.forms.faces import Faces
from corpora.recipes.pictures import FaceChoice
from corpora.source.rejects import Remark
from corpora.source.utterance import Frame

LEAST_OVERLAP = 1 / 9
"""Intersection over union of a square and the same one moved by 4/5 of its side."""

_TAKEN: dict[FaceChoice, str] = {
    "largest": "the largest",
    "central": "the one nearest to the middle",
    "tracked": "the one that goes on from frame to frame",
}


class FaceChooser:
    """Puts the face that counts first, in frame after frame of one utterance."""

    def __init__(self, choice: FaceChoice) -> None:
        self._choice = choice
        self._followed: NDArray[np.float32] | None = None

    def __call__(self, frame: Frame, faces: Faces) -> Faces:
        """Order the faces of the next frame by preference; of equal ones, the largest is first."""
        match self._choice:
            case "largest":
                return faces
            case "central":
                return faces.ordered(_distances_from_middle(frame, faces))
            case "tracked":
                return self._track(faces)
            case _:
                assert_never(self._choice)

    def _track(self, faces: Faces) -> Faces:
        """Prefer the face that overlaps the followed one most; the largest is followed first.

        Where no face overlaps the followed one enough, the largest stands in, but the followed one
        is still waited for: nobody else is followed because the detector missed a face.
        """
        if not len(faces):
            return faces
        if self._followed is None:
            self._followed = faces.boxes[0]
        overlaps = _overlaps(self._followed, faces)
        if overlaps.max() < LEAST_OVERLAP:
            return faces
        ordered = faces.ordered(-overlaps)
        self._followed = ordered.boxes[0]
        return ordered


def several_faces_detail(remarks: Collection[Remark], choice: FaceChoice) -> dict[Remark, str]:
    """Say which face is taken, for an utterance with the remark that it shows several."""
    return {Remark.SEVERAL_FACES: _TAKEN[choice]} if Remark.SEVERAL_FACES in remarks else {}


def _distances_from_middle(frame: Frame, faces: Faces) -> NDArray[np.float32]:
    """Measure how far the middle of each face is from that of the frame: (F,), in pixels."""
    height, width, _ = frame.shape
    middles = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
    distances: NDArray[np.float32] = np.hypot(*(middles - (width / 2, height / 2)).T)
    return distances


def _overlaps(box: NDArray[np.float32], faces: Faces) -> NDArray[np.float32]:
    """Measure how far each face covers the pixels of a box: intersection over union, (F,)."""
    overlaps: NDArray[np.float32] = box_iou(
        torch.from_numpy(box[None]), torch.from_numpy(faces.boxes)
    )[0].numpy()
    return overlaps
