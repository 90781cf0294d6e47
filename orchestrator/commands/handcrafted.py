"""The options of `prepare` for the sources of hand-crafted features."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import click

from corpora.features.published import (
    IEMOCAP_FOLDER,
    MOSEI_FOLDER,
    DaiFeatures,
    read_iemocap_features,
    read_mosei_features,
)
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import LEAST_FACE_PROBABILITY, Compat, FaceChoice
from corpora.source.errors import CorpusError
from corpora.source.names import release_of
from corpora.source.utterance import Source
from corpora.text.word_vectors import WordVectors, make_word_vectors
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


@dataclass(frozen=True)
class HandcraftedOptions:
    """Where hand-crafted features come from.

    `words` is glove:FILE, encoder:NAME or random; `features` is the folder of Dai et al.'s files.
    """

    words: str | None
    sound: str
    face: str
    features: Path | None = None

    def own_recipe(
        self, source: Source, face_choice: FaceChoice
    ) -> tuple[HandcraftedRecipe, WordVectors]:
        """Make the recipe of our own features, and get the word vectors that it needs.

        Raises:
            CorpusError: If the user names no word vectors, or they do not exist, or if Py-Feat
                shall take another face than the largest.
        """
        if self.face == "action_units" and face_choice != "largest":
            raise CorpusError(
                "Py-Feat (--face action_units) finds faces itself and takes the largest one: leave "
                "out --which-face, or take --face landmarks"
            )
        has_text = any(utterance.text.strip() for utterance in source.utterances)
        words = self.words if has_text else self.words or "random"  # vectors of no words
        kind, _, origin = (words or "").partition(":")
        kinds = get_args(HandcraftedRecipe.model_fields["words"].annotation)
        if kind not in kinds or bool(origin) == (kind == "random"):
            raise CorpusError(
                f"--words is {self.words!r}; hand-crafted features need word vectors: choose from "
                "glove:FILE, encoder:NAME (a folder or hub name), random"
            )
        from corpora.features.action_units import PYFEAT_NOTICE  # this and the next load PyTorch
        from corpora.features.egemaps import OPENSMILE_NOTICE

        for chosen, notice in (
            (self.sound == "egemaps", OPENSMILE_NOTICE),
            (self.face == "action_units", PYFEAT_NOTICE),
        ):
            if chosen:
                console.print(notice)
        settings = {
            "words": kind,
            "sound": self.sound,
            "face": self.face,
            "least_face_probability": LEAST_FACE_PROBABILITY,
            "face_choice": face_choice,
        }
        recipe = HandcraftedRecipe.model_validate(settings)
        texts = [utterance.text for utterance in source.utterances]
        vectors = make_word_vectors(recipe, texts=texts, origin=origin or None)
        return recipe.model_copy(update={"word_vectors_sha256": vectors.sha256}), vectors

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


def _options(words: str | None, sound: str, face: str) -> HandcraftedOptions:
    return HandcraftedOptions(words, sound, face)


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
)


def features_beside(folder: Path, kind: str) -> Path | None:
    """Return the folder if it holds the published features of a kind of corpus; else None."""
    release = release_of(kind)
    is_there = release in READERS and (folder / READERS[release][0]).is_dir()
    return folder if is_there else None
