"""Which frozen prefix a trial has, what names its maps, and whether storing them saves anything."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from math import prod
from typing import Any

import torch
from pydantic import JsonValue

from corpora.batches.batch import Batch
from corpora.batches.corpus import AnyCorpus, Corpus
from corpora.batches.gatherers import PictureGatherer
from corpora.batches.map_column import bytes_per_map
from corpora.recipes.pictures import Recipe
from corpora.source.code import digest_of_code
from corpora.source.split import Split
from models.builders.prefix import build_prefix
from models.configs.base import Modality
from models.encoders.conv_group import ConvEncoder
from orchestrator.prefixes.arithmetic import Arithmetic, device_name
from orchestrator.training.precision import autocast
from search_spaces.identity import canonical_json
from search_spaces.trial import KEY_DIGITS, Trial

MODALITY: Modality = "vision"
"""The only one whose maps are stored: the map of a chunk of sound is eight times as large as it."""

DEVICES = ("cpu",)
"""The kinds of devices that are slower than the reading of maps: a GPU computes them about as fast
as a disk reads them. That was not measured."""

CODE = ("models.builders.prefix", "orchestrator.prefixes.make")
COUNTED = ("models.", "corpora.batches.", "orchestrator.prefixes.")
"""The modules that, with what they import of these packages, decide the maps of a picture."""

NOT_OF_THE_PREFIX = {"weights", "frozen", "sem_after"}
"""Fields of an encoder that are named by other means, or act after the prefix."""


@dataclass(frozen=True)
class Prefix:
    """The frozen prefix of a trial on its corpus.

    Attributes:
        identity: What decides its maps.
        encoder: Makes them, on the device of `arithmetic`.
        shape: Of the map of one picture, (C, H, W).
        candidates: Which candidates of each step have a map, by split.
    """

    identity: dict[str, JsonValue]
    encoder: ConvEncoder
    arithmetic: Arithmetic
    corpus: Corpus[Batch]
    gatherers: dict[Split, PictureGatherer]
    shape: tuple[int, ...]
    dtype: torch.dtype
    candidates: dict[Split, tuple[int, ...]]

    @property
    def key(self) -> str:
        """The name of its maps."""
        return hashlib.sha256(canonical_json(self.identity).encode()).hexdigest()[:KEY_DIGITS]

    @property
    def num_maps(self) -> int:
        """How many pictures of all splits have a map."""
        return sum(self._counts.values())

    @property
    def files(self) -> dict[str, int]:
        """The files of its maps, and how many bytes each takes."""
        size = bytes_per_map(self.shape, self.dtype)
        return {file_of(split): size * num for split, num in self._counts.items()}

    @property
    def _counts(self) -> dict[Split, int]:
        return {
            split: len(self.candidates[split]) * int(gatherer.lengths["faces"].sum())
            for split, gatherer in self.gatherers.items()
        }


def file_of(split: Split) -> str:
    """Name the file of a split's maps."""
    return f"{split}.maps"


def prefix_of(trial: Trial, corpus: AnyCorpus, arithmetic: Arithmetic) -> Prefix | None:
    """Return the frozen prefix of a trial; None if it has none whose maps are worth storing.

    They are on a CPU, if they have fewer numbers than the pictures, and if no folds deal the
    utterances to other splits than the files of maps have.

    Raises:
        WeightsError: If the checkpoint of the encoder is not available.
    """
    groups = trial.config.model.frozen_prefixes.get(MODALITY, ())
    recipe = corpus.manifest.recipe
    if trial.corpus.fold is not None:
        return None
    if not groups or not isinstance(recipe, Recipe) or arithmetic.device.type not in DEVICES:
        return None
    encoder = build_prefix(trial.config.model, MODALITY).to(arithmetic.device)
    picture = torch.zeros(1, 3, recipe.face_px, recipe.face_px, device=arithmetic.device)
    with torch.inference_mode(), autocast(arithmetic.device, arithmetic.precision):
        example = encoder.maps(picture)
    if prod(example.shape) >= prod(picture.shape):
        return None
    plain: Any = corpus
    gatherers = {split: part.gatherer for split, part in plain.splits.items()}
    num_candidates = len(recipe.candidates)
    middle = (num_candidates // 2,)
    return Prefix(
        identity=_identity(trial, corpus, arithmetic, groups),
        encoder=encoder,
        arithmetic=arithmetic,
        corpus=plain,
        gatherers=gatherers,
        shape=tuple(example.shape[1:]),
        dtype=example.dtype,
        candidates={
            split: tuple(range(num_candidates)) if split == "train" else middle
            for split in gatherers
        },
    )


def _identity(
    trial: Trial, corpus: AnyCorpus, arithmetic: Arithmetic, groups: tuple[str, ...]
) -> dict[str, JsonValue]:
    encoder = trial.config.model.encoders[MODALITY]
    return {
        "modality": MODALITY,
        "groups": list(groups),
        "architecture": encoder.model_dump(mode="json", exclude=NOT_OF_THE_PREFIX),
        "weights": {
            name: sha256
            for name, sha256 in trial.weights.items()
            if name.startswith(f"{MODALITY}/")
        },
        "corpus": corpus.manifest.fingerprint,
        "splits": {str(split): digest for split, digest in corpus.manifest.sha256.items()},
        "code": digest_of_code(CODE, lambda name: name.startswith(COUNTED)),
        "device": device_name(arithmetic.device),
        "precision": arithmetic.precision,
        "num_threads": arithmetic.num_threads,
        "is_deterministic": arithmetic.is_deterministic,
        "libraries": {library: version(library) for library in ("pillow", "torch")},
    }
