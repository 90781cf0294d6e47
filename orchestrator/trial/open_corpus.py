"""Opens the corpus of a trial, and returns what its model must know about it."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from corpora.batches.corpus import AnyCorpus, Corpus, load_corpus, load_handcrafted
from corpora.recipes.pictures import Recipe
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import CorpusError
from corpora.store.folders import recipe_folder
from corpora.store.folds import FoldView, read_folds
from corpora.store.prepared import read_manifest
from corpora.text.glove import read_glove
from corpora.text.tokens import TokenSettings
from models.configs.base import MODALITIES, SystemConfig
from models.configs.emoembs import EmotionVectors, emotion_word
from models.configs.text import TextConfig
from models.own.system import OwnSystem
from models.task import Features, PictureScale, Task
from models.weights.find import find_files
from orchestrator.storage.corpora import fetch_corpus, fetch_folds
from search_spaces.trial import CorpusRef, FoldRef


def open_corpus(
    storage: Path, reference: CorpusRef, model: SystemConfig, device: torch.device
) -> AnyCorpus:
    """Open a trial's corpus with the data that its model reads.

    Successive trials on a corpus share its large data, also on a device, even if their models read
    the texts with different tokens.

    Raises:
        CorpusError: If it is not the prepared corpus that the trial names.
        WeightsError: If a text encoder's tokenizer is not available.
    """
    tokens, opened = token_settings(model), _opened(storage, reference, device)
    if tokens not in opened:
        like = next(iter(opened.values()), None)
        opened[tokens] = _open(storage, reference, tokens, device, like)
    return opened[tokens]


def token_settings(model: SystemConfig) -> TokenSettings | None:
    """Return how a model's texts become tokens; None if it reads no tokens."""
    text = model.encoders.get("text")
    if isinstance(model, OwnSystem) and model.reads_text and not isinstance(text, TextConfig):
        return TokenSettings(None, model.tokens.vocabulary, model.tokens.max_tokens)
    if not isinstance(text, TextConfig):
        return None
    if text.sizes is not None:
        return TokenSettings(None, text.sizes.vocabulary, text.max_tokens)
    folder = find_files(text)[0].parent
    return TokenSettings(str(folder), 0, text.max_tokens)


def task_of(corpus: AnyCorpus, model: SystemConfig) -> Task:
    """Return what a model must know about its corpus."""
    return Task(
        emotions=corpus.manifest.emotions,
        features={
            modality: Features(mean=corpus.moments[modality].mean, std=corpus.moments[modality].std)
            for modality in MODALITIES
            if modality in corpus.moments
        },
        emotion_vectors=_emotion_vectors(model, corpus.manifest.emotions),
        faces=scale_of_faces(corpus.manifest.recipe),
    )


def scale_of_faces(recipe: AnyRecipe) -> PictureScale | None:
    """Return how a recipe normalises faces; None if it holds no pictures."""
    if not isinstance(recipe, Recipe):
        return None
    return PictureScale(mean=recipe.face_mean, std=recipe.face_std)


def _emotion_vectors(model: SystemConfig, emotions: Sequence[str]) -> Tensor | None:
    """Read the word vectors of the emotions' names, if a model starts from a file of vectors.

    Raises:
        CorpusError: If the file is damaged, or lacks the vector of a name.
    """
    encoder = model.pretrained_encoders.get("text")
    if not isinstance(encoder, EmotionVectors):
        return None
    (path,) = find_files(encoder)
    return _vectors_in(path, tuple(emotion_word(emotion) for emotion in emotions))


@lru_cache(maxsize=1)
def _vectors_in(path: Path, words: tuple[str, ...]) -> Tensor:
    vectors = read_glove(path, set(words))
    if missing := sorted(set(words) - vectors.keys()):
        raise CorpusError(f"word vectors '{path}' lack the emotions {', '.join(missing)}")
    return torch.from_numpy(np.stack([vectors[word] for word in words]))


@lru_cache(maxsize=1)
def _opened(
    storage: Path, reference: CorpusRef, device: torch.device
) -> dict[TokenSettings | None, Corpus[Any]]:
    """Return the open parts of a corpus, empty at first; first drop those of another corpus."""
    return {}


def _open(
    storage: Path,
    reference: CorpusRef,
    tokens: TokenSettings | None,
    device: torch.device,
    like: Corpus[Any] | None,
) -> AnyCorpus:
    fetch_corpus(storage, reference.name, reference.recipe, reference.fingerprint)
    manifest = read_manifest(storage, reference.name, reference.recipe)
    if manifest.fingerprint != reference.fingerprint:
        raise CorpusError(
            f"corpus '{reference.name}' in '{storage}' is not the one that the trial was planned "
            f"on: it has the fingerprint {manifest.fingerprint[:12]}, not "
            f"{reference.fingerprint[:12]}"
        )
    folder, fold = recipe_folder(storage, reference.name, reference.recipe), None
    if reference.fold is not None:
        fold = view_fold(storage, reference.name, reference.fold)
    if not isinstance(manifest.recipe, Recipe):
        return load_handcrafted(folder, manifest, device, fold=fold)
    return load_corpus(folder, manifest, tokens, device, fold=fold, like=like)


def view_fold(storage: Path, name: str, fold: FoldRef) -> FoldView:
    """Return the view of a corpus in which a fold is tested.

    Raises:
        CorpusError: If the corpus has other folds.
    """
    fetch_folds(storage, name)
    folds = read_folds(storage, name)
    if folds is None or folds.digest != fold.digest:
        raise CorpusError(
            f"corpus '{name}' in '{storage}' has no such folds as the trial was planned on, which "
            f"tests fold '{fold.name}' of {fold.count}: they have the digest "
            f"{folds.digest[:12] if folds else 'of none'}, not {fold.digest[:12]}; deal them as "
            "before with `mmer-sweep prepare` and --folds"
        )
    return FoldView(folds, fold.number)
