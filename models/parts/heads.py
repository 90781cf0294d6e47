"""From the fused sequence to one logit for each emotion."""

from collections.abc import Iterable
from math import sqrt

import torch
from torch import Tensor, nn

from models.parts.rules import UNIT_VARIANCE, Rule, uniform
from models.parts.sequence import Padded


class ClsClassifier(nn.Module):
    """z = W f_0 + b, f_0 the first state of the sequence        (Le et al., Figure 2a)."""

    def __init__(self, *, width: int, num_emotions: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, num_emotions)

    def forward(self, fused: Padded) -> Tensor:
        """Classify the first state.

        Shapes:
            (B, T, D) -> (B, K)
        """
        logits: Tensor = self.linear(fused.states[:, 0])
        return logits


class GroupWiseLinear(nn.Module):
    """z_k = w_k . e_k + b_k: each emotion has its own weights (Liu et al. 2021, Query2Label)."""

    def __init__(self, *, width: int, num_emotions: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_emotions, width))
        self.bias = nn.Parameter(torch.empty(num_emotions))

    def rules(self) -> dict[str, Rule]:
        """Draw as a linear layer does."""
        rule = uniform(1 / sqrt(self.weight.shape[1]))
        return {"weight": rule, "bias": rule}

    def forward(self, embeddings: Tensor) -> Tensor:
        """Give each emotion its logit.

        Shapes:
            (B, K, D) -> (B, K)
        """
        return (embeddings * self.weight).sum(dim=-1) + self.bias


class EmotionClassifier(nn.Module):
    """Emotion-level embeddings decoded from the fused sequence        (Le et al., eq. 5-7).

    The learned embeddings are themselves the decoder's input. `memory` prepares what is decoded;
    `nn.Identity` leaves the whole fused sequence, its [CLS] state included.
    """

    def __init__(
        self, *, width: int, num_emotions: int, memory: nn.Module, layers: Iterable[nn.Module]
    ) -> None:
        super().__init__()
        self.memory = memory
        self.embeddings = nn.Parameter(torch.empty(num_emotions, width))
        self.layers = nn.ModuleList(layers)
        self.classify = GroupWiseLinear(width=width, num_emotions=num_emotions)

    def rules(self) -> dict[str, Rule]:
        """Draw the embeddings."""
        return {"embeddings": uniform(UNIT_VARIANCE)}

    def forward(self, fused: Padded) -> Tensor:
        """Decode one embedding for each emotion and classify it.

        Shapes:
            (B, T, D) -> (B, K)
        """
        states = self.embeddings.expand(len(fused.states), -1, -1)  # (B, K, D)
        memory = self.memory(fused)
        for layer in self.layers:
            states = layer(states, memory.states, memory.mask)
        logits: Tensor = self.classify(states)
        return logits
