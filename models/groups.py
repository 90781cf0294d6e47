"""Which parameters came from a checkpoint, and the optimiser groups that follow from it."""

from typing import TypedDict

from torch import nn

from models.text import PretrainedAlbert


class ParameterGroup(TypedDict):
    """One group of a `torch.optim` optimiser."""

    params: list[nn.Parameter]
    lr: float


def is_pretrained(module: nn.Module) -> bool:
    """Whether a checkpoint gave this module, with all in it, its values."""
    return isinstance(module, PretrainedAlbert)


def parameter_groups(
    model: nn.Module, *, base_lr: float, pretrained_lr: float
) -> list[ParameterGroup]:
    """Split the trainable parameters by where their values come from.

    An ALBERT with random weights has nothing to preserve and learns at the base rate.

    Returns:
        The group at `base_lr`, then, if a checkpoint was loaded, the group at `pretrained_lr`.
    """
    pretrained = {
        parameter
        for module in model.modules()
        if is_pretrained(module)
        for parameter in module.parameters()
    }
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: list[ParameterGroup] = [
        {"params": [p for p in trainable if p not in pretrained], "lr": base_lr},
        {"params": [p for p in trainable if p in pretrained], "lr": pretrained_lr},
    ]
    return [group for group in groups if group["params"]]
