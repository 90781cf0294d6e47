"""Transformers from one modality to another, pre-norm (Tsai et al., ACL 2019, MulT)."""

from collections.abc import Iterable
from math import sqrt

from torch import Tensor, nn

from models.parts.layers import Attention, FeedForward
from models.parts.positions import sines
from models.parts.sequence import Padded


class SinusoidalPositions(nn.Module):
    """y_t = dropout(sqrt(D) x_t + p_t), p of sines and cosines (Vaswani et al. 2017, 3.5)."""

    def __init__(self, *, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor) -> Tensor:
        """Scale each step and add its position; (B, T, D) is kept, D is even."""
        num_steps, width = states.shape[1:]
        positions = sines(num_steps, width, device=states.device)  # (T, D)
        out: Tensor = self.dropout(sqrt(width) * states + positions)
        return out


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
        """Let each step attend to the real steps of the memory.

        Shapes:
            states: (B, T, D), memory: (B, S, D), memory_mask: (B, S) -> (B, T, D)
        """
        memory = self.attention_norm(memory)
        attended = self.attention(self.attention_norm(states), memory, memory_mask)
        states = states + self.dropout(attended)
        expanded = self.feed_forward(self.feed_forward_norm(states))
        return states + self.dropout(expanded)


class CrossModalTransformer(nn.Module):
    """From a source to a target: every layer attends to the source's inputs."""

    def __init__(
        self, *, width: int, embedding_dropout: float, layers: Iterable[nn.Module]
    ) -> None:
        super().__init__()
        self.embed = SinusoidalPositions(dropout=embedding_dropout)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)

    def forward(self, target: Padded, source: Padded) -> Padded:
        """Return the target's steps, each with what it found in the source.

        Shapes:
            target: (B, T, D), source: (B, S, D) -> (B, T, D)
        """
        states, memory = self.embed(target.states), self.embed(source.states)
        for layer in self.layers:
            states = layer(states, memory, source.mask)
        return Padded(self.norm(states), target.mask)


class SelfAttentionTransformer(nn.Module):
    """Every layer attends to the output of the layer before."""

    def __init__(
        self, *, width: int, embedding_dropout: float, layers: Iterable[nn.Module]
    ) -> None:
        super().__init__()
        self.embed = SinusoidalPositions(dropout=embedding_dropout)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)

    def forward(self, sequence: Padded) -> Padded:
        """Let the real steps attend to each other.

        Shapes:
            (B, T, D) -> (B, T, D)
        """
        states, mask = self.embed(sequence.states), sequence.mask
        for layer in self.layers:
            states = layer(states, states, mask)
        return Padded(self.norm(states), mask)
