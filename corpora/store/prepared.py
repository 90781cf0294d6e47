"""A prepared corpus on disk: one Arrow IPC file for each split, and the manifest.

The folder `<storage>/corpora/<name>/<recipe>/` holds train.arrow, valid.arrow, test.arrow and
manifest.json. Beside the recipes' folders lies detections.arrow, the faces found in every frame.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from corpora.errors import did_you_mean
from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed
from corpora.recipes.columns import (
    FACES,
    FOUND,
    GROUP,
    LABELS,
    MELS,
    NUM_CHUNKS,
    NUM_FACES,
    SECONDS,
    SPEAKER,
    TEXT,
    UTTERANCE,
    count_column,
    features_column,
)
from corpora.recipes.handcrafted import MODALITIES
from corpora.recipes.pictures import Recipe
from corpora.recipes.union import AnyRecipe
from corpora.source.errors import CorpusError, DamagedCorpusError
from corpora.source.names import SYNTHETIC
from corpora.source.task import TaskKind
from corpora.store.folders import MANIFEST_FILE, prepared_names, prepared_recipes, recipe_folder
from corpora.store.manifest import PREPARED_SCHEMA, Manifest

_UTTERANCE = {
    UTTERANCE: pa.string(),
    GROUP: pa.string(),
    SPEAKER: pa.string(),
    SECONDS: pa.float32(),
    TEXT: pa.string(),
}

LABEL_TYPES: Mapping[TaskKind, pa.DataType] = {
    "multilabel": pa.list_(pa.int8()),
    "multiclass": pa.list_(pa.int8()),
    "regression": pa.list_(pa.float32()),
}
"""How the labels of an utterance are stored."""


def schema_of(recipe: AnyRecipe, task: TaskKind) -> pa.Schema:
    """Return the columns of a split's file; the task decides the type of the labels.

    Hand-crafted features of a modality are `num_*` rows in one flat list. Of pictures, with N
    windows and C candidates each, `faces` holds N x C crops, as pixels 3 x face_px x face_px
    (RGB) in one flat list or as one JPEG each, and `found` says which show a face; `mels` holds
    `num_chunks` spectrograms in one flat list.
    """
    utterance = _UTTERANCE | {LABELS: LABEL_TYPES[task]}
    if not isinstance(recipe, Recipe):
        features = {
            name: kind
            for modality in MODALITIES
            for name, kind in (
                (count_column(modality), pa.int32()),
                (features_column(modality), pa.large_list(pa.float32())),
            )
        }
        return pa.schema(utterance | features)
    crops = pa.list_(pa.binary()) if recipe.storage == "jpeg" else pa.large_list(pa.uint8())
    return pa.schema(
        {
            **utterance,
            NUM_FACES: pa.int32(),
            FOUND: pa.list_(pa.bool_()),
            FACES: crops,
            NUM_CHUNKS: pa.int32(),
            MELS: pa.large_list(pa.float32()),
        }
    )


def read_manifest(storage: Path, name: str, recipe: str) -> Manifest:
    """Read the manifest of a prepared corpus.

    Raises:
        CorpusError: If the recipe has not prepared it.
        DamagedCorpusError: If the manifest is damaged, of another corpus or of another version.
    """
    path = recipe_folder(storage, name, recipe) / MANIFEST_FILE
    try:
        manifest = parse_sealed(path.read_bytes(), Manifest)
        if (manifest.name, manifest.recipe.name) != (name, recipe):
            raise ParseError(
                f"it is that of corpus '{manifest.name}', recipe '{manifest.recipe.name}'"
            )
        if fault := manifest.fault():
            raise ParseError(fault)
    except FileNotFoundError as error:
        known = prepared_recipes(storage, name)
        if known:
            raise CorpusError(
                f"corpus '{name}' is prepared by the recipe {', '.join(known)}, not '{recipe}': "
                f"run `mmer-sweep prepare` with --recipe {recipe}"
            ) from error
        choices = sorted({SYNTHETIC, *prepared_names(storage)})
        raise CorpusError(
            f"corpus '{name}' is not prepared in '{storage}'; {did_you_mean(name, choices)}choose "
            f"from {', '.join(choices)}, or run `mmer-sweep prepare`"
        ) from error
    except ParseError as error:
        raise DamagedCorpusError(
            f"manifest '{path}' is damaged, or of another version: {error}; prepare the corpus "
            "again"
        ) from error
    if manifest.schema_version != PREPARED_SCHEMA:
        raise DamagedCorpusError(
            f"corpus '{name}' was prepared in format {manifest.schema_version}, but this version "
            f"reads format {PREPARED_SCHEMA}: prepare it again"
        )
    return manifest
