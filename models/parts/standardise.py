"""Features on one scale."""

import torch
from torch import Tensor, nn

from models.parts.rules import Rule, keep


class Standardise(nn.Module):
    """y = (x - mean) / std, feature by feature; a constant feature is only shifted."""

    mean: Tensor
    std: Tensor

    def __init__(self, *, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.clone())
        self.register_buffer("std", torch.where(std > 0, std, 1.0))

    def rules(self) -> dict[str, Rule]:
        """Keep the statistics of the corpus."""
        return {"mean": keep, "std": keep}

    def forward(self, rows: Tensor) -> Tensor:
        """Bring each feature to mean 0 and deviation 1; (N, D) is kept."""
        return (rows - self.mean) / self.std
