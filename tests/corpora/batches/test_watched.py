"""What is kept of a clip that a recipe reads."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from corpora.batches.batch import Batch
from corpora.batches.single_clip import ClipReader, whole_file
from corpora.batches.watched import MAX_FRAMES, NUM_PARTS, crops_of
from corpora.features.sources import NO_FEATURE_SOURCES, FeatureSources
from corpora.forms.faces import FaceDetector
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import DAI, LE, XIA
from corpora.recipes.union import AnyRecipe
from corpora.synthetic.clip import FRAME_RATE_FPS, write_clip
from corpora.text.word_vectors import RandomVectors
from tests.corpora.media_factory import drawn_face, write_video

OWN = HandcraftedRecipe(words="random", random_width=8)
SOURCES = {OWN.name: FeatureSources(words=RandomVectors(OWN.random_width))}
CPU = torch.device("cpu")
SECONDS, RATE_HZ = 1.2, 16_000

every_recipe = pytest.mark.parametrize(
    "recipe", [LE, DAI, XIA, OWN], ids=lambda recipe: recipe.name
)


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a video of a face that does not move; the sound begins late, and ends before it."""
    wave = np.random.default_rng(0).normal(0, 0.1, round(SECONDS * RATE_HZ)).astype(np.float32)
    wave[: len(wave) * 2 // 3] = 0
    path = tmp_path_factory.mktemp("watched") / "face.mp4"
    write_clip(path, [drawn_face()] * round(2 * SECONDS * FRAME_RATE_FPS), wave)
    return path


def reader_of(recipe: AnyRecipe) -> ClipReader:
    return ClipReader(recipe, SOURCES.get(recipe.name, NO_FEATURE_SOURCES), None, CPU)


@every_recipe
def test_watching_changes_nothing_that_the_model_reads(recipe: AnyRecipe, face: Path) -> None:
    reader, clip = reader_of(recipe), whole_file(face, "oh well")
    read, (watched, seen) = reader.read(clip), reader.watch(clip)
    for each in fields(read.batch):
        ours, theirs = (getattr(one.batch, each.name) for one in (watched, read))
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    assert (watched.num_frames, watched.num_faces) == (read.num_frames, read.num_faces)
    assert len(seen.times_s) == read.num_frames
    assert sum(seen.found) == read.num_faces > 0


@every_recipe
def test_box_is_that_of_the_face_that_was_found(recipe: AnyRecipe, face: Path) -> None:
    _, seen = reader_of(recipe).watch(whole_file(face, ""))
    frame = drawn_face()
    height, width, _ = frame.shape
    (found,) = FaceDetector().detect([frame])
    for shown in seen.frames:
        assert shown.picture.shape == frame.shape
        assert shown.box is not None
        box = np.array(shown.box) * (width, height, width, height)
        np.testing.assert_allclose(box, found.boxes[0], atol=4)  # the video is compressed


def test_crops_are_the_pixels_within_the_box(face: Path) -> None:
    read, seen = reader_of(LE).watch(whole_file(face, ""))
    assert isinstance(read.batch, Batch)
    crops = crops_of(read.batch.faces, LE)
    assert crops.shape == (read.num_faces, LE.face_px, LE.face_px, 3)
    box = seen.frames[0].box
    assert box is not None
    height, width, _ = drawn_face().shape
    left, top, right, bottom = (np.array(box) * (width, height, width, height)).astype(int)
    inside = seen.frames[0].picture[top:bottom, left:right]
    np.testing.assert_allclose(crops[0].mean((0, 1)), inside.mean((0, 1)), atol=12)


def test_frames_without_a_face_have_no_box(tmp_path: Path) -> None:
    read, seen = reader_of(LE).watch(whole_file(write_video(tmp_path / "a.mp4"), ""))
    assert [frame.box for frame in seen.frames] == [None] * read.num_frames
    assert not any(seen.found)


def test_long_clip_keeps_frames_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    video = write_video(tmp_path / "long.mp4", seconds=20, fps=2, sound_hz=None)
    read, seen = reader_of(LE).watch(whole_file(video, ""))
    times = [frame.time_s for frame in seen.frames]
    assert len(times) == MAX_FRAMES < read.num_frames == len(seen.found)
    assert (times[0], times[-1]) == (seen.times_s[0], seen.times_s[-1])
    assert times == sorted(times)


def test_wave_is_loud_where_the_sound_is(face: Path, tmp_path: Path) -> None:
    clip = whole_file(face, "")
    _, seen = reader_of(LE).watch(clip)
    assert seen.wave is not None
    assert len(seen.wave.low) == len(seen.wave.high) == NUM_PARTS
    loud = np.flatnonzero(seen.wave.high - seen.wave.low > 0.05) * clip.duration_s / NUM_PARTS
    assert (loud[0], loud[-1]) == pytest.approx((SECONDS * 2 / 3, SECONDS), abs=0.1)
    silent = write_video(tmp_path / "silent.mp4", sound_hz=None)
    assert reader_of(LE).watch(whole_file(silent, ""))[1].wave is None
