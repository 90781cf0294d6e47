"""One utterance by a recipe of pictures: face crops and spectrograms, as they are stored."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpora.forms.crops import (
    black,
    crop_centre,
    crop_first_face,
    faces_in_field,
    nearest_found,
    to_jpeg,
)
from corpora.forms.face_choice import FaceChooser, several_faces_detail
from corpora.forms.faces import Faces
from corpora.forms.form import PreparedClip, one_list
from corpora.forms.spectrogram import Spectrogrammer
from corpora.recipes.columns import FACES, FOUND, MELS, NUM_CHUNKS, NUM_FACES
from corpora.recipes.pictures import Recipe
from corpora.recipes.windows import window_times_s
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason, Remark
from corpora.source.utterance import Frame, Utterance


class PictureForm:
    """A recipe at work on one utterance: it sees the frames it wants, then it gets the sound."""

    def __init__(
        self, utterance: Utterance, recipe: Recipe, spectrogrammer: Spectrogrammer
    ) -> None:
        self._utterance = utterance
        self._recipe = recipe
        self._spectrogrammer = spectrogrammer
        self._crops: list[bytes | Frame] = []
        self._found: list[bool] = []
        self._has_several = False
        self._has_sound = False
        self._mels: NDArray[np.float32] | None = None
        self._choose = FaceChooser(recipe.face_choice)
        self.times_s = window_times_s(utterance.duration_s, recipe)
        self.rate_hz: int | None = recipe.spectrogram.sample_rate_hz

    def see(self, frame: Frame, faces: Faces) -> None:
        """Take the frame at the next of `times_s`."""
        counting = faces_in_field(frame, faces, self._recipe)
        self._has_several |= len(counting) > 1
        crop = crop_first_face(frame, self._choose(frame, counting), self._recipe)
        self._found.append(crop is not None)
        crop = crop_centre(frame, self._recipe) if crop is None else crop
        self._crops.append(self._stored(crop))

    def hear(self, wave: NDArray[np.float32] | None) -> None:
        """Make spectrograms of the sound, None for silence."""
        self._has_sound = wave is not None
        if wave is None:
            num_samples = max(
                1, round(self._utterance.duration_s * self._recipe.spectrogram.sample_rate_hz)
            )
            wave = np.zeros(num_samples, np.float32)
        self._mels = self._spectrogrammer(wave)

    def finish(self) -> PreparedClip:
        """Gather crops and spectrograms.

        Raises:
            MediaError: If there was no frame, and the recipe's `compat` drops such utterances.
        """
        if not self._crops and self._recipe.compat.drop_empty:
            raise MediaError(RejectReason.NO_VIDEO, "it has no picture")
        mels = self._mels
        if mels is None:
            raise RuntimeError("`finish` comes after `hear`")
        remarks = self._remarks()
        self._fill()
        in_window = np.array(self._found).reshape(-1, len(self._recipe.candidates))
        return PreparedClip(
            columns={
                NUM_FACES: pa.array([len(in_window)], pa.int32()),
                FOUND: pa.array([self._found], pa.list_(pa.bool_())),
                FACES: self._faces_column(),
                NUM_CHUNKS: pa.array([len(mels)], pa.int32()),
                MELS: one_list(mels),
            },
            num_frames=len(in_window),
            num_faces=int(in_window.any(1).sum()),
            num_chunks=len(mels),
            remarks=remarks,
            details=several_faces_detail(remarks, self._recipe.face_choice),
        )

    def _stored(self, crop: Frame) -> bytes | Frame:
        if self._recipe.storage == "jpeg":
            return to_jpeg(crop)
        return crop.transpose(2, 0, 1)

    def _fill(self) -> None:
        """Fill the places without a frame and, if the recipe says so, without a face."""
        if not self._crops:
            self._crops, self._found = [self._stored(black(self._recipe))], [False]
        num_candidates = len(self._recipe.candidates)
        num_wanted = len(self.times_s)
        if not self._recipe.fill_windows:
            num_wanted = -(-len(self._crops) // num_candidates) * num_candidates
        num_missing = num_wanted - len(self._crops)
        self._crops += [self._crops[-1]] * num_missing
        self._found += [False] * num_missing
        if self._recipe.fallback == "nearest":
            for index, nearest in enumerate(nearest_found(self.times_s, self._found)):
                if nearest is not None:
                    self._crops[index] = self._crops[nearest]

    def _faces_column(self) -> pa.Array:
        if self._recipe.storage == "jpeg":
            return pa.array([self._crops], pa.list_(pa.binary()))
        return one_list(np.stack(self._crops))

    def _remarks(self) -> tuple[Remark, ...]:
        rules = {
            Remark.NO_FACE: bool(self._crops) and not any(self._found),
            Remark.SEVERAL_FACES: self._has_several,
            Remark.NO_FRAMES: not self._crops,
            Remark.NO_SOUND: not self._has_sound,
            Remark.SHORT: self._utterance.duration_s < self._recipe.window_s,
            Remark.ENDS_EARLY: 0 < len(self._crops) < len(self.times_s),
        }
        return tuple(remark for remark, applies in rules.items() if applies)
