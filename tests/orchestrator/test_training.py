from pathlib import Path

import numpy as np
import pytest
import torch

from corpora.batches import Corpus, load_corpus
from corpora.manifest import Manifest
from corpora.prepared import recipe_folder
from corpora.tokens import TokenSettings
from models.build import build
from models.init import init_weights
from models.task import Task
from orchestrator.training import TrainingState, start_training, train
from search_spaces.trial import TrainingConfig
from tests.orchestrator.factories import small_config


@pytest.fixture
def corpus(storage: Path, manifest: Manifest) -> Corpus:
    tokens = TokenSettings(weights=None, vocabulary=512, max_tokens=50)
    folder = recipe_folder(storage, manifest.name, manifest.recipe.name)
    return load_corpus(folder, manifest, tokens, torch.device("cpu"))


def start(corpus: Corpus, **training: object) -> tuple[TrainingState, TrainingConfig]:
    config = small_config(**training)
    model = build(config.model, Task(emotions=("happy", "sad")))
    init_weights(model, 0)
    return start_training(model, corpus, config.training, seed=0), config.training


def rates(corpus: Corpus, num_steps: int, **training: object) -> list[float]:
    state, _ = start(corpus, **training)
    found = []
    for _ in range(num_steps):
        found.append(state.optimizer.param_groups[0]["lr"])
        state.optimizer.step()
        state.schedule.after_step()
    return found


def test_rate_falls_along_a_cosine_over_all_steps(corpus: Corpus) -> None:
    # 12 utterances in batches of 4 are 3 steps an epoch
    found = rates(corpus, 7, max_epochs=2, batch_size=4, learning_rate=1.0, warmup=0.0)
    expected = 0.5 * (1 + np.cos(np.pi * np.arange(7) / 6))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_rate_rises_over_the_warmup(corpus: Corpus) -> None:
    found = rates(corpus, 10, max_epochs=10, batch_size=12, learning_rate=1.0, warmup=0.4)
    assert found[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert sorted(found[4:], reverse=True) == found[4:]


def test_constant_rate_stays(corpus: Corpus) -> None:
    assert set(rates(corpus, 5, schedule="constant", learning_rate=0.5, warmup=0.0)) == {0.5}


@pytest.mark.parametrize("selection", ["best_valid_f1", "last"])
def test_epoch_is_chosen_on_validation(corpus: Corpus, selection: str) -> None:
    state, config = start(corpus, max_epochs=5, selection=selection)
    trained = train(
        state, corpus, config, seed=0, precision="fp32", on_epoch=lambda epoch, state: None
    )
    scores = [epoch.valid["f1"] for epoch in trained.epochs]
    assert len(scores) == 5
    assert trained.best_epoch == (4 if selection == "last" else scores.index(max(scores)))


def test_fixed_thresholds_are_a_half(corpus: Corpus) -> None:
    state, config = start(corpus, max_epochs=1, thresholds="fixed")
    trained = train(
        state, corpus, config, seed=0, precision="fp32", on_epoch=lambda epoch, state: None
    )
    assert trained.thresholds == (0.5, 0.5)


def test_training_lowers_the_loss_in_either_precision(corpus: Corpus) -> None:
    for precision in ("fp32", "bf16"):
        state, config = start(corpus, max_epochs=8)
        trained = train(
            state, corpus, config, seed=0, precision=precision, on_epoch=lambda epoch, state: None
        )
        assert trained.epochs[-1].train_loss < trained.epochs[0].train_loss


def test_gradient_norm_is_clipped(corpus: Corpus) -> None:
    state, config = start(corpus, max_epochs=1, clip_norm=1e-3)
    train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda epoch, state: None)
    gradients = [p.grad.norm() for p in state.model.parameters() if p.grad is not None]
    assert torch.stack(gradients).norm() <= 1.01e-3


def scores_of(corpus: Corpus, **training: object) -> list[float]:
    state, config = start(corpus, **training)
    trained = train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)
    return [epoch.valid["f1"] for epoch in trained.epochs]


def test_training_stops_when_its_patience_is_at_an_end(corpus: Corpus) -> None:
    scores = scores_of(corpus, max_epochs=30, patience=2, learning_rate=1e-6, warmup=0.0)
    assert len(scores) < 30
    best = scores.index(max(scores))
    assert len(scores) - 1 - best == 2


def test_patience_changes_nothing_before_its_end(corpus: Corpus) -> None:
    long = scores_of(corpus, max_epochs=6, schedule="constant", warmup=0.0)
    short = scores_of(corpus, max_epochs=6, schedule="constant", warmup=0.0, patience=1)
    assert long[: len(short)] == short


def test_interrupted_training_does_not_go_on_after_its_patience(corpus: Corpus) -> None:
    settings = {"max_epochs": 30, "patience": 2, "learning_rate": 1e-6, "warmup": 0.0}
    state, config = start(corpus, **settings)
    train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)
    done = len(state.epochs)
    again = train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)
    assert len(again.epochs) == done


def test_rate_falls_to_a_tenth_on_a_plateau(corpus: Corpus) -> None:
    state, _ = start(corpus, schedule="plateau", learning_rate=1.0, warmup=0.0)
    found = []
    for valid_loss in [2.0, 1.0, *[1.5] * 7]:
        state.optimizer.step()
        state.schedule.after_step()
        state.schedule.after_epoch(valid_loss)
        found.append(state.optimizer.param_groups[0]["lr"])
    assert found == pytest.approx([1.0] * 7 + [0.1] * 2)
