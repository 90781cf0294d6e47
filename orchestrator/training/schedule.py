"""The optimiser of a training, and how its learning rate changes."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from models.groups import ParameterGroup
from search_spaces.training import TrainingConfig

PLATEAU_FACTOR, PLATEAU_PATIENCE = 0.1, 5

FACTORS: dict[str, Callable[[float], float]] = {
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * progress)),
    "constant": lambda progress: 1.0,
}
"""The factor of the learning rate after a fraction `progress` of the steps that follow warm-up."""


def make_optimizer(groups: Sequence[ParameterGroup], config: TrainingConfig) -> Optimizer:
    """Make the optimiser of a config for some groups of parameters."""
    own = [{**group} for group in groups]  # an optimiser changes its groups
    match config.optimizer:
        case "sgd":
            momentum, decay = config.momentum, config.weight_decay
            return SGD(own, momentum=momentum, weight_decay=decay, fused=True)
        case "adamw":
            return AdamW(own, weight_decay=config.weight_decay, fused=True)
        case _:
            return Adam(own, weight_decay=config.weight_decay, fused=True)


class Schedule(Protocol):
    """Sets the learning rates of an optimiser."""

    def after_step(self) -> None:
        """Move on by an optimiser step."""

    def epoch_done(self, valid_loss: float) -> None:
        """Move on by an epoch."""

    def state_dict(self) -> dict[str, Any]:
        """Collect the state that is needed to continue."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` collected."""


class StepSchedule:
    """The rate is a function of the step alone."""

    def __init__(self, optimizer: Optimizer, config: TrainingConfig, num_steps: int) -> None:
        factor = partial(rate_factor, config=config, num_steps=num_steps)
        self._schedule = LambdaLR(optimizer, factor)

    def after_step(self) -> None:
        """Move on by an optimiser step."""
        self._schedule.step()

    def epoch_done(self, valid_loss: float) -> None:
        """Do nothing."""

    def state_dict(self) -> dict[str, Any]:
        """Collect the state that is needed to continue."""
        return self._schedule.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` collected."""
        self._schedule.load_state_dict(state)


class PlateauSchedule:
    """The rate falls to a tenth when the validation loss has not fallen for over five epochs."""

    def __init__(self, optimizer: Optimizer, config: TrainingConfig, num_steps: int) -> None:
        self._schedule = ReduceLROnPlateau(
            optimizer, factor=PLATEAU_FACTOR, patience=PLATEAU_PATIENCE
        )

    def after_step(self) -> None:
        """Do nothing."""

    def epoch_done(self, valid_loss: float) -> None:
        """Move on by an epoch."""
        self._schedule.step(valid_loss)

    def state_dict(self) -> dict[str, Any]:
        """Collect the state that is needed to continue."""
        return self._schedule.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` collected."""
        self._schedule.load_state_dict(state)


SCHEDULES: dict[str, Callable[[Optimizer, TrainingConfig, int], Schedule]] = {
    "cosine": StepSchedule,
    "constant": StepSchedule,
    "plateau": PlateauSchedule,
}
"""What makes a schedule, by the config's `schedule`, from optimiser, config, number of steps."""


def rate_factor(step: int, *, config: TrainingConfig, num_steps: int) -> float:
    """Return the factor of the learning rate for a step, counted from 0."""
    num_warmup = round(config.warmup * num_steps)
    if step < num_warmup:
        return (step + 1) / num_warmup
    num_after = max(num_steps - num_warmup, 1)
    return FACTORS[config.schedule](min((step - num_warmup) / num_after, 1.0))
