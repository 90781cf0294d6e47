"""The projection network of a branch."""

from torch import nn


def projection(*, features: int, hidden: int, width: int) -> nn.Sequential:
    """Build two linear layers with a ReLU between (Le et al., Section IV.B).

    Shapes:
        (..., features) -> (..., width)
    """
    return nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, width))
