"""The options of `prepare` for the sources of hand-crafted features."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from corpora.errors import UserError
from corpora.features.published import (
    IEMOCAP_FOLDER,
    MOSEI_FOLDER,
    DaiFeatures,
    read_iemocap_features,
    read_mosei_features,
)
from corpora.features.sources import FeatureSources
from corpora.recipes.encoder_states import Layer
from corpora.recipes.handcrafted import HANDCRAFTED, MODALITIES, HandcraftedRecipe
from corpora.recipes.pictures import ALL_RECIPES, LEAST_FACE_PROBABILITY, Compat, FaceChoice
from corpora.source.errors import CorpusError
from corpora.source.names import release_of
from corpora.source.utterance import Modality, Source
from corpora.text.word_vectors import make_word_vectors
from orchestrator.commands.options import gathered
from orchestrator.terminal import console

READERS: dict[str, tuple[str, Callable[[Path, Compat], DaiFeatures]]] = {
    "iemocap": (
        IEMOCAP_FOLDER,
        lambda folder, compat: read_iemocap_features(folder, filler_rows=compat.dai_filler_rows),
    ),
    "mosei": (
        MOSEI_FOLDER,
        lambda folder, compat: read_mosei_features(folder, padded_rows=compat.dai_padded_rows),
    ),
}
"""The folder of Dai et al.'s features and their reader, by the release."""


FOLDER_NAME = re.compile(r"\w[\w.-]{0,63}")

WORDS = ("glove", "encoder", "random")


@dataclass(frozen=True)
class EncoderOptions:
    """The encoders whose states stand for features, and which states, by modality."""

    places: Mapping[Modality, str] = field(default_factory=dict)
    layers: Mapping[Modality, Layer] = field(default_factory=dict)


@dataclass(frozen=True)
class HandcraftedOptions:
    """Where hand-crafted features come from.

    `words` is glove:FILE, encoder:NAME or random; `features` is the folder of Dai et al.'s files.
    `recipe_name` is what the recipe is called.
    """

    words: str | None
    sound: str
    face: str
    encoders: EncoderOptions
    recipe_name: str
    features: Path | None = None

    def own_recipe(
        self, source: Source, face_choice: FaceChoice
    ) -> tuple[HandcraftedRecipe, FeatureSources]:
        """Make the recipe of our own features, and get the word vectors or encoders that it needs.

        Raises:
            CorpusError: If the user names no word vectors, or they do not exist, or if Py-Feat
                shall take another face than the largest.
            CheckpointError: If an encoder cannot be used.
        """
        kind, origin = self._words(source)
        uses_units = self.face == "action_units" and "vision" not in self.encoders.places
        if uses_units and face_choice != "largest":
            raise CorpusError(
                "Py-Feat (--face action_units) finds faces itself and takes the largest one: leave "
                "out --which-face, or take --face landmarks"
            )
        from corpora.features.action_units import PYFEAT_NOTICE  # these load PyTorch
        from corpora.features.egemaps import OPENSMILE_NOTICE
        from corpora.features.encoders.open import open_encoder
        from corpora.features.form import handcrafted_maker

        uses_egemaps = self.sound == "egemaps" and "audio" not in self.encoders.places
        for chosen, notice in ((uses_egemaps, OPENSMILE_NOTICE), (uses_units, PYFEAT_NOTICE)):
            if chosen:
                console.print(notice)
        opened = {
            modality: open_encoder(place, modality, self.encoders.layers.get(modality, "last"))
            for modality, place in self.encoders.places.items()
        }
        recipe = HandcraftedRecipe.model_validate(
            {
                "name": self.recipe_name,
                "words": kind,
                "sound": self.sound,
                "face": self.face,
                "least_face_probability": LEAST_FACE_PROBABILITY,
                "face_choice": face_choice,
                "encoders": {modality: states for modality, (_, states) in opened.items()},
            }
        )
        checkpoints = {modality: checkpoint for modality, (checkpoint, _) in opened.items()}
        if kind is None:
            sources = FeatureSources(encoders=checkpoints)
        else:
            texts = [utterance.text for utterance in source.utterances]
            words = make_word_vectors(recipe, texts=texts, origin=origin or None)
            recipe = recipe.model_copy(update={"word_vectors_sha256": words.sha256})
            sources = FeatureSources(words=words, encoders=checkpoints)
        if opened:
            handcrafted_maker(recipe, sources, "cpu")  # tells a fault before a clip is decoded
        return recipe, sources

    def _words(self, source: Source) -> tuple[str | None, str]:
        """Return the kind of the word vectors and their origin; None if text has an encoder."""
        if "text" in self.encoders.places:
            if self.words is not None:
                raise CorpusError(
                    f"--words is {self.words!r}, but text has an encoder too: leave one of the two "
                    "out"
                )
            return None, ""
        has_text = any(utterance.text.strip() for utterance in source.utterances)
        words = self.words if has_text else self.words or "random"  # vectors of no words
        kind, _, origin = (words or "").partition(":")
        if kind not in WORDS or bool(origin) == (kind == "random"):
            raise CorpusError(
                f"--words is {self.words!r}; hand-crafted features need word vectors: choose from "
                "glove:FILE, encoder:NAME (a folder or hub name), random; or give text an encoder "
                "by --encoder text=NAME"
            )
        return kind, origin

    def published(self, source: Source, compat: Compat) -> DaiFeatures | None:
        """Read the published features, if there are any.

        Raises:
            CorpusError: If this kind of corpus has none, or they are damaged.
        """
        if self.features is None:
            return None
        release = release_of(source.kind)
        if release not in READERS:
            raise CorpusError(f"there are no published features for a corpus of '{source.kind}'")
        _, read = READERS[release]
        return read(self.features, compat)


