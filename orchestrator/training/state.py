"""All that a training needs to continue: the content of a checkpoint."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from orchestrator.training.schedule import Schedule
from reports.ledger.record import Epoch


@dataclass
class TrainingState:
    """All that a training needs to continue: the content of a checkpoint.

    The tensors of `best_model` never change: a better epoch replaces them with new ones.
    """

    model: nn.Module
    optimizer: Optimizer
    schedule: Schedule
    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = -1
    best_model: dict[str, Tensor] = field(default_factory=dict)
    diverged_at_epoch: int | None = None

    @cached_property
    def parameters(self) -> list[nn.Parameter]:
        """The model's parameters; a walk through a deep model costs a few milliseconds."""
        return list(self.model.parameters())

    @property
    def is_best(self) -> bool:
        """Whether the model is the best one: it has not been trained since."""
        return self.diverged_at_epoch is None and 0 <= self.best_epoch == len(self.epochs) - 1

    def state_dict(self) -> dict[str, Any]:
        """Collect everything as tensors and plain values, including the random state.

        It is the state at the end of an epoch. If the model is the best one, `best_model` is left
        out.
        """
        return {
            "model": self.best_model if self.is_best else self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "epochs": [epoch.model_dump() for epoch in self.epochs],
            "best_epoch": self.best_epoch,
            "best_model": None if self.is_best else self.best_model,
            "diverged_at_epoch": self.diverged_at_epoch,
            "random_cpu": torch.get_rng_state(),
            "random_cuda": [torch.cuda.get_rng_state(gpu) for gpu in _gpus_of(self.model)],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` collected."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.epochs = [Epoch.model_validate(epoch) for epoch in state["epochs"]]
        self.best_epoch = state["best_epoch"]
        is_best = state["best_model"] is None
        self.best_model = state["model"] if is_best else state["best_model"]
        self.diverged_at_epoch = state["diverged_at_epoch"]
        torch.set_rng_state(state["random_cpu"].cpu())
        for gpu, random in zip(_gpus_of(self.model), state["random_cuda"], strict=False):
            torch.cuda.set_rng_state(random.cpu(), gpu)


def _gpus_of(model: nn.Module) -> list[torch.device]:
    """List the GPU that a model is on, if any; a trial does not use other GPUs."""
    return list({parameter.device for parameter in model.parameters() if parameter.is_cuda})
