from dataclasses import fields
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.corpus import AnyCorpus, load_corpus, load_handcrafted
from corpora.batches.single_clip import ClipReader, whole_file
from corpora.features.sources import FeatureSources
from corpora.media.duration import read_duration_s
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.handcrafted import HANDCRAFTED, HandcraftedRecipe
from corpora.recipes.pictures import DAI, LE, LE_WAVE, XIA, Compat
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import MediaError
from corpora.source.rejects import Remark
from corpora.store.folders import recipe_folder
from corpora.store.prepared import read_manifest
from corpora.synthetic.clip import write_clip
from corpora.text.tokens import TokenSettings
from corpora.text.word_vectors import RandomVectors
from tests.corpora.media_factory import (
    clip_lines,
    drawn_face,
    write_clip_folder,
    write_sound,
    write_video,
)

OWN = HandcraftedRecipe(words="random", random_width=8)
WORDS = FeatureSources(words=RandomVectors(OWN.random_width))
RECIPES: tuple[AnyRecipe, ...] = (LE, DAI, XIA, LE_WAVE, OWN)
CPU = torch.device("cpu")
SECONDS = 1.2
ROUNDED = 3 / min(XIA.face_std)
"""Three levels of 255: boxes of faces that are found in batches of other sizes differ in rounding,
which crops of 224 px show: by two levels where PyTorch has one thread."""

every_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)


def write_drawn_face(path: Path) -> Path:
    """Write a video of a face that does not move, with noise to be heard."""
    generator = np.random.default_rng(0)
    wave = generator.normal(0, 0.1, round(SECONDS * 16_000)).astype(np.float32)
    write_clip(path, [drawn_face()] * round(SECONDS * 25), wave)
    return path


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a corpus by every recipe: whole files, one with a face, the others without."""
    storage = tmp_path_factory.mktemp("single")
    folder = storage / "clips"
    folder.mkdir()
    face = write_drawn_face(folder / "face.mp4")
    silent = write_video(folder / "silent.mp4", sound_hz=None)
    files = {f"test{index}": path for index, path in enumerate((face, silent))}
    lines = [
        line | {"file": path.name, "start": 0.0, "end": read_duration_s(path)}
        for line in clip_lines()
        for path in [files.get(str(line["utterance"]), face)]
    ]
    source = read_clips(write_clip_folder(folder, lines))
    prepare(source, RECIPES, name="mine", storage=storage, feature_sources=WORDS)
    return storage


def opened(storage: Path, recipe: AnyRecipe) -> AnyCorpus:
    manifest = read_manifest(storage, "mine", recipe.name)
    folder = recipe_folder(storage, "mine", recipe.name)
    if recipe.name == HANDCRAFTED:
        return load_handcrafted(folder, manifest, CPU)
    return load_corpus(folder, manifest, TokenSettings(None, 100, 50), CPU)


@every_recipe
@pytest.mark.parametrize(("index", "file"), [(0, "face.mp4"), (1, "silent.mp4")])
def test_file_is_read_as_the_prepared_corpus_is(
    storage: Path, recipe: AnyRecipe, index: int, file: str
) -> None:
    corpus = opened(storage, recipe)
    reader = ClipReader(recipe, WORDS, corpus.tokenizer, CPU)
    read = reader.read(whole_file(storage / "clips" / file, f"this is number {index}"))
    batches: list[Batch | HandcraftedBatch] = list(corpus.splits["test"].in_order(1))
    expected = batches[index]
    for field in fields(expected):
        if field.name != "labels":
            ours, theirs = getattr(read.batch, field.name), getattr(expected, field.name)
            is_rounded = (recipe.name, field.name) == (XIA.name, "faces")
            torch.testing.assert_close(ours, theirs, rtol=0, atol=ROUNDED if is_rounded else 0)
    has_face = file == "face.mp4"
    assert (read.num_faces > 0) == has_face
    assert (Remark.NO_FACE in read.remarks, Remark.NO_SOUND in read.remarks) == (
        not has_face,
        not has_face,
    )


@every_recipe
def test_widths_are_those_of_a_prepared_corpus(storage: Path, recipe: AnyRecipe) -> None:
    reader = ClipReader(recipe, WORDS, None, CPU)
    assert reader.widths() == read_manifest(storage, "mine", recipe.name).widths


def test_widths_need_no_picture_even_where_clips_without_are_left_out() -> None:
    recipe = LE.model_copy(update={"compat": Compat(drop_empty=True)})
    assert ClipReader(recipe, FeatureSources(), None, CPU).widths() == {}


def test_whole_file_is_one_utterance_as_long_as_the_file(tmp_path: Path) -> None:
    utterance = whole_file(write_video(tmp_path / "a.mp4", seconds=2.5), "oh well")
    assert (utterance.id, utterance.text, utterance.labels) == ("a.mp4", "oh well", ())
    assert utterance.duration_s == pytest.approx(2.5)


def test_file_without_pictures_is_refused_as_prepare_refuses_it(tmp_path: Path) -> None:
    reader = ClipReader(LE, FeatureSources(), None, CPU)
    with pytest.raises(MediaError, match="no_video: the file has no video stream"):
        reader.read(whole_file(write_sound(tmp_path / "a.wav"), ""))


def test_duration_that_no_container_tells_is_that_of_the_packets(tmp_path: Path) -> None:
    written = write_video(tmp_path / "a.mkv", codec="mpeg4", sound_codec="flac")
    live = tmp_path / "live.mkv"
    with (
        av.open(str(written)) as source,
        av.open(str(live), "w", format="matroska", options={"live": "1"}) as sink,
    ):
        streams = {s.index: sink.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                sink.mux(packet)
    with av.open(str(live)) as container:
        assert container.duration is None
    assert read_duration_s(live) == pytest.approx(2.0, abs=0.05)


def test_file_that_is_no_media_has_no_duration(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no video")
    with pytest.raises(MediaError, match="unreadable"):
        read_duration_s(path)
