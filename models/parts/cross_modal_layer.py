"""Transformers from one modality to another, pre-norm (Tsai et al., ACL 2019, MulT)."""

from collections.abc import Iterable
from math import sqrt

import torch
from torch import Tensor, nn

from models.parts.layers import Attention, FeedForward
from models.parts.positions import sines_then_cosines
from models.parts.sequence import Padded


class SinusoidalPositions(nn.Module):
    """y_t = dropout(sqrt(D) x_t + p_t), t = 1, 2, ..., p of sines and cosines.

    As in the paper's code base, a step whose first number is 0 counts as padding: p_t is 0. So a
    row of zeros stays one.
    """

    def __init__(self, *, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor) -> Tensor:
        """Scale each step and add its position; (B, T, D) is kept, D is even."""
        num_steps, width = states.shape[1:]
        positions = sines_then_cosines(num_steps, width, device=states.device)  # (T, D)
        positions = positions * (states[..., :1] != 0)  # (B, T, D)
        out: Tensor = self.dropout(sqrt(width) * states + positions)
        return out


class EveryStep(nn.Module):
    """Each step of the target sees all real steps of the source."""

    def forward(self, target_mask: Tensor, source_mask: Tensor) -> Tensor:
        """Return what is seen, the same for all steps.

        Shapes:
            target_mask: (B, T), source_mask: (B, S) -> (B, S)
        """
        return source_mask


class EarlierSteps(nn.Module):
    """Step i of the target sees the steps j <= i + |S - T| of the source (the paper's code base).

    Departure: T and S are the real lengths of the utterance; that code base takes those of the
    padded batch. So an utterance does not depend on its batch, and alone it is the same.
    """

    def forward(self, target_mask: Tensor, source_mask: Tensor) -> Tensor:
        """Return what each step sees.

        Shapes:
            target_mask: (B, T), source_mask: (B, S) -> (B, T, S)
        """
        ahead = (source_mask.sum(1) - target_mask.sum(1)).abs()[:, None, None]  # (B, 1, 1)
        of_target = torch.arange(target_mask.shape[1], device=target_mask.device)[:, None]
        of_source = torch.arange(source_mask.shape[1], device=source_mask.device)
        return (of_source <= of_target + ahead) & source_mask[:, None]


class CrossModalLayer(nn.Module):
    """x' = x + MHA(LN(x), LN(m), LN(m)), y = x' + FFN(LN(x'))        (MulT, eq. 4).

    As in the paper's code base, one layer norm serves queries and memory.
    """

    def __init__(
        self,
        *,
        width: int,
        num_heads: int,
        attention_dropout: float,
        relu_dropout: float,
        residual_dropout: float,
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width=width, num_heads=num_heads, dropout=attention_dropout)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width=width, hidden=4 * width, dropout=relu_dropout)
        self.dropout = nn.Dropout(residual_dropout)

    def forward(self, states: Tensor, memory: Tensor, memory_mask: Tensor) -> Tensor:
        """Let each step attend to the steps of the memory whose mask is True.

        Shapes:
            states: (B, T, D), memory: (B, S, D), memory_mask: (B, S) or (B, T, S) -> (B, T, D)
        """
        memory = self.attention_norm(memory)
        attended = self.attention(self.attention_norm(states), memory, memory_mask)
        states = states + self.dropout(attended)
        expanded = self.feed_forward(self.feed_forward_norm(states))
        return states + self.dropout(expanded)


class CrossModalTransformer(nn.Module):
    """From a source to a target: every layer attends to the source's inputs.

    `visible` says which steps of the source each step of the target sees.
    """

    def __init__(
        self,
        *,
        width: int,
        embedding_dropout: float,
        visible: nn.Module,
        layers: Iterable[nn.Module],
    ) -> None:
        super().__init__()
        self.visible = visible
        self.embed = SinusoidalPositions(dropout=embedding_dropout)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)

    def forward(self, target: Padded, source: Padded) -> Padded:
        """Return the target's steps, each with what it found in the source.

        Shapes:
            target: (B, T, D), source: (B, S, D) -> (B, T, D)
        """
        states, memory = self.embed(target.states), self.embed(source.states)
        visible = self.visible(target.mask, source.mask)
        for layer in self.layers:
            states = layer(states, memory, visible)
        return Padded(self.norm(states), target.mask)


class SelfAttentionTransformer(nn.Module):
    """Every layer attends to the output of the layer before.

    `visible` says which steps each step sees.
    """

    def __init__(
        self,
        *,
        width: int,
        embedding_dropout: float,
        visible: nn.Module,
        layers: Iterable[nn.Module],
    ) -> None:
        super().__init__()
        self.visible = visible
        self.embed = SinusoidalPositions(dropout=embedding_dropout)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)

    def forward(self, sequence: Padded) -> Padded:
        """Let the real steps attend to each other.

        Shapes:
            (B, T, D) -> (B, T, D)
        """
        states, mask = self.embed(sequence.states), sequence.mask
        visible = self.visible(mask, mask)
        for layer in self.layers:
            states = layer(states, states, visible)
        return Padded(self.norm(states), mask)
