"""One utterance as hand-crafted features: our own, or published ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpora.features.action_units import ActionUnits
from corpora.features.egemaps import EgemapsSound
from corpora.features.encoders.batches import Promise, kept
from corpora.features.encoders.faces import FaceStates
from corpora.features.encoders.texts import TextStates
from corpora.features.encoders.waves import WaveStates
from corpora.features.landmarks import describe_faces
from corpora.features.sound import SpectralSound
from corpora.features.sources import FeatureSources, PublishedSource
from corpora.forms.face_choice import FaceChooser, several_faces_detail
from corpora.forms.faces import NO_FACES, Faces
from corpora.forms.form import FormMaker, PreparedClip, one_list
from corpora.recipes.columns import count_column, features_column
from corpora.recipes.handcrafted import MODALITIES, Handcrafted, HandcraftedRecipe
from corpora.recipes.windows import regular_times_s
from corpora.source.errors import CorpusError, MediaError
from corpora.source.rejects import RejectReason, Remark
from corpora.source.utterance import Frame, Utterance

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


TextDescriber = Callable[[str], Promise]
SoundDescriber = Callable[[NDArray[np.float32]], Promise]
FaceDescriber = Callable[[Frame, Faces], Promise]
"""What asks for the rows of a modality; encoders make those of several utterances together."""


class HandcraftedForm:
    """Makes our own features of an utterance, or takes the states of encoders for them."""

    def __init__(
        self,
        utterance: Utterance,
        recipe: HandcraftedRecipe,
        *,
        text: TextDescriber,
        sound: SoundDescriber,
        face: FaceDescriber,
    ) -> None:
        self._utterance = utterance
        self._text = text
        self._sound = sound
        self._face = face
        self._vision: list[Promise] = []
        self._heard: tuple[Promise, Promise] | None = None
        self._num_faces = 0
        self._has_several = False
        self._has_sound = False
        self._recipe = recipe
        self._choose = FaceChooser(recipe.face_choice)
        self.times_s = regular_times_s(utterance.duration_s, recipe.frame_interval_s)
        self.rate_hz: int | None = recipe.sample_rate_hz

    def see(self, frame: Frame, faces: Faces) -> None:
        """Describe the face of a frame that counts."""
        likely = faces.likely(self._recipe.least_face_probability)
        self._num_faces += len(likely) > 0
        self._has_several |= len(likely) > 1
        self._vision.append(self._face(frame, self._choose(frame, likely)))

    def hear(self, wave: NDArray[np.float32] | None) -> None:
        """Describe the sound and the text."""
        self._has_sound = wave is not None
        sound = self._sound(np.zeros(1, np.float32) if wave is None else wave)
        self._heard = self._text(self._utterance.text), sound

    def finish(self) -> PreparedClip:
        """Gather the features."""
        if self._heard is None:
            raise RuntimeError("`finish` comes after `hear`")
        rules = {
            Remark.NO_FACE: bool(self._vision) and not self._num_faces,
            Remark.SEVERAL_FACES: self._has_several,
            Remark.NO_FRAMES: not self._vision,
            Remark.NO_SOUND: not self._has_sound,
            Remark.ENDS_EARLY: 0 < len(self._vision) < len(self.times_s),
        }
        if not self._vision:  # the features of a black frame
            self._vision.append(self._face(np.zeros((64, 64, 3), np.uint8), NO_FACES))
        text, audio = self._heard
        features = Handcrafted(
            text=text(), audio=audio(), vision=np.concatenate([face() for face in self._vision])
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

    def hear(self, wave: NDArray[np.float32] | None) -> None:
        """Do nothing: no sound is wanted."""

    def finish(self) -> PreparedClip:
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


def handcrafted_maker(recipe: HandcraftedRecipe, sources: FeatureSources, device: str) -> FormMaker:
    """Return a function that starts our own features of an utterance; encoders are loaded once.

    Raises:
        CorpusError: If a source that the recipe needs is missing.
        CheckpointError: If an encoder cannot be used.
    """
    missing = [modality for modality in recipe.encoders if modality not in sources.encoders]
    if missing:
        raise CorpusError(
            f"recipe '{recipe.name}' needs the encoder of {', '.join(missing)}; give it in "
            "FeatureSources.encoders"
        )
    text = _text_describer(recipe, sources, device)
    sound = _sound_describer(recipe, sources, device)
    face = _face_describer(recipe, sources, device)
    return lambda utterance: HandcraftedForm(utterance, recipe, text=text, sound=sound, face=face)


def _text_describer(
    recipe: HandcraftedRecipe, sources: FeatureSources, device: str
) -> TextDescriber:
    if "text" in recipe.encoders:
        return TextStates(sources.encoders["text"], recipe.encoders["text"].layer, device=device)
    words = sources.words
    if words is None:
        raise CorpusError(
            f"recipe '{recipe.name}' needs word vectors; give them in FeatureSources.words"
        )
    return lambda text: kept(words.vectors(text))


def _sound_describer(
    recipe: HandcraftedRecipe, sources: FeatureSources, device: str
) -> SoundDescriber:
    if "audio" in recipe.encoders:
        return WaveStates(
            sources.encoders["audio"],
            recipe.encoders["audio"].layer,
            rate_hz=recipe.sample_rate_hz,
            step_s=recipe.step_s,
            device=device,
        )
    sound = SOUNDS[recipe.sound](recipe)
    return lambda wave: kept(sound(wave))


def _face_describer(
    recipe: HandcraftedRecipe, sources: FeatureSources, device: str
) -> FaceDescriber:
    if "vision" in recipe.encoders:
        return FaceStates(
            sources.encoders["vision"], recipe.encoders["vision"].layer, device=device
        )
    face = FACES[recipe.face](device)
    return lambda frame, faces: kept(face(frame, faces))


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
