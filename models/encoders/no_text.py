"""The text branch of a model that reads no text."""

import torch
from torch import Tensor, nn

from models.parts.sequence import Padded


class NoText(nn.Module):
    """Stands where a model reads no text: states without features."""

    def forward(self, tokens: Tensor, token_mask: Tensor) -> Padded:
        """Return states of no width.

        Shapes:
            tokens: (B, T), token_mask: (B, T), bool -> (B, T, 0)
        """
        empty = token_mask.new_empty((*tokens.shape, 0), dtype=torch.float32)
        return Padded(empty, token_mask)
