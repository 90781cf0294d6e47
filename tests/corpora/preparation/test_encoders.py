"""Corpora of encoders' states: named by content, resumed, beside hand-crafted features."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from corpora.features.encoders.open import open_encoder
from corpora.features.encoders.waves import WaveStates
from corpora.features.sources import FeatureSources
from corpora.preparation.prepare import PartMaker, Parts, prepare, run_here
from corpora.readers.clip_folder import read_clips
from corpora.recipes.encoder_states import Layer
from corpora.recipes.handcrafted import MODALITIES, HandcraftedRecipe
from corpora.source.errors import CorpusError
from corpora.source.utterance import Modality, Source
from corpora.store.folders import prepared_names, prepared_recipes, recipe_folder, split_file
from corpora.store.manifest import fingerprint_of
from corpora.text.word_vectors import RandomVectors
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.encoder_factory import AUDIO, TEXT, VISION, WIDTH

OWN = HandcraftedRecipe(words="random", random_width=4)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[Modality, str]:
    folder = tmp_path_factory.mktemp("encoders")
    return {
        "text": str(TEXT["roberta"](folder / "text")),
        "audio": str(AUDIO["wav2vec2"](folder / "audio")),
        "vision": str(VISION["clip"](folder / "vision")),
    }


def encoded(
    places: Mapping[Modality, str], layer: Layer = "last", name: str = "encoded"
) -> tuple[HandcraftedRecipe, FeatureSources]:
    """Make a recipe of encoders for some modalities, and random word vectors without text."""
    opened = {modality: open_encoder(place, modality, layer) for modality, place in places.items()}
    recipe = HandcraftedRecipe(
        name=name,
        words=None if "text" in opened else "random",
        random_width=4,
        encoders={modality: states for modality, (_, states) in opened.items()},
    )
    encoders = {modality: checkpoint for modality, (checkpoint, _) in opened.items()}
    return recipe, FeatureSources(words=RandomVectors(4), encoders=encoders)


def source_of(tmp_path: Path, *, per_split: int = 4) -> Source:
    lines = clip_lines(per_split=per_split)
    for index, line in enumerate(lines):  # of several lengths
        line["end"] = float(str(line["start"])) + 0.3 + 0.2 * (index % 4)
    return read_clips(write_clip_folder(tmp_path / "clips", lines))


def rows(storage: Path, recipe: str, column: str) -> list[list[float]]:
    with pa.memory_map(str(split_file(recipe_folder(storage, "mine", recipe), "train"))) as file:
        found: list[list[float]] = pa.ipc.open_file(file).read_all()[column].to_pylist()
        return found


def test_states_stand_for_the_features_of_every_modality(
    tmp_path: Path, places: dict[Modality, str]
) -> None:
    recipe, sources = encoded(places)
    source = source_of(tmp_path)
    made = prepare(source, [recipe], name="mine", storage=tmp_path, feature_sources=sources)
    assert made["encoded"].widths == dict.fromkeys(MODALITIES, WIDTH)
    assert "transformers" in made["encoded"].libraries
    assert rows(tmp_path, "encoded", "num_text") == [4, 4, 4, 4]  # "this is number 1"
    assert rows(tmp_path, "encoded", "num_audio") == [3, 5, 7, 9]
    wave = source.utterances[3].sound.wave(rate_hz=16_000)
    alone = WaveStates(sources.encoders["audio"], "last", rate_hz=16_000, step_s=0.1, device="cpu")
    assert wave is not None
    stored = np.array(rows(tmp_path, "encoded", "audio_features")[3]).reshape(9, WIDTH)
    np.testing.assert_allclose(stored, alone(wave)(), atol=1e-5)


def test_one_corpus_holds_features_and_states_beside_each_other(
    tmp_path: Path, places: dict[Modality, str]
) -> None:
    recipe, sources = encoded({"audio": places["audio"]})
    own = FeatureSources(words=RandomVectors(4))
    source = source_of(tmp_path)
    prepare(source, [OWN], name="mine", storage=tmp_path, feature_sources=own)
    prepare(source, [recipe], name="mine", storage=tmp_path, feature_sources=sources)
    assert prepared_recipes(tmp_path, "mine") == ["encoded", "handcrafted"]
    for modality in ("text", "vision"):
        column = f"{modality}_features"
        assert rows(tmp_path, "encoded", column) == rows(tmp_path, "handcrafted", column)


def test_fingerprint_is_of_what_the_encoder_holds_and_of_the_layer(
    tmp_path: Path, places: dict[Modality, str]
) -> None:
    audio = places["audio"]
    layers: tuple[Layer, ...] = ("last", "last", "mean", "last")
    there = str(shutil.copytree(audio, tmp_path / "there"))
    other = str(AUDIO["hubert"](tmp_path / "hubert"))
    first, *others = (
        fingerprint_of("source", encoded({"audio": place}, layer)[0])
        for place, layer in zip((audio, there, audio, other), layers, strict=True)
    )
    assert first == others[0]
    assert len({first, *others}) == 3


def test_recipe_without_encoders_is_written_as_before() -> None:
    assert "encoders" not in OWN.model_dump(mode="json")
    with pytest.raises(ValueError, match="words is None, and text has no encoder; choose one"):
        HandcraftedRecipe(words=None)


def test_encoder_that_was_not_given_is_told(tmp_path: Path, places: dict[Modality, str]) -> None:
    recipe, _ = encoded({"audio": places["audio"]})
    own = FeatureSources(words=RandomVectors(4))
    with pytest.raises(CorpusError, match="recipe 'encoded' needs the encoder of audio"):
        prepare(source_of(tmp_path), [recipe], name="mine", storage=tmp_path, feature_sources=own)


def test_killed_extraction_goes_on_with_the_missing_parts(
    tmp_path: Path, places: dict[Modality, str]
) -> None:
    recipe, sources = encoded(places)
    source = source_of(tmp_path, per_split=8)
    made: list[int] = []

    def run(maker: PartMaker, parts: Parts) -> Iterator[int]:
        for number in run_here(maker, parts):
            made.append(number)
            if len(made) == 2:
                raise KeyboardInterrupt
            yield number

    with pytest.raises(KeyboardInterrupt):
        prepare(source, [recipe], name="mine", storage=tmp_path, feature_sources=sources, run=run)
    assert prepared_names(tmp_path) == []
    resumed = prepare(
        source, [recipe], name="mine", storage=tmp_path, feature_sources=sources, run=run
    )
    assert made == [0, 1, 2]
    whole = prepare(source, [recipe], name="whole", storage=tmp_path, feature_sources=sources)
    assert resumed["encoded"].sha256 == whole["encoded"].sha256
