import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.optim import SGD, Adam, AdamW, Optimizer

from corpora.batches.batch import Batch
from corpora.batches.corpus import AnySplit, Corpus, load_corpus
from corpora.source.split import Split
from corpora.store.folders import recipe_folder
from corpora.store.manifest import Manifest
from corpora.text.tokens import TokenSettings
from models.build import build
from models.configs.late_fusion import LfLstmConfig
from models.init import init_weights
from models.task import Outputs, Task
from orchestrator.errors import SelectionError
from orchestrator.training.evaluation import BatchSizes, batch_sizes, predict
from orchestrator.training.loop import TrainingResult, start_training, train
from orchestrator.training.schedule import SCHEDULES
from orchestrator.training.state import TrainingState
from reports.ledger.record import Epoch, Predictions
from reports.scores.metrics import mean_scores
from search_spaces.change import apply_change
from search_spaces.training import TrainingConfig
from search_spaces.trial import TrialConfig
from tests.cuda_driver import pretended_gpus
from tests.orchestrator.factories import small_config

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


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


def test_last_epoch_is_chosen_if_wanted(corpus: Corpus) -> None:
    state, config = start(corpus, max_epochs=5, selection="last")
    trained = train(
        state, corpus, config, seed=0, precision="fp32", on_epoch=lambda epoch, state: None
    )
    assert trained.best_epoch == 4


@pytest.mark.parametrize("metric", ["f1", "wacc", "acc"])
def test_epoch_is_chosen_by_its_metric_on_validation(corpus: Corpus, metric: str) -> None:
    fixed = {} if metric == "f1" else {"thresholds": "fixed"}
    state, config = start(corpus, max_epochs=5, selection=f"best_valid_{metric}", **fixed)
    trained = train(
        state, corpus, config, seed=0, precision="fp32", on_epoch=lambda epoch, state: None
    )
    scores = [epoch.valid[metric] for epoch in trained.epochs]
    assert len(scores) == 5
    assert trained.best_epoch == scores.index(max(scores))
    if metric == "wacc":  # the published code: mean balanced accuracy at .5
        valid = trained.predictions["valid"]
        called = valid.probabilities > np.float32(0.5)
        emotions = zip(valid.labels.T, called.T, strict=True)
        expected = np.mean([balanced_accuracy_score(*emotion) for emotion in emotions])
        assert max(scores) == pytest.approx(expected)


def test_metric_that_is_undefined_on_validation_chooses_no_epoch(corpus: Corpus) -> None:
    corpus.splits["valid"].labels[:] = 1
    state, config = start(corpus, max_epochs=2, selection="best_valid_wacc")
    with pytest.raises(SelectionError, match=r"wacc is undefined on validation, .*'best_valid_f1'"):
        train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)


def test_epoch_of_the_lowest_loss_is_chosen_if_wanted(corpus: Corpus) -> None:
    state, config = start(corpus, max_epochs=5, learning_rate=0.01, selection="best_valid_loss")
    trained = train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)
    losses = [epoch.valid_loss for epoch in trained.epochs]
    assert trained.best_epoch == losses.index(min(losses))


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, Adam),
        ({"optimizer": "adamw", "weight_decay": 0.1}, AdamW),
        ({"optimizer": "sgd", "momentum": 0.9}, SGD),
    ],
)
def test_optimiser_is_that_of_the_config(
    corpus: Corpus, settings: dict[str, object], kind: type[Optimizer]
) -> None:
    state, config = start(corpus, max_epochs=2, learning_rate=0.01, **settings)
    assert type(state.optimizer) is kind
    assert state.optimizer.param_groups[0]["weight_decay"] == config.weight_decay
    assert state.optimizer.param_groups[0].get("momentum", 0.0) == config.momentum
    trained = train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)
    assert trained.epochs[1].train_loss != trained.epochs[0].train_loss


def test_loss_that_the_model_returns_is_weighed_and_recorded(corpus: Corpus) -> None:
    class WithPenalty(nn.Module):
        def __init__(self, model: nn.Module) -> None:
            super().__init__()
            self.model = model
            self.scale = nn.Parameter(torch.tensor(1.0))

        def forward(self, batch: Batch) -> Outputs:
            return Outputs(self.model(batch), losses={"penalty": self.scale.square()})

    learnt = {}
    for weight in (0.0, 10.0):
        config = small_config(
            max_epochs=2, auxiliary_losses={"penalty": weight}, schedule="constant"
        ).training
        model = WithPenalty(build(small_config().model, Task(emotions=("happy", "sad"))))
        init_weights(model.model, 0)
        state = start_training(model, corpus, config, seed=0)
        trained = train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)
        learnt[weight] = [epoch.auxiliary_losses["penalty"] for epoch in trained.epochs]
        assert 0 < trained.epochs[0].train_loss < 5  # the penalty is no part of it
    assert learnt[0.0] == [1.0, 1.0]
    assert learnt[10.0][1] < learnt[10.0][0] < 1.0


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
        state.schedule.epoch_done(valid_loss)
        found.append(state.optimizer.param_groups[0]["lr"])
    assert found == pytest.approx([1.0] * 7 + [0.1] * 2)


