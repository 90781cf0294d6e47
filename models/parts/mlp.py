"""From a sequence to one vector, and from a vector to a decision."""

from torch import Tensor, nn

from models.parts.sequence import Padded


def mean_of_steps(sequence: Padded) -> Tensor:
    """Average the real steps.

    Shapes:
        (B, T, D) -> (B, D), float32
    """
    states, mask = sequence
    steps = states.float() * mask[..., None]  # (B, T, D)
    return steps.sum(1) / mask.sum(1, keepdim=True)


def mlp(*, features: int, hidden: int, num_emotions: int, dropout: float) -> nn.Sequential:
    """Build two linear layers with a ReLU and a dropout between (Xia et al. 2022).

    Shapes:
        (B, features) -> (B, K)
    """
    return nn.Sequential(
        nn.Linear(features, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, num_emotions),
    )
