"""Modalities attend to each other one after the other (Zheng et al. 2022, CMHA)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.configs.base import Modality
from models.parts.layers import Attention
from models.parts.mlp import mean_of_steps
from models.parts.sequence import Padded

ORDERS: tuple[tuple[Modality, Modality, Modality], ...] = (
    ("text", "audio", "vision"),
    ("text", "vision", "audio"),
    ("audio", "vision", "text"),
)


class AttendTo(nn.Module):
    """H = LN(Y + MHA(Y, X, X))."""

    def __init__(self, *, width: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width=width, num_heads=num_heads, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, sequence: Padded, memory: Padded) -> Padded:
        """Let the steps of one sequence attend to the real steps of another.

        Shapes:
            sequence: (B, T, D), memory: (B, T', D) -> (B, T, D)
        """
        states, mask = sequence
        attended = self.attention(states, memory.states, memory.mask)
        return Padded(self.norm(states + self.dropout(attended)), mask)


class Chain(nn.Module):
    """H_1 = LN(Y + MHA(Y, X, X)), H_2 = LN(Z + MHA(Z, H_1, H_1))."""

    def __init__(self, *, width: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.first = AttendTo(width=width, num_heads=num_heads, dropout=dropout)
        self.second = AttendTo(width=width, num_heads=num_heads, dropout=dropout)

    def forward(self, x: Padded, y: Padded, z: Padded) -> Padded:
        """Let the second sequence attend to the first, then the third to the result.

        Shapes:
            (B, T_x, D), (B, T_y, D), (B, T_z, D) -> (B, T_z, D)
        """
        out: Padded = self.second(z, self.first(y, x))
        return out


class SerialAttention(nn.Module):
    """A chain in each of three orders; the means over their steps are concatenated.

    Departure: reconstructed from a description; no autoencoder is trained beforehand.
    """

    def __init__(self, *, width: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.chains = nn.ModuleList(
            Chain(width=width, num_heads=num_heads, dropout=dropout) for _ in ORDERS
        )

    def forward(self, sequences: Mapping[Modality, Padded]) -> Tensor:
        """Let each order of the modalities give a vector.

        Shapes:
            (B, T_m, D) of each -> (B, 3 D)
        """
        vectors = [
            mean_of_steps(chain(*(sequences[name] for name in order)))
            for chain, order in zip(self.chains, ORDERS, strict=True)
        ]
        return torch.cat(vectors, dim=1)
