"""The text branch of a model that reads no text."""

import torch
from torch import Tensor, nn

from models.parts.sequence import Padded


class NoText(nn.Module):
    """Stands where a model reads no text: one state without features."""

    def forward(self, tokens: Tensor, token_mask: Tensor) -> Padded:
        """Return a state of width 0, for any number of tokens: a corpus may have none.

        Shapes:
            tokens: (B, T), token_mask: (B, T), bool -> (B, 1, 0)
        """
        mask = token_mask.new_ones((len(tokens), 1))
        return Padded(mask.new_empty((*mask.shape, 0), dtype=torch.float32), mask)
