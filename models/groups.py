"""Which parameters came from a checkpoint, and the optimiser groups that follow from it."""

from typing import TypedDict

from torch import nn

PRETRAINED, SLOW = "_is_pretrained", "_learns_slowly"


class ParameterGroup(TypedDict):
    """One group of a `torch.optim` optimiser."""

    params: list[nn.Parameter]
    lr: float


def mark_pretrained(module: nn.Module) -> None:
    """Mark a module whose values, with those of its children, come from a checkpoint.

    They are not drawn, and they learn at the pretrained rate.
    """
    setattr(module, PRETRAINED, True)


def mark_slow(module: nn.Module) -> None:
    """Mark a module that learns at the pretrained rate, wherever its values come from."""
    setattr(module, SLOW, True)


def is_pretrained(module: nn.Module) -> bool:
    """Tell whether the values of a module come from a checkpoint."""
    return PRETRAINED in vars(module)


def parameter_groups(
    model: nn.Module, *, base_lr: float, pretrained_lr: float
) -> list[ParameterGroup]:
    """Split the trainable parameters by where their values come from.

    An encoder with random weights has nothing to preserve and learns at the base rate.

    Returns:
        The group at `base_lr`, then, if a checkpoint was loaded, the group at `pretrained_lr`.
    """
    slow = {
        parameter
        for module in model.modules()
        if is_pretrained(module) or SLOW in vars(module)
        for parameter in module.parameters()
    }
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: list[ParameterGroup] = [
        {"params": [p for p in trainable if p not in slow], "lr": base_lr},
        {"params": [p for p in trainable if p in slow], "lr": pretrained_lr},
    ]
    return [group for group in groups if group["params"]]
