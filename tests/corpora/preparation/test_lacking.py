"""Corpora of which no utterance has pictures, or sound, or text."""

from pathlib import Path

import pytest
import torch

from corpora.batches.corpus import load_corpus, load_handcrafted
from corpora.features.sources import FeatureSources
from corpora.parsing.sealed import parse_sealed
from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.handcrafted import HANDCRAFTED, HandcraftedRecipe
from corpora.recipes.pictures import LE, XIA
from corpora.source.rejects import Remark
from corpora.store.folders import recipe_folder
from corpora.store.manifest import Manifest
from corpora.store.remarked import read_remarked
from corpora.text.word_vectors import RandomVectors
from tests.corpora.media_factory import (
    clip_lines,
    text_lines,
    write_clip_folder,
    write_csv,
    write_sound,
    write_video,
)

OWN = HandcraftedRecipe(words="random", random_width=8)
CPU = torch.device("cpu")


def prepared(storage: Path, clips: Path) -> dict[str, Manifest]:
    sources = FeatureSources(words=RandomVectors(8))
    return prepare(
        read_clips(clips), [LE, XIA, OWN], name="mine", storage=storage, feature_sources=sources
    )


@pytest.fixture(scope="module")
def of_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a corpus of sound files."""
    storage = tmp_path_factory.mktemp("sound")
    write_sound(storage / "clips" / "clip.wav", seconds=2.0)
    write_csv(storage / "clips" / "clips.csv", clip_lines(file="clip.wav"))
    prepared(storage, storage / "clips")
    return storage


@pytest.fixture(scope="module")
def of_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a corpus of text alone, of two classes."""
    storage = tmp_path_factory.mktemp("text")
    write_csv(storage / "clips" / "clips.csv", text_lines())
    prepared(storage, storage / "clips")
    return storage


def manifest_of(storage: Path, recipe: str) -> Manifest:
    path = recipe_folder(storage, "mine", recipe) / "manifest.json"
    return parse_sealed(path.read_bytes(), Manifest)


@pytest.mark.parametrize("recipe", ["le", "xia", HANDCRAFTED])
def test_corpus_of_sound_files_holds_no_vision_and_says_so_once(
    of_sound: Path, recipe: str
) -> None:
    manifest = manifest_of(of_sound, recipe)
    assert manifest.without == ("vision",)
    assert know_corpus("mine", of_sound).identify(recipe).without == ("vision",)
    assert manifest.rejects == ()
    counts = manifest.splits["train"]
    assert counts.num_utterances == 4
    assert counts.remarks[Remark.NO_FRAMES] == counts.remarks[Remark.NO_SOUND] == 0
    assert read_remarked(recipe_folder(of_sound, "mine", recipe)) == ()


def test_batches_of_sound_files_hold_their_sound(of_sound: Path) -> None:
    corpus = load_corpus(
        recipe_folder(of_sound, "mine", "le"), manifest_of(of_sound, "le"), None, CPU
    )
    (batch,) = corpus.splits["train"].in_order(4)
    assert batch.num_chunks == (4, 4, 4, 4)
    assert batch.mels.abs().sum() > 0
    assert len(batch.num_faces) == 4


@pytest.mark.parametrize("recipe", ["le", "xia", HANDCRAFTED])
def test_corpus_of_text_holds_text_alone(of_text: Path, recipe: str) -> None:
    manifest = manifest_of(of_text, recipe)
    assert manifest.without == ("audio", "vision")
    assert (manifest.task, manifest.emotions) == ("multiclass", ("calm", "glad"))
    assert sum(manifest.splits["test"].remarks.values()) == 0
    assert manifest.splits["test"].seconds == 0


def test_handcrafted_text_is_read_where_nothing_else_is(of_text: Path) -> None:
    folder = recipe_folder(of_text, "mine", HANDCRAFTED)
    corpus = load_handcrafted(folder, manifest_of(of_text, HANDCRAFTED), CPU)
    (batch,) = corpus.splits["train"].in_order(4)
    assert batch.num_text == (4, 4, 4, 4)
    expected = torch.from_numpy(RandomVectors(8).vectors("this is number 3"))
    assert torch.equal(batch.text[-4:], expected)


def test_corpus_without_a_word_holds_no_text(tmp_path: Path) -> None:
    lines = [line | {"text": " "} for line in clip_lines()]
    source = read_clips(write_clip_folder(tmp_path / "clips", lines))
    manifest = prepare(source, [LE], name="mine", storage=tmp_path)["le"]
    assert manifest.without == ("text",)


def test_videos_without_sound_hold_no_audio(tmp_path: Path) -> None:
    write_video(tmp_path / "clips" / "silent.mp4", sound_hz=None)
    write_csv(tmp_path / "clips" / "clips.csv", clip_lines(file="silent.mp4"))
    manifest = prepare(read_clips(tmp_path / "clips"), [LE], name="mine", storage=tmp_path)["le"]
    assert manifest.without == ("audio",)
    assert manifest.splits["train"].remarks[Remark.NO_SOUND] == 0


def test_corpus_of_which_one_clip_lacks_sound_holds_all_and_remarks_it(tmp_path: Path) -> None:
    write_video(tmp_path / "clips" / "silent.mp4", sound_hz=None)
    first, *others = clip_lines()
    write_clip_folder(tmp_path / "clips", [first | {"file": "silent.mp4"}, *others])
    manifest = prepare(read_clips(tmp_path / "clips"), [LE], name="mine", storage=tmp_path)["le"]
    assert manifest.without == ()
    assert "without" not in manifest.model_dump(mode="json")
    assert manifest.splits["train"].remarks[Remark.NO_SOUND] == 1


def test_sound_file_among_videos_is_rejected_as_before(tmp_path: Path) -> None:
    write_sound(tmp_path / "clips" / "a.wav", seconds=2.0)
    first, *others = clip_lines(per_split=8)
    write_clip_folder(tmp_path / "clips", [first | {"file": "a.wav"}, *others])
    manifest = prepare(read_clips(tmp_path / "clips"), [LE], name="mine", storage=tmp_path)["le"]
    assert [(each.utterance, each.reason) for each in manifest.rejects] == [("train0", "no_video")]
