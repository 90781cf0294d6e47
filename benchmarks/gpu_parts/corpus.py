"""The small synthetic corpus for the parts that train: drawn clips, prepared once."""

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gpu_parts.figure import Figure, Setting
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, RECIPES, Recipe
from corpora.store.prepared import read_manifest
from corpora.synthetic.corpus import SyntheticConfig, write_synthetic
from search_spaces.trial import CorpusRef, Trial, TrialConfig

NAME = "drawn"
NUM_UTTERANCES, FEW_UTTERANCES = 120, 24


def measure(setting: Setting) -> Iterator[Figure]:
    """Draw the clips and prepare them; the only figure is their number."""
    num_utterances = NUM_UTTERANCES if setting.on_gpu else FEW_UTTERANCES
    config = SyntheticConfig(num_utterances=num_utterances)
    write_synthetic(clips_folder(setting), config, num_workers=os.cpu_count() or 1)
    source = read_clips(clips_folder(setting))
    prepare(source, recipes_of(setting), name=NAME, storage=setting.storage)
    yield Figure("synthetic utterances", len(source.utterances), "")


def recipes_of(setting: Setting) -> tuple[Recipe, ...]:
    """Return the recipes that are prepared."""
    return tuple(RECIPES.values()) if setting.on_gpu else (LE,)


def clips_folder(setting: Setting) -> Path:
    """Return the folder of the clips."""
    return setting.storage / "clips"


def trial_on(setting: Setting, config: TrialConfig, *, seed: int = 0) -> Trial:
    """Make a trial on the corpus."""
    manifest = read_manifest(setting.storage, NAME, config.model.recipe)
    reference = CorpusRef(name=NAME, recipe=config.model.recipe, fingerprint=manifest.fingerprint)
    return Trial(config=config, corpus=reference, seed=seed)
