"""What a recipe sees and hears of one clip: whole frames, the faces that count, the wave."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from corpora.forms.crops import crop_first_face, faces_in_field
from corpora.forms.face_choice import FaceChooser
from corpora.forms.faces import Faces
from corpora.forms.form import ClipForm, PreparedClip
from corpora.forms.seen import Box, Seen, SeenFrame, SeenWave
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import Recipe
from corpora.source.utterance import Frame

MAX_FRAMES, MAX_SIDE_PX = 12, 480
"""So many frames of a clip are kept, evenly over it, and none is larger: a clip may last hours."""

NUM_PARTS = 600
"""The wave is kept as the lowest and the highest sample of so many parts of equal length."""


class WatchedForm:
    """A form that makes what the form below makes, and keeps what it was shown."""

    def __init__(self, form: ClipForm, recipe: Recipe | HandcraftedRecipe) -> None:
        self.times_s: Sequence[float] = form.times_s
        self.rate_hz = form.rate_hz
        self._form = form
        self._recipe = recipe
        self._choose = FaceChooser(recipe.face_choice)
        self._num_candidates = len(recipe.candidates) if isinstance(recipe, Recipe) else 1
        num_windows = len(self.times_s) // self._num_candidates
        num_kept = min(num_windows, MAX_FRAMES)
        self._kept = set(np.linspace(0, max(0, num_windows - 1), num_kept).round().astype(int))
        self._num_seen = 0
        self._frames: list[SeenFrame] = []
        self._found: list[bool] = []
        self._wave: SeenWave | None = None

    def see(self, frame: Frame, faces: Faces) -> None:
        """Take the frame at the next of `times_s`; evaluation reads a window's middle one."""
        box = self._box(frame, faces)
        window, candidate = divmod(self._num_seen, self._num_candidates)
        if candidate == self._num_candidates // 2:
            self._found.append(box is not None)
            if window in self._kept:
                time_s = self.times_s[self._num_seen]
                self._frames.append(SeenFrame(time_s, _shrunk(frame), box))
        self._num_seen += 1
        self._form.see(frame, faces)

    def hear(self, wave: NDArray[np.float32] | None) -> None:
        """Take the sound, None for silence, after the last frame."""
        if wave is not None and len(wave):
            parts = np.array_split(wave, min(NUM_PARTS, len(wave)))
            self._wave = SeenWave(
                np.array([part.min() for part in parts]), np.array([part.max() for part in parts])
            )
        self._form.hear(wave)

    def finish(self) -> PreparedClip:
        """Make what is stored.

        Raises:
            MediaError: If the recipe needs more than the utterance has.
        """
        return self._form.finish()

    @property
    def seen(self) -> Seen:
        """What was shown until now."""
        times_s = self.times_s[self._num_candidates // 2 :: self._num_candidates]
        return Seen(tuple(self._frames), tuple(times_s), tuple(self._found), self._wave)

    def _box(self, frame: Frame, faces: Faces) -> Box | None:
        """Find the face that counts, as the form below does."""
        if isinstance(self._recipe, Recipe):
            ordered = self._choose(frame, faces_in_field(frame, faces, self._recipe))
            each = (ordered.those(np.array([place])) for place in range(len(ordered)))
            cut = (one for one in each if crop_first_face(frame, one, self._recipe) is not None)
            first = next(cut, None)
        else:
            ordered = self._choose(frame, faces.likely(self._recipe.least_face_probability))
            first = ordered if len(ordered) else None
        if first is None:
            return None
        height, width, _ = frame.shape
        left, top, right, bottom = first.boxes[0].tolist()
        return left / width, top / height, right / width, bottom / height


def crops_of(faces: Tensor, recipe: Recipe) -> NDArray[np.uint8]:
    """Turn the faces of a batch back into pictures.

    Shapes:
        faces: (N, 3, face_px, face_px), normalised -> (N, face_px, face_px, 3), RGB
    """
    planes = faces.float().cpu().numpy().transpose(0, 2, 3, 1)
    pixels = planes * np.array(recipe.face_std) + np.array(recipe.face_mean)
    crops: NDArray[np.uint8] = pixels.round().clip(0, 255).astype(np.uint8)
    return crops


def _shrunk(frame: Frame) -> Frame:
    picture = Image.fromarray(frame)
    picture.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    return np.asarray(picture)
