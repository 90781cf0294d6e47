"""Between two epochs' ends the program never waits for the device."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from corpora.batches import corpus as batches
from corpora.batches.corpus import Corpus, CorpusSplit, load_corpus, load_handcrafted
from corpora.recipes.handcrafted import HANDCRAFTED
from corpora.store.folders import recipe_folder
from corpora.store.prepared import read_manifest
from orchestrator.trial.open_corpus import token_settings
from search_spaces.trial import Trial
from tests.cuda_driver import pretended_gpus
from tests.gpu.devices import every_system_on_each_device
from tests.gpu.trials import make_trial, train

NUM_STEPS = 3
"""Of 12 utterances in batches of 4; those of the first epoch load kernels and are not watched."""


def treat_waits(mode: str, device: torch.device) -> None:
    """Say what becomes of a wait for a GPU; nobody waits for a CPU."""
    if device.type == "cuda":
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Synchronization debug mode is a prototype")
            torch.cuda.set_sync_debug_mode(mode)


def test_mode_can_be_set_though_pytorch_warns_of_it() -> None:
    device = torch.device("cuda", 0)
    with pretended_gpus():
        treat_waits("error", device)
        assert torch.cuda.get_sync_debug_mode() == 2
        treat_waits("default", device)
        assert torch.cuda.get_sync_debug_mode() == 0


class WatchedTraining(CorpusSplit[Any]):
    """A training split; from its second epoch on no step may wait, nor what makes the batches."""

    def __init__(self, whole: CorpusSplit[Any], device: torch.device) -> None:
        vars(self).update(vars(whole))
        self.num_watched = 0
        self._watched_on = device

    def in_random_order(
        self, batch_size: int, *, seed: int, epoch: int, weights: Tensor | None = None
    ) -> Iterator[Any]:
        if epoch:
            treat_waits("error", self._watched_on)
        for batch in super().in_random_order(batch_size, seed=seed, epoch=epoch, weights=weights):
            self.num_watched += epoch
            yield batch
        treat_waits("default", self._watched_on)


def open_mapped(trial: Trial, corpora: Path, device: torch.device) -> Corpus[Any]:
    """Open a corpus that stays in its files."""
    reference = trial.corpus
    manifest = read_manifest(corpora, reference.name, reference.recipe)
    folder = recipe_folder(corpora, reference.name, reference.recipe)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "MAX_SHARE_OF_MEMORY", 0.0)
        if reference.recipe == HANDCRAFTED:
            return load_handcrafted(folder, manifest, device)
        return load_corpus(folder, manifest, token_settings(trial.config.model), device)


@every_system_on_each_device
@pytest.mark.parametrize("is_resident", [False, True], ids=["mapped", "resident"])
def test_no_step_waits(
    system: str, is_resident: bool, device: torch.device, corpora: Path, tmp_path: Path
) -> None:
    trial = make_trial(system, corpora, training__batch_size=4)
    corpus = open_mapped(trial, corpora, device)
    if is_resident:
        for split in corpus.splits.values():
            split.move_to_device()
    watched = WatchedTraining(corpus.splits["train"], device)
    corpus = replace(corpus, splits={**corpus.splits, "train": watched})
    try:
        train(trial, corpora, tmp_path, device, open_corpus=lambda: corpus)
    finally:
        treat_waits("default", device)
    assert watched.num_watched == NUM_STEPS
