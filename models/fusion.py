"""Rivals of the transformer fusion: how three sequences become the one that a head reads.

The modalities come in our order: text, audio, vision. Departure: Le et al. write text, image,
audio; without positions the order only permutes the columns of the early fusion.
"""

import torch
from torch import nn

from models.sequence import Padded, join


class Join(nn.Module):
    """The sequences one after the other: no fusion, for a model that reads one modality."""

    def forward(self, *sequences: Padded) -> Padded:
        """Concatenate along the steps.

        Shapes:
            (B, T_m, D) of each -> (B, sum of T_m, D)
        """
        return join(sequences)


class EarlyFusion(nn.Module):
    """h = dropout(ReLU(W [t_cls; a_cls; v_cls] + b)), a sequence of one step.

    Le et al. give it one sentence: hidden size and dropout are ours.
    """

    def __init__(self, *, num_modalities: int, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(num_modalities * width, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, *sequences: Padded) -> Padded:
        """Concatenate the first states, which are [CLS] states, along the features.

        Shapes:
            (B, T_m, D) of each -> (B, 1, hidden)
        """
        firsts = torch.cat([sequence.states[:, :1] for sequence in sequences], dim=-1)  # (B, 1, MD)
        states = self.dropout(self.linear(firsts).relu())  # (B, 1, hidden)
        return Padded(states, states.new_ones(states.shape[:2], dtype=torch.bool))
