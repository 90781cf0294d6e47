"""A training on a device that is not the CPU's: steps, checkpoint, and what goes on from it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from corpora.batches.batch import Batch
from corpora.batches.corpus import Corpus, load_corpus
from corpora.store.folders import recipe_folder
from corpora.store.manifest import Manifest
from corpora.text.tokens import TokenSettings
from models.build import build
from models.init import init_weights
from models.task import Task
from orchestrator.training.evaluation import predict
from orchestrator.training.loop import TrainingResult, start_training, take_step, train
from orchestrator.training.objective import OF_LABELS, make_objective
from orchestrator.training.state import TrainingState
from orchestrator.trial.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from orchestrator.trial.snapshots import Snapshots
from reports.ledger.record import Epoch
from tests.orchestrator.factories import small_config
from tests.other_device import OTHER, without_waits

CPU = torch.device("cpu")
CONFIG = small_config(clip_norm=1.0)


@pytest.fixture(autouse=True)
def attention_of_one_kind() -> Iterator[None]:
    """Let both devices attend by the same operations."""
    with sdpa_kernel(SDPBackend.MATH):
        yield


def open_on(device: torch.device, storage: Path, manifest: Manifest) -> Corpus:
    tokens = TokenSettings(weights=None, vocabulary=512, max_tokens=50)
    folder = recipe_folder(storage, manifest.name, manifest.recipe.name)
    return load_corpus(folder, manifest, tokens, device)


def start(corpus: Corpus, device: torch.device) -> TrainingState:
    model = build(CONFIG.model, Task(emotions=("happy", "sad")))
    init_weights(model, 0)
    return start_training(model.to(device), corpus, CONFIG.training, seed=0)


def trained(corpus: Corpus, state: TrainingState, folder: Path) -> TrainingResult:
    """Train to the end; leave the checkpoint of the first epoch."""
    snapshots = Snapshots(corpus.positive_weights.device)

    def keep(epoch: Epoch, state: TrainingState) -> None:
        if epoch.epoch == 0:
            copy = snapshots.take(state.state_dict(), constant=state.best_model.values())
            save_checkpoint(folder, Checkpoint("code", copy, ()))

    return train(state, corpus, CONFIG.training, seed=0, precision="fp32", on_epoch=keep)


def test_steps_do_not_wait_for_the_device(storage: Path, manifest: Manifest) -> None:
    corpus = open_on(OTHER, storage, manifest)
    state, objective = start(corpus, OTHER), make_objective(corpus, CONFIG.training)
    for batch in corpus.splits["train"].in_random_order(8, seed=0, epoch=0):
        with without_waits():
            found = take_step(state, objective, CONFIG.training, batch, size=3, precision="fp32")
        assert found[OF_LABELS].device == OTHER


def test_training_there_is_that_on_the_cpu(storage: Path, manifest: Manifest) -> None:
    results = []
    for device in (CPU, OTHER):
        corpus = open_on(device, storage, manifest)
        results.append(trained(corpus, start(corpus, device), storage))
    here, there = results
    # Some processors have fused kernels for the CPU's tensors, which round otherwise.
    for one, other in zip(here.epochs, there.epochs, strict=True):
        assert other.train_loss == pytest.approx(one.train_loss, rel=1e-5)
        assert other.valid_loss == pytest.approx(one.valid_loss, rel=1e-5)
    for split in ("valid", "test"):
        ours, theirs = (result.predictions[split].probabilities for result in (here, there))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("device", [OTHER, CPU], ids=["there", "on-the-cpu"])
def test_training_goes_on_from_a_checkpoint_of_the_device(
    storage: Path, manifest: Manifest, device: torch.device
) -> None:
    corpus = open_on(OTHER, storage, manifest)
    whole = trained(corpus, start(corpus, OTHER), storage)
    checkpoint = load_checkpoint(storage, CPU)
    assert checkpoint is not None
    corpus = open_on(device, storage, manifest)
    state = start(corpus, device)
    state.load_state_dict(checkpoint.training)
    assert len(state.epochs) == 1
    assert trained(corpus, state, storage).epochs == whole.epochs


class Limited(nn.Module):
    """A model that runs out of the device's memory with more utterances than some."""

    def __init__(self, model: nn.Module, most: int) -> None:
        super().__init__()
        self.model, self.most, self.tried = model, most, list[int]()

    def forward(self, batch: Batch) -> torch.Tensor:
        self.tried.append(len(batch.labels))
        if len(batch.labels) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        logits: torch.Tensor = self.model(batch)
        return logits


@pytest.mark.slow
def test_device_that_runs_out_of_memory_predicts_fewer_at_once(
    storage: Path, manifest: Manifest
) -> None:
    corpus = open_on(OTHER, storage, manifest)
    model, split = Limited(start(corpus, OTHER).model, most=3), corpus.splits["valid"]
    objective = make_objective(corpus, CONFIG.training)
    found, loss = predict(model, split, objective, 64, "fp32")
    assert model.tried == [12, 12, 12, 8, 4, 2, 2, 2, 2, 2, 2]
    whole, whole_loss = predict(model.model, split, objective, 12, "fp32")
    assert loss == pytest.approx(whole_loss, abs=1e-6)
    np.testing.assert_allclose(found.probabilities, whole.probabilities, atol=1e-6)


def test_cpu_that_runs_out_of_memory_says_so(storage: Path, manifest: Manifest) -> None:
    corpus = open_on(CPU, storage, manifest)
    model = Limited(start(corpus, CPU).model, most=3)
    with pytest.raises(torch.OutOfMemoryError):
        predict(model, corpus.splits["valid"], make_objective(corpus, CONFIG.training), 64, "fp32")
    assert model.tried == [12]
