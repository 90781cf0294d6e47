"""One utterance as hand-crafted features: our own, or published ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpora.features.action_units import ActionUnits
from corpora.features.egemaps import EgemapsSound
from corpora.features.landmarks import describe_faces
from corpora.features.sound import SpectralSound
from corpora.features.sources import PublishedSource
from corpora.forms.face_choice import FaceChooser, several_faces_detail
from corpora.forms.faces import NO_FACES, Faces
from corpora.forms.form import FormMaker, PreparedClip, one_list
from corpora.recipes.columns import count_column, features_column
from corpora.recipes.handcrafted import MODALITIES, Handcrafted, HandcraftedRecipe
from corpora.recipes.windows import regular_times_s
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason, Remark
from corpora.source.utterance import Frame, Utterance
from corpora.text.word_vectors import WordVectors

SoundFeatures = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""(samples,) -> (T, D), T at least 1."""

FaceFeatures = Callable[[Frame, Faces], NDArray[np.float32]]
"""One frame and the faces in it -> (1, D)."""

SOUNDS: Mapping[str, Callable[[HandcraftedRecipe], SoundFeatures]] = {
    "torchaudio": SpectralSound,
    "egemaps": EgemapsSound,
}


def _landmarks(device: str) -> FaceFeatures:
    return lambda frame, faces: describe_faces([faces], [frame.shape[:2]])


def _action_units(device: str) -> FaceFeatures:
    units = ActionUnits(device)
    return lambda frame, faces: units([frame])


FACES: Mapping[str, Callable[[str], FaceFeatures]] = {
    "landmarks": _landmarks,
    "action_units": _action_units,
}


class HandcraftedForm:
    """Makes our own features of an utterance."""

    def __init__(
        self,
        utterance: Utterance,
        recipe: HandcraftedRecipe,
        *,
        words: WordVectors,
        sound: SoundFeatures,
        face: FaceFeatures,
    ) -> None:
        self._utterance = utterance
        self._words = words
        self._sound = sound
        self._face = face
        self._rows: list[NDArray[np.float32]] = []
        self._num_faces = 0
        self._has_several = False
        self._recipe = recipe
        self._choose = FaceChooser(recipe.face_choice)
        self.times_s = regular_times_s(utterance.duration_s, recipe.frame_interval_s)
        self.rate_hz: int | None = recipe.sample_rate_hz

    def see(self, frame: Frame, faces: Faces) -> None:
        """Describe the face of a frame that counts."""
        likely = faces.likely(self._recipe.least_face_probability)
        self._num_faces += len(likely) > 0
        self._has_several |= len(likely) > 1
        self._rows.append(self._face(frame, self._choose(frame, likely)))

    def finish(self, wave: NDArray[np.float32] | None) -> PreparedClip:
        """Describe the sound and look the words up."""
        rules = {
            Remark.NO_FACE: bool(self._rows) and not self._num_faces,
            Remark.SEVERAL_FACES: self._has_several,
            Remark.NO_FRAMES: not self._rows,
            Remark.NO_SOUND: wave is None,
            Remark.ENDS_EARLY: 0 < len(self._rows) < len(self.times_s),
        }
        if not self._rows:  # the features of a black frame
            self._rows.append(self._face(np.zeros((64, 64, 3), np.uint8), NO_FACES))
        features = Handcrafted(
            text=self._words.vectors(self._utterance.text),
            audio=self._sound(np.zeros(1, np.float32) if wave is None else wave),
            vision=np.concatenate(self._rows),
        )
        remarks = tuple(remark for remark, applies in rules.items() if applies)
        clip = _to_clip(features, self._num_faces, remarks)
        details = several_faces_detail(remarks, self._recipe.face_choice)
        return replace(clip, details=details)


class PublishedForm:
    """Takes the features of an utterance from published files; its media are not read."""

    def __init__(self, utterance: Utterance, features: PublishedSource) -> None:
        self._utterance = utterance
        self._features = features
        self.times_s: Sequence[float] = ()
        self.rate_hz: int | None = None

    def see(self, frame: Frame, faces: Faces) -> None:
        """Do nothing: no frame is wanted."""

    def finish(self, wave: NDArray[np.float32] | None) -> PreparedClip:
        """Look the utterance up.

        Raises:
            MediaError: If the files lack it.
        """
        features = self._features.features(self._utterance.id)
        if features is None:
            raise MediaError(
                RejectReason.NO_FILE, "the published features of some modality lack it"
            )
        return _to_clip(features, len(features.vision), ())


def handcrafted_maker(recipe: HandcraftedRecipe, words: WordVectors, device: str) -> FormMaker:
    """Return a function that starts our own features of an utterance."""
    sound, face = SOUNDS[recipe.sound](recipe), FACES[recipe.face](device)
    return lambda utterance: HandcraftedForm(utterance, recipe, words=words, sound=sound, face=face)


def _to_clip(features: Handcrafted, num_faces: int, remarks: tuple[Remark, ...]) -> PreparedClip:
    columns: dict[str, pa.Array] = {}
    for modality in MODALITIES:
        rows: NDArray[np.float32] = getattr(features, modality)
        columns[count_column(modality)] = pa.array([len(rows)], pa.int32())
        columns[features_column(modality)] = one_list(rows)
    return PreparedClip(
        columns=columns,
        num_frames=len(features.vision),
        num_faces=num_faces,
        num_chunks=len(features.audio),
        widths={modality: getattr(features, modality).shape[1] for modality in MODALITIES},
        remarks=remarks,
    )
