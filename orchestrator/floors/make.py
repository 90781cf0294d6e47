"""Makes the floors of prepared corpora, once each; they are kept beside the ledger."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from corpora.batches.corpus import AnyCorpus, load_corpus, load_handcrafted
from corpora.recipes.pictures import Recipe
from corpora.source.split import SPLITS
from corpora.store.folders import recipe_folder
from corpora.store.manifest import Manifest
from orchestrator.floors.features import TOKENS, describe_features, read_features
from orchestrator.floors.linear import fit_linear
from orchestrator.trial.open_corpus import view_fold
from reports.ledger.floor_file import Linear, LinearFacts
from reports.ledger.record import EVALUATED_SPLITS, Predictions, dtype_of_labels
from search_spaces.trial import CorpusRef, FoldRef

LIBRARIES = ("numpy", "scikit-learn", "torch")


def make_linear(storage: Path, manifest: Manifest, fold: FoldRef | None = None) -> Linear:
    """Train the linear model of a prepared corpus, on the CPU; `fold` is tested if it has folds.

    Raises:
        CorpusError: If the corpus has other folds.
        DamagedCorpusError: If a file is not the one that the manifest describes.
    """
    corpus = _open(storage, manifest, fold)
    of_labels = dtype_of_labels(manifest.task)
    labels = {s: corpus.splits[s].labels.numpy().astype(of_labels) for s in SPLITS}
    fit = fit_linear(read_features(corpus), labels, manifest.task)
    return Linear(
        facts=LinearFacts(
            corpus=CorpusRef(
                name=manifest.name,
                recipe=manifest.recipe.name,
                fingerprint=manifest.fingerprint,
                fold=fold,
            ),
            emotions=manifest.emotions,
            task=manifest.task,
            features=describe_features(manifest.recipe, manifest.without),
            inverse_penalty=fit.inverse_penalty,
            libraries={library: version(library) for library in LIBRARIES},
        ),
        predictions={
            split: Predictions(
                ids=np.array(corpus.splits[split].ids, dtype=np.str_),
                groups=np.array(corpus.splits[split].groups, dtype=np.str_),
                labels=labels[split],
                probabilities=fit.probabilities[split],
            )
            for split in EVALUATED_SPLITS
        },
    )


def _open(storage: Path, manifest: Manifest, fold: FoldRef | None) -> AnyCorpus:
    view = None if fold is None else view_fold(storage, manifest.name, fold)
    folder = recipe_folder(storage, manifest.name, manifest.recipe.name)
    device = torch.device("cpu")
    if isinstance(manifest.recipe, Recipe):
        return load_corpus(folder, manifest, TOKENS, device, fold=view)
    return load_handcrafted(folder, manifest, device, fold=view)
