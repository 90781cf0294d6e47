"""Pre-norm transformer layers: a norm before each part, none at the end."""

from torch import Tensor, nn

from models.parts.layers import Attention, FeedForward


class PreNormFeedForward(nn.Module):
    """y = x + FFN(LN(x))."""

    def __init__(self, *, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width=width, hidden=hidden, dropout=dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor) -> Tensor:
        """Map each step by itself; (..., D) is kept."""
        out: Tensor = states + self.dropout(self.feed_forward(self.norm(states)))
        return out


class PreNormLayer(nn.Module):
    """x1 = x + MHA(LN(x), LN(x), LN(x)), y = x1 + FFN(LN(x1))."""

    def __init__(
        self, *, attention: Attention, width: int, feed_forward: int, dropout: float
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = attention
        self.dropout = nn.Dropout(dropout)
        self.feed_forward = PreNormFeedForward(width=width, hidden=feed_forward, dropout=dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Attend among the steps whose mask is True.

        Shapes:
            states: (B, T, D), mask: (B, T) -> (B, T, D)
        """
        normed = self.norm(states)
        states = states + self.dropout(self.attention(normed, normed, mask))
        out: Tensor = self.feed_forward(states)
        return out
