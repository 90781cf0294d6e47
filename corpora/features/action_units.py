"""Hand-crafted features of faces by Py-Feat: the intensities of facial action units.

Py-Feat is installed on request only: it is large, and downloads models of several licences.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from corpora.features.optional_library import import_optional
from corpora.source.utterance import Frame

PYFEAT_NOTICE = (
    "Py-Feat is under the MIT licence; the models that it downloads have licences of their own, "
    "some for non-commercial use only."
)
"""Shown to everybody who uses it."""

ACTION_UNITS = (
    *("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU10", "AU11", "AU12"),
    *("AU14", "AU15", "AU17", "AU20", "AU23", "AU24", "AU25", "AU26", "AU28", "AU43"),
)


class ActionUnits:
    """The 20 action units of Py-Feat 2's classic detector, and 1 where a face was found.

    The largest of several faces counts; a frame without a face becomes a row of zeros.
    """

    width = len(ACTION_UNITS) + 1

    def __init__(self, device: str = "cpu") -> None:
        feat = import_optional(
            "feat",
            wanted_by="face 'action_units'",
            install="pip install 'py-feat>=2'",
            notice=PYFEAT_NOTICE,
        )
        self._detector = feat.Detectorv1(
            au_model="xgb", emotion_model=None, identity_model=None, gaze_model=None, device=device
        )

    def __call__(self, frames: Sequence[Frame]) -> NDArray[np.float32]:
        """Turn frames into features.

        Shapes:
            frames: N times (H, W, 3), RGB -> (max(N, 1), width)
        """
        rows = np.zeros((max(len(frames), 1), self.width), dtype=np.float32)
        for row, frame in zip(rows, frames, strict=False):
            picture = torch.from_numpy(np.array(frame)).permute(2, 0, 1)[None]  # (1, 3, H, W)
            found = self._detector.detect(picture, data_type="tensor", progress_bar=False)
            found = found[np.isfinite(found["FaceRectWidth"])]  # without a face, the row has no box
            if len(found):
                size = found["FaceRectWidth"] * found["FaceRectHeight"]
                largest = found.iloc[int(size.to_numpy().argmax())]
                units = largest[list(ACTION_UNITS)].to_numpy(dtype=np.float32)
                row[:] = [*np.nan_to_num(units), 1.0]
        return rows
