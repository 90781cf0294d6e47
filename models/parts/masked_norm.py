"""Batch norm over some of the sites of a map."""

import torch
from torch import Tensor, nn

from models.parts.rules import Rule, constant


class MaskedBatchNorm(nn.Module):
    """Batch norm whose statistics are those of the active sites, in float32.

    If only one site is active, the variance is 0 and the output is the bias. Defaults are those of
    SparseConvNet, on which MESM is built: .99 of the running statistics stay in each step.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, eps: float = 1e-4, momentum: float = 0.01) -> None:
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.register_buffer("running_mean", torch.empty(channels))
        self.register_buffer("running_var", torch.empty(channels))

    def rules(self) -> dict[str, Rule]:
        """Begin as `nn.BatchNorm2d` does."""
        return {
            "weight": constant(1),
            "bias": constant(0),
            "running_mean": constant(0),
            "running_var": constant(1),
        }

    def forward(self, x: Tensor, active: Tensor) -> Tensor:
        """Normalise each channel; the output at inactive sites has no meaning.

        Shapes:
            x: (N, C, H, W), active: (N, 1, H, W), 1 or 0 -> (N, C, H, W)
        """
        states = x.float()
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = self._measure(states, active.float())
        scale = self.weight * (var + self.eps).rsqrt()  # (C,)
        shift = self.bias - mean * scale
        return (states * scale[:, None, None] + shift[:, None, None]).to(x.dtype)

    def _measure(self, x: Tensor, active: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance, and move the running ones towards them."""
        count = active.sum()
        mean = (x * active).sum((0, 2, 3)) / count
        var = ((x - mean[:, None, None]).square() * active).sum((0, 2, 3)) / count
        with torch.no_grad():
            unbiased = var * (count / (count - 1).clamp(min=1))
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(unbiased, self.momentum)
        return mean, var