def train_until_it_diverges(corpus: Corpus, **training: object) -> TrainingResult:
    """Train three epochs, then take a step that is too large for any model."""
    state, config = start(corpus, max_epochs=20, schedule="constant", warmup=0.0, **training)

    def raise_the_rate(epoch: Epoch, state: TrainingState) -> None:
        for group in state.optimizer.param_groups if epoch.epoch == 2 else ():
            group["lr"] = 1e30

    return train(state, corpus, config, seed=0, precision="fp32", on_epoch=raise_the_rate)


def test_training_that_diverges_ends_there_and_predicts_with_the_best_epoch_before(
    corpus: Corpus,
) -> None:
    trained = train_until_it_diverges(corpus)
    assert trained.diverged_at_epoch == len(trained.epochs) == 3
    scores = [epoch.valid["f1"] for epoch in trained.epochs]
    assert trained.best_epoch == scores.index(max(scores))
    valid = trained.predictions["valid"]
    reached = mean_scores(valid.labels, valid.probabilities, np.array(trained.thresholds))
    assert reached["f1"] == max(scores)


@pytest.mark.parametrize(
    "settings",
    [{"learning_rate": 1e30}, {"selection": "last"}],
)
def test_training_that_diverges_without_a_model_predicts_no_emotion(
    corpus: Corpus, settings: dict[str, object]
) -> None:
    trained = train_until_it_diverges(corpus, **settings)
    assert trained.diverged_at_epoch == len(trained.epochs)
    assert trained.best_epoch == -1
    assert trained.thresholds == (0.5, 0.5)
    for split in ("valid", "test"):
        predictions = trained.predictions[split]
        assert predictions.ids.tolist() == corpus.splits[split].ids
        assert predictions.probabilities.shape == predictions.labels.shape
        assert not predictions.probabilities.any()


@pytest.mark.parametrize("split", ["valid", "test"])
def test_model_that_gives_no_numbers_in_the_end_predicts_no_emotion(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, split: Split
) -> None:
    state, config = start(corpus, max_epochs=2)

    def overflow_at_last(model: nn.Module, of: AnySplit, *rest: Any) -> tuple[Predictions, float]:
        predictions, loss = predict(model, of, *rest)
        is_last = len(state.epochs) == 2 and of is corpus.splits[split]
        return predictions, math.inf if is_last else loss

    monkeypatch.setattr("orchestrator.training.loop.predict", overflow_at_last)
    trained = train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)
    assert (len(trained.epochs), trained.best_epoch, trained.diverged_at_epoch) == (2, -1, 2)
    assert not any(trained.predictions[name].probabilities.any() for name in ("valid", "test"))


def test_training_that_diverged_does_not_go_on_from_its_state(corpus: Corpus) -> None:
    state, config = start(corpus, learning_rate=1e30, warmup=0.0)
    first = train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)
    assert first.diverged_at_epoch == 0
    other, _ = start(corpus, learning_rate=1e30, warmup=0.0)
    other.load_state_dict(state.state_dict())
    again = train(other, corpus, config, seed=0, precision="fp32", on_epoch=fail_on_epoch)
    assert (again.epochs, again.diverged_at_epoch) == (first.epochs, first.diverged_at_epoch)


@pytest.mark.parametrize("is_best", [True, False])
def test_state_holds_the_best_model_once_where_it_is_the_last(
    corpus: Corpus, is_best: bool
) -> None:
    state, config = start(corpus, max_epochs=3, selection="last")
    states: list[dict[str, Any]] = []

    def look(_: Epoch, state: TrainingState) -> None:
        if not is_best:
            state.best_epoch = 0
            state.best_model = {name: value + 1 for name, value in state.best_model.items()}
        states.append(state.state_dict())

    train(state, corpus, config, seed=0, precision="fp32", on_epoch=look)
    assert [one["best_model"] is None for one in states] == [True, is_best, is_best]
    other, _ = start(corpus, max_epochs=3)
    other.load_state_dict(states[-1])
    assert other.best_epoch == state.best_epoch
    for name, value in other.model.state_dict().items():
        assert other.best_model[name].equal(value if is_best else state.best_model[name])
        assert other.best_model[name].data_ptr() != value.data_ptr()


def fail_on_epoch(epoch: Epoch, state: TrainingState) -> None:
    raise AssertionError(f"epoch {epoch.epoch} was trained")


