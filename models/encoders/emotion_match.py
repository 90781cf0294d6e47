"""Decisions by likeness to words (EmoEmbs, Dai et al., AACL 2020)."""

from collections.abc import Sequence
from zlib import crc32

import torch
from torch import Tensor, nn

from models.parts.rules import UNIT_VARIANCE, Rule, keep


class EmotionMatch(nn.Module):
    """z = r G_m^T, G_m = G W_m + b_m: one inner product for each emotion.

    G holds the fixed vectors of the words that name the emotions; `mapping` brings them to the
    length of r (`nn.Identity` for text, which has that length).
    """

    vectors: Tensor

    def __init__(self, vectors: Tensor, *, mapping: nn.Module) -> None:
        super().__init__()
        self.register_buffer("vectors", vectors.clone())
        self.mapping = mapping

    def rules(self) -> dict[str, Rule]:
        """Keep the vectors."""
        return {"vectors": keep}

    def forward(self, states: Tensor) -> Tensor:
        """Compare each state with each emotion.

        Shapes:
            (B, D) -> (B, K)
        """
        emotions: Tensor = self.mapping(self.vectors)  # (K, D)
        return states @ emotions.T


def random_vectors(words: Sequence[str], width: int) -> Tensor:
    """Make stand-ins for word vectors: variance 1, and the same for a word in every trial.

    Shapes:
        -> (K, width)
    """
    return torch.stack([_random_vector(word, width) for word in words])


def _random_vector(word: str, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(crc32(word.encode()))
    drawn = torch.rand(width, generator=generator, device="cpu")
    return (drawn - 0.5) * (2 * UNIT_VARIANCE)
