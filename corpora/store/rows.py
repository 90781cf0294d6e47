"""Single utterances of a prepared corpus, read without the others."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from corpora.recipes.columns import (
    FACES,
    FOUND,
    GROUP,
    LABELS,
    MELS,
    SECONDS,
    SPEAKER,
    TEXT,
    UTTERANCE,
)
from corpora.recipes.pictures import Recipe
from corpora.source.split import Split
from corpora.store.manifest import Manifest
from corpora.store.splits import open_splits


@dataclass(frozen=True)
class PreparedRow:
    """One utterance, as it is stored.

    Shapes:
        crops: (windows, C, face_px, face_px, 3), uint8, RGB, with C candidates in a window
        found: (windows, C), bool, whether a crop shows a face
        mels: (chunks, H, W), float, by the recipe
    """

    id: str
    group: str
    speaker: str | None
    seconds: float
    text: str
    labels: tuple[float, ...]
    crops: NDArray[np.uint8]
    found: NDArray[np.bool_]
    mels: NDArray[np.float32]


class PreparedRows:
    """The utterances of one split, in the order of its file; pictures and sound stay in the file.

    Attributes:
        ids: Utterances.
        labels: (U, K), 0 or 1, or the values of K targets.
    """

    def __init__(self, folder: Path, manifest: Manifest, split: Split, recipe: Recipe) -> None:
        """Open a split of a corpus that a recipe of pictures prepared.

        Raises:
            DamagedCorpusError: If its file is not the one that the manifest describes.
        """
        self._table = open_splits(folder, manifest, [split])[split]
        self.ids: list[str] = self._table[UTTERANCE].to_pylist()
        self.labels = np.array(self._table[LABELS].to_pylist())
        self._recipe = recipe

    def __len__(self) -> int:
        return len(self.ids)

    def read(self, row: int) -> PreparedRow:
        """Read one utterance."""
        return PreparedRow(
            id=self.ids[row],
            group=self._table[GROUP][row].as_py(),
            speaker=self._table[SPEAKER][row].as_py(),
            seconds=self._table[SECONDS][row].as_py(),
            text=self._table[TEXT][row].as_py(),
            labels=tuple(self.labels[row].tolist()),
            crops=self._crops(row),
            found=self._found(row),
            mels=self._mels(row),
        )

    def has_face(self, row: int) -> bool:
        """Tell whether any crop of an utterance shows a face, without reading the crops."""
        return bool(self._found(row).any())

    def has_sound(self, row: int) -> bool:
        """Tell whether an utterance has sound; in silence, all values of a chunk are equal."""
        return any(np.ptp(chunk) > 0 for chunk in self._mels(row))

    def _found(self, row: int) -> NDArray[np.bool_]:
        flat: NDArray[np.bool_] = np.array(self._table[FOUND][row].as_py(), dtype=bool)
        return flat.reshape(-1, len(self._recipe.candidates))

    def _mels(self, row: int) -> NDArray[np.float32]:
        flat: NDArray[np.float32] = self._table[MELS][row].values.to_numpy()
        return flat.reshape(-1, *self._recipe.spectrogram.chunk_shape)

    def _crops(self, row: int) -> NDArray[np.uint8]:
        stored = self._table[FACES][row].values
        side, num_candidates = self._recipe.face_px, len(self._recipe.candidates)
        if self._recipe.storage == "jpeg":
            crops = np.stack([_decoded(image) for image in stored.to_pylist()])
        else:
            planes = stored.to_numpy().reshape(-1, 3, side, side)
            crops = planes.transpose(0, 2, 3, 1)  # (windows x C, face_px, face_px, 3)
        return crops.reshape(-1, num_candidates, side, side, 3)


def _decoded(jpeg: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB"))