class InFloat64(nn.Module):
    """A model that computes in float64, where sums in another order differ in no digit shown."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model.double()

    def forward(self, batch: Batch) -> torch.Tensor:
        return self.model(replace(batch, faces=batch.faces.double(), mels=batch.mels.double()))


def sizes_of(micro_batch_size: int | None, config: TrainingConfig) -> BatchSizes | None:
    return None if micro_batch_size is None else BatchSizes(micro_batch_size, config.batch_size)


def gradients_of(
    corpus: Corpus, micro_batch_size: int | None, **training: object
) -> tuple[list[torch.Tensor], TrainingResult]:
    """Train a single step, of all 12 utterances, without dropout and batch norm."""
    changes = {"model.audio.batch_norm": False, "model.vision.batch_norm": False}
    whole = apply_change(small_config(max_epochs=1, batch_size=12, **training), changes)
    config = whole.training
    model = build(whole.model, Task(emotions=("happy", "sad")))
    init_weights(model, 0)
    state = start_training(InFloat64(model), corpus, config, seed=0)
    trained = train(
        state,
        corpus,
        config,
        seed=0,
        precision="fp32",
        on_epoch=lambda *_: None,
        sizes=sizes_of(micro_batch_size, config),
    )
    return [p.grad for p in state.model.parameters() if p.grad is not None], trained


@pytest.mark.parametrize(("micro_batch_size", "clip_norm"), [(1, None), (5, 0.01)])
def test_step_of_micro_batches_is_that_of_the_whole_batch(
    corpus: Corpus, micro_batch_size: int, clip_norm: float | None
) -> None:
    whole, once = gradients_of(corpus, None, clip_norm=clip_norm)
    split, parts = gradients_of(corpus, micro_batch_size, clip_norm=clip_norm)
    assert max(gradient.abs().max() for gradient in whole) > 1e-3
    for one, other in zip(split, whole, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-7)
    # logits, and so losses, are float32
    assert parts.epochs[0].train_loss == pytest.approx(once.epochs[0].train_loss, abs=1e-6)


@pytest.mark.parametrize("micro_batch_size", [8, 100])
def test_micro_batches_that_split_nothing_change_no_bit(
    corpus: Corpus, micro_batch_size: int
) -> None:
    results = []
    for size in (None, micro_batch_size):
        state, config = start(corpus, max_epochs=2, batch_size=8)
        results.append(
            train(
                state,
                corpus,
                config,
                seed=0,
                precision="fp32",
                on_epoch=lambda *_: None,
                sizes=sizes_of(size, config),
            )
        )
    assert results[0].epochs == results[1].epochs
    for split, predictions in results[0].predictions.items():
        np.testing.assert_array_equal(
            predictions.probabilities, results[1].predictions[split].probabilities
        )


class Elsewhere(nn.Module):
    """A model on a GPU that is none: it has a device, and no values."""

    def __init__(self, gpu: torch.device) -> None:
        super().__init__()
        with FakeTensorMode():
            self.weight = nn.Parameter(torch.empty(1, device=gpu))

    def state_dict(self, *_: Any, **__: Any) -> Any:
        return {}

    def load_state_dict(self, *_: Any, **__: Any) -> Any:
        pass


def state_on(gpu: torch.device) -> TrainingState:
    model = Elsewhere(gpu)
    optimizer = torch.optim.Adam(model.parameters())
    config = small_config(max_epochs=1).training
    return TrainingState(model, optimizer, SCHEDULES[config.schedule](optimizer, config, 1))


def randoms_of_gpus() -> list[list[int]]:
    return [generator.get_state().tolist() for generator in torch.cuda.default_generators]


def test_random_state_is_that_of_the_gpu_that_a_trial_trains_on() -> None:
    """A checkpoint of a machine with two GPUs goes on where only one is visible."""
    with pretended_gpus(2):
        torch.cuda.init()
        vars(torch.cuda)["default_generators"][1].manual_seed(7)
        kept = state_on(torch.device("cuda", 1)).state_dict()
        expected = randoms_of_gpus()[1]
    with pretended_gpus(1):
        torch.cuda.init()
        assert randoms_of_gpus() != [expected]
        state_on(torch.device("cuda", 0)).load_state_dict(kept)
        assert randoms_of_gpus() == [expected]


def test_random_state_of_a_gpu_is_left_out_on_a_cpu(corpus: Corpus) -> None:
    state, _ = start(corpus)
    kept = state.state_dict()
    assert kept["random_cuda"] == []
    state.load_state_dict(kept | {"random_cuda": [torch.Generator().get_state()] * 2})


@pytest.mark.parametrize(
    ("batch_size", "micro_batch_size", "evaluated"),
    [(8, 8, 64), (8, 4, 32), (8, 1, 8), (2, 2, 64), (24, 24, 72), (64, 64, 64), (128, 16, 16)],
)
def test_many_utterances_are_predicted_at_once_on_a_gpu(
    batch_size: int, micro_batch_size: int, evaluated: int
) -> None:
    config = small_config(batch_size=batch_size)
    assert batch_sizes(config, micro_batch_size, GPU) == (micro_batch_size, evaluated)
    assert batch_sizes(config, micro_batch_size, CPU) == (micro_batch_size, micro_batch_size)


def test_batches_stay_as_they_are_where_neighbours_matter() -> None:
    model = LfLstmConfig(compat_dai_padding=True)
    config = TrialConfig(model=model, training=TrainingConfig(batch_size=8))
    assert batch_sizes(config, 8, GPU) == (8, 8)
