from functools import partial

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torchvision.ops import sigmoid_focal_loss

from models.task import Outputs
from orchestrator.errors import LossError
from orchestrator.training.objective import (
    Objective,
    class_weights,
    loss_function,
    weigh,
)
from search_spaces.training import TrainingConfig

LOGITS = torch.randn(12, 3, generator=torch.Generator().manual_seed(0)) * 3
MANY = (LOGITS.flip(0) > 0).float()
ONE = torch.nn.functional.one_hot(LOGITS.flip(0).argmax(1), 3).float()
NUMBERS = LOGITS.flip(0)


def test_focal_loss_of_labels_is_that_of_torchvision() -> None:
    focal = loss_function("multilabel", "focal", None, gamma=2.0)
    expected = sigmoid_focal_loss(LOGITS, MANY, alpha=-1, gamma=2.0, reduction="mean")
    torch.testing.assert_close(focal(LOGITS, MANY), expected)


def test_focal_loss_without_an_exponent_would_be_cross_entropy() -> None:
    weights = torch.tensor([1.0, 2.0, 3.0])
    labels = loss_function("multilabel", "focal", weights, gamma=0.0)(LOGITS, MANY)
    plain = binary_cross_entropy_with_logits(LOGITS, MANY, pos_weight=weights)
    torch.testing.assert_close(labels, plain)
    classes = loss_function("multiclass", "focal", weights, gamma=0.0)(LOGITS, ONE)
    each = cross_entropy(LOGITS, ONE.argmax(1), weight=weights, reduction="none")
    torch.testing.assert_close(classes, each.mean())


def test_focal_loss_of_classes_weighs_by_what_is_missing() -> None:
    focal = loss_function("multiclass", "focal", None, gamma=2.0)
    found = LOGITS.softmax(1)[ONE.bool()]
    torch.testing.assert_close(focal(LOGITS, ONE), ((1 - found) ** 2 * -found.log()).mean())


@pytest.mark.parametrize("gamma", [1.0, 1.5, 2.0])
@pytest.mark.parametrize(("task", "labels"), [("multilabel", MANY), ("multiclass", ONE)])
def test_focal_loss_of_what_is_certain_has_a_gradient(task, labels: Tensor, gamma: float) -> None:
    logits = (1000 * (2 * labels - 1)).requires_grad_()
    loss_function(task, "focal", None, gamma=gamma)(logits, labels).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_losses_of_numbers_are_means_over_targets() -> None:
    gap = LOGITS - NUMBERS
    absolute = loss_function("regression", "l1", None, gamma=2.0)(LOGITS, NUMBERS)
    torch.testing.assert_close(absolute, gap.abs().mean())
    squared = loss_function("regression", "mse", None, gamma=2.0)(LOGITS, NUMBERS)
    torch.testing.assert_close(squared, gap.square().mean())


def test_classes_weigh_alike_in_total() -> None:
    labels = torch.tensor([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0]]).float()
    weights = class_weights(labels)
    assert (labels @ weights).sum() == pytest.approx(8 / 3)  # the third class has no utterance
    totals = labels.sum(0) * weights
    assert totals[0] == pytest.approx(totals[1].item())
    assert weights.isfinite().all()


@pytest.mark.parametrize(
    ("task", "labels", "expected"),
    [
        ("multilabel", [[1.0, 0.0, 0.0, 0.0]], [[0.95, 0.05, 0.05, 0.05]]),
        ("multiclass", [[1.0, 0.0, 0.0, 0.0]], [[0.925, 0.025, 0.025, 0.025]]),
    ],
)
def test_smoothing_moves_labels_towards_all_values(task, labels, expected) -> None:
    seen = []

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        seen.append(labels)
        return logits.sum()

    objective = Objective(task, loss, partial(torch.softmax, dim=1), smoothing=0.1)
    objective.training_loss(torch.zeros(1, 4), torch.tensor(labels))
    torch.testing.assert_close(seen[0], torch.tensor(expected))
    objective.loss(torch.zeros(1, 4), torch.tensor(labels))
    torch.testing.assert_close(seen[1], torch.tensor(labels))


def test_losses_of_a_model_are_weighed_by_name() -> None:
    losses = {"difference": torch.tensor(2.0), "similarity": torch.tensor(3.0)}
    assert weigh(losses, TrainingConfig()) == 5.0
    assert weigh(losses, TrainingConfig(auxiliary_losses={"similarity": 0.5})) == 3.5
    assert weigh({}, TrainingConfig()) == 0


def test_loss_that_no_model_returns_is_told() -> None:
    config = TrainingConfig(auxiliary_losses={"similiarity": 0.5})
    with pytest.raises(LossError, match=r"no loss 'similiarity'; choose from similarity"):
        weigh({"similarity": torch.tensor(1.0)}, config)
    with pytest.raises(LossError, match="it returns its logits alone"):
        weigh(Outputs(LOGITS).losses, config)