def by_modality(pairs: Sequence[str], option: str) -> dict[Modality, str]:
    """Read settings of the form MODALITY=VALUE.

    Raises:
        UserError: If one has another form, or a modality occurs twice.
    """
    read: dict[Modality, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        modality = next((each for each in MODALITIES if each == name), None)
        if modality is None or not value or modality in read:
            raise UserError(
                f"{option} is {pair!r}; write MODALITY=..., each of {', '.join(MODALITIES)} at "
                "most once"
            )
        read[modality] = value
    return {modality: read[modality] for modality in MODALITIES if modality in read}


def _encoders(places: Sequence[str], layers: Sequence[str]) -> EncoderOptions:
    of_layers: dict[Modality, Layer] = {}
    encoders = by_modality(places, "--encoder")
    for modality, text in by_modality(layers, "--encoder-layer").items():
        if modality not in encoders:
            raise UserError(
                f"--encoder-layer is given for {modality}, but no encoder: add "
                f"--encoder {modality}=NAME"
            )
        try:
            of_layers[modality] = TypeAdapter(Layer).validate_strings(text)
        except ValidationError as error:
            raise UserError(
                f"--encoder-layer {modality}={text}: choose last, mean, or a number from 0"
            ) from error
    return EncoderOptions(encoders, of_layers)


def _options(
    words: str | None,
    sound: str,
    face: str,
    places: Sequence[str],
    layers: Sequence[str],
    recipe_name: str,
) -> HandcraftedOptions:
    if recipe_name in ALL_RECIPES or not FOLDER_NAME.fullmatch(recipe_name):
        raise UserError(
            f"--as is {recipe_name!r}; choose a name of letters, digits, '-', '_' and '.', other "
            f"than {', '.join(ALL_RECIPES)}"
        )
    return HandcraftedOptions(words, sound, face, _encoders(places, layers), recipe_name)


encoder_option = click.option(
    "--encoder",
    "places",
    metavar="MODALITY=NAME",
    multiple=True,
    help="Frozen states of a pretrained transformers encoder instead of the hand-crafted features "
    "of audio, vision or text: a folder or hub name; may be given once a modality.",
)

handcrafted_options = gathered(
    "handcrafted",
    _options,
    click.option(
        "--words",
        metavar="glove:FILE|encoder:NAME|random",
        help="Word vectors for the text of hand-crafted features.",
    ),
    click.option(
        "--sound",
        type=click.Choice(("torchaudio", "egemaps")),
        default="torchaudio",
        show_default=True,
        help="Library that makes the hand-crafted features of sound.",
    ),
    click.option(
        "--face",
        type=click.Choice(("landmarks", "action_units")),
        default="landmarks",
        show_default=True,
        help="What the hand-crafted features of faces are.",
    ),
    encoder_option,
    click.option(
        "--encoder-layer",
        "layers",
        metavar="MODALITY=LAYER",
        multiple=True,
        help="Which states of an encoder: last (what it gives out), mean (over its layers), or the "
        "number of a layer.  [default: last]",
    ),
    click.option(
        "--as",
        "recipe_name",
        default=HANDCRAFTED,
        show_default=True,
        help="What the recipe of these features is called; a corpus can have several.",
    ),
)


def features_beside(folder: Path, kind: str) -> Path | None:
    """Return the folder if it holds the published features of a kind of corpus; else None."""
    release = release_of(kind)
    is_there = release in READERS and (folder / READERS[release][0]).is_dir()
    return folder if is_there else None
