from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from corpora.features.form import FACES, SOUNDS, HandcraftedForm, handcrafted_maker
from corpora.features.landmarks import COLUMNS
from corpora.features.sources import FeatureSources
from corpora.forms.crops import TEMPLATE
from corpora.forms.faces import NO_FACES, Faces
from corpora.forms.form import PreparedClip
from corpora.media.segments import ImageSequence, SoundSegment
from corpora.recipes.handcrafted import MODALITIES, Handcrafted, HandcraftedRecipe
from corpora.recipes.pictures import FaceChoice
from corpora.source.rejects import Remark
from corpora.source.utterance import Utterance
from corpora.text.word_vectors import RandomVectors
from tests.corpora.voice_factory import RECIPE, noise


def test_recipe_refuses_what_does_not_fit() -> None:
    for change, message in (
        ({"hop_s": 0.05}, "hop_s 0.05 must not exceed window_s"),
        ({"step_s": 0.015}, "step_s 0.015 must be a multiple of hop_s"),
        ({"num_mfcc": 50}, "num_mfcc 50 must not exceed num_mels 40"),
        ({"min_pitch_hz": 600}, "min_pitch_hz 600 must lie below max_pitch_hz"),
        ({"word_vectors_sha256": "0" * 64}, "words 'random' has none"),
    ):
        with pytest.raises(ValidationError, match=message):
            HandcraftedRecipe(words="random", **change)
    with pytest.raises(ValidationError, match="words"):
        HandcraftedRecipe()  # type: ignore[call-arg]  # what is tested is that it is missing


def test_features_without_a_step_or_of_another_type_are_refused() -> None:
    row = np.zeros((1, 2), np.float32)
    for wrong in (np.zeros((0, 2), np.float32), np.zeros((1, 2)), np.zeros(2, np.float32)):
        with pytest.raises(ValueError, match="features of audio have shape"):
            # a wrong type is what is tested
            Handcrafted(text=row, audio=wrong, vision=row)  # type: ignore[arg-type]


def test_tables_hold_every_choice_of_the_recipe() -> None:
    for name, table in (("sound", SOUNDS), ("face", FACES)):
        schema = HandcraftedRecipe.model_json_schema()["properties"][name]
        assert set(schema["enum"]) == set(table)


def form(
    duration_s: float = 1.1,
    text: str = "well, well",
    least_face_probability: float = 0.0,
    face_choice: FaceChoice = "largest",
) -> HandcraftedForm:
    utterance = Utterance(
        id="u",
        pictures=ImageSequence((), rate_fps=2.0),
        sound=SoundSegment(Path("u.wav"), 0.0, duration_s),
        duration_s=duration_s,
        text=text,
        labels=(1,),
        split="train",
        group="g",
    )
    settings = {"least_face_probability": least_face_probability, "face_choice": face_choice}
    recipe = RECIPE.model_copy(update=settings)
    sources = FeatureSources(words=RandomVectors(RECIPE.random_width))
    make = handcrafted_maker(recipe, sources, "cpu")
    started = make(utterance)
    assert isinstance(started, HandcraftedForm)
    return started


def finished(started: HandcraftedForm, wave: NDArray[np.float32] | None) -> PreparedClip:
    started.hear(wave)
    return started.finish()


def test_form_joins_the_three_modalities() -> None:
    started = form()
    assert started.times_s == [0.0, 0.5, 1.0]
    for _ in started.times_s:
        started.see(np.zeros((80, 100, 3), np.uint8), NO_FACES)
    clip = finished(started, noise())
    assert clip.widths == {"text": 300, "audio": 42, "vision": 20}
    assert (clip.num_frames, clip.num_faces, clip.num_chunks) == (3, 0, 11)
    assert clip.columns["num_text"].to_pylist() == [3]
    assert clip.columns["vision_features"].to_pylist() == [[0.0] * 60]
    assert clip.remarks == (Remark.NO_FACE,)


def test_unlikely_face_is_none_and_several_likely_ones_are_remarked() -> None:
    frame = np.zeros((80, 100, 3), np.uint8)
    boxes = np.array([[10, 10, 60, 60], [70, 10, 90, 30]], np.float32)
    landmarks = np.stack([box[:2] + TEMPLATE * (box[2] - box[0]) for box in boxes])
    several = Faces(boxes, landmarks.astype(np.float32), np.array([0.88, 1.0], np.float32))
    every, likely = form(), form(least_face_probability=0.95)
    for started in (every, likely):
        for _ in started.times_s:
            started.see(frame, several)
    assert finished(every, noise()).remarks == (Remark.SEVERAL_FACES,)
    clip = finished(likely, noise())
    assert (clip.remarks, clip.num_faces) == ((), 3)
    row = np.array(clip.columns["vision_features"].to_pylist()).reshape(3, -1)[0]
    assert row[COLUMNS.index("probability")] == 1


@pytest.mark.parametrize(("choice", "width_px"), [("largest", 50), ("central", 20)])
def test_features_are_those_of_the_face_that_counts(choice: FaceChoice, width_px: int) -> None:
    boxes = np.array([[0, 0, 50, 50], [40, 30, 60, 50]], np.float32)
    landmarks = np.stack([box[:2] + TEMPLATE * (box[2] - box[0]) for box in boxes])
    several = Faces(boxes, landmarks.astype(np.float32), np.ones(2, np.float32))
    started = form(face_choice=choice)
    for _ in started.times_s:
        started.see(np.zeros((80, 100, 3), np.uint8), several)
    clip = finished(started, noise())
    rows = np.array(clip.columns["vision_features"].to_pylist()).reshape(3, -1)
    size = width_px / np.sqrt(80 * 100)
    assert rows[:, COLUMNS.index("box_size_in_frame")] == pytest.approx([size] * 3)
    assert set(clip.details) == {Remark.SEVERAL_FACES}


def test_utterance_without_words_sound_or_frames_has_one_row_each() -> None:
    clip = finished(form(text=" "), None)
    assert [clip.columns[f"num_{name}"].to_pylist() for name in MODALITIES] == [[1]] * 3
    assert set(clip.remarks) == {Remark.NO_FRAMES, Remark.NO_SOUND}
