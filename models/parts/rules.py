"""Rules of initial values: how one parameter or buffer gets its numbers."""

from collections.abc import Callable
from math import sqrt
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

Rule = Callable[[Tensor, torch.Generator], None]

UNIT_VARIANCE = sqrt(3)
"""The bound of a uniform distribution of variance 1."""


@runtime_checkable
class HasRules(Protocol):
    """A module that owns parameters or buffers, and names the rules of their initial values."""

    def rules(self) -> dict[str, Rule]:
        """Name the rule of each of its own parameters and buffers."""


def uniform(bound: float) -> Rule:
    """Draw from U(-bound, bound) on the CPU; every processor gives the same bits."""

    def draw(tensor: Tensor, generator: torch.Generator) -> None:
        values = torch.rand(tensor.shape, generator=generator)  # multiples of 2^-24: exact
        tensor.copy_(values.sub_(0.5).mul_(2 * bound))

    return draw


def constant(value: float) -> Rule:
    """Fill with one value."""

    def fill(tensor: Tensor, _: torch.Generator) -> None:
        tensor.fill_(value)

    return fill


def identity(tensor: Tensor, _: torch.Generator) -> None:
    """Make a square matrix, or a 1 x 1 convolution, return its input."""
    tensor.copy_(torch.eye(len(tensor)).reshape(tensor.shape))


def keep(_: Tensor, __: torch.Generator) -> None:
    """Leave a tensor that is not a parameter as it was built."""
