"""Finding the faces of frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from facenet_pytorch import MTCNN
from numpy.typing import NDArray
from PIL import Image

from corpora.source.utterance import Frame

DETECTION_BATCH = 8
"""Frames in one pass of the detector; more do not fit into a core's cache."""

MAX_SHORT_SIDE_PX = 540
"""Larger frames are halved for detection: a face that matters then still has over 20 px."""

DETECTOR = f"mtcnn/facenet-pytorch/{MAX_SHORT_SIDE_PX}"
"""Names everything that decides which faces are found; stored faces are reused if it is equal."""


@dataclass(frozen=True)
class Faces:
    """All faces of one frame, the largest first.

    Shapes:
        boxes: (F, 4), x0, y0, x1, y1 in pixels
        landmarks: (F, 5, 2), x and y of left eye, right eye, nose, left and right mouth corner
        probabilities: (F,)
    """

    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    probabilities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)

    def likely(self, least_probability: float) -> "Faces":
        """Return the faces that have at least a probability, in their order."""
        return self.those(self.probabilities >= least_probability)

    def ordered(self, by: NDArray[np.float32]) -> "Faces":
        """Return the faces in the order of a number of each, (F,), the least first."""
        return self.those(np.argsort(by, stable=True))

    def those(self, chosen: NDArray[np.bool_ | np.intp]) -> "Faces":
        """Return some of the faces, by a mask (F,) or by their indices in the wanted order."""
        return Faces(self.boxes[chosen], self.landmarks[chosen], self.probabilities[chosen])


NO_FACES = Faces(
    np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32)
)


class FaceDetector:
    """MTCNN (Zhang et al. 2016) with facenet-pytorch's weights."""

    def __init__(self, device: str = "cpu") -> None:
        self._mtcnn = MTCNN(keep_all=True, post_process=False, device=torch.device(device))
        for network in (self._mtcnn.pnet, self._mtcnn.rnet, self._mtcnn.onet):
            network.to(memory_format=torch.channels_last)

    def detect(self, frames: Sequence[Frame]) -> list[Faces]:
        """Find the faces of each frame; frames of one size go through together."""
        faces = [NO_FACES] * len(frames)
        by_size: dict[tuple[int, ...], list[int]] = {}
        for index, frame in enumerate(frames):
            if min(frame.shape[:2]) >= self._mtcnn.min_face_size:
                by_size.setdefault(frame.shape, []).append(index)
        for indices in by_size.values():
            for begin in range(0, len(indices), DETECTION_BATCH):
                batch = indices[begin : begin + DETECTION_BATCH]
                found = self._detect_batch([frames[index] for index in batch])
                for index, in_frame in zip(batch, found, strict=True):
                    faces[index] = in_frame
        return faces

    def _detect_batch(self, frames: Sequence[Frame]) -> list[Faces]:
        factor = 1
        while min(frames[0].shape[:2]) // factor > MAX_SHORT_SIDE_PX:
            factor *= 2
        if factor > 1:
            frames = [np.asarray(Image.fromarray(frame).reduce(factor)) for frame in frames]
        with torch.inference_mode():
            every = self._mtcnn.detect(np.stack(frames), landmarks=True)
        return [
            NO_FACES
            if boxes is None
            else Faces(
                np.asarray(boxes, np.float32) * factor,
                np.asarray(landmarks, np.float32) * factor,
                np.asarray(probabilities, np.float32),
            )
            for boxes, probabilities, landmarks in zip(*every, strict=True)
        ]
