"""Hiding whole modalities in training (Neverova et al. 2016, ModDrop)."""

import torch
from torch import Tensor, nn


class ModalityDropout(nn.Module):
    """Keeps each modality of each utterance with probability 1 - `rate`, and always at least one.

    If all would be hidden, one is kept; each has the same chance.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, num_utterances: int, num_modalities: int, device: torch.device) -> Tensor:
        """Draw what is kept; outside of training, everything is kept.

        Shapes:
            -> (B, M), bool
        """
        shape = (num_utterances, num_modalities)
        if not (self.training and self.rate):
            return torch.ones(shape, dtype=torch.bool, device=device)
        draws = torch.rand(shape, device=device)
        last_left = draws == draws.max(dim=1, keepdim=True).values
        return (draws >= self.rate) | last_left
