"""The transformer over one sequence (of a modality) or several (fusion)."""

from collections.abc import Iterable

import torch
from torch import nn

from models.parts.rules import UNIT_VARIANCE, Rule, uniform
from models.parts.sequence import Padded, join


class ClsToken(nn.Module):
    """A learned state put before each sequence."""

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.empty(width))

    def rules(self) -> dict[str, Rule]:
        """Draw the token."""
        return {"token": uniform(UNIT_VARIANCE)}

    def forward(self, sequence: Padded) -> Padded:
        """Prepend the token.

        Shapes:
            (B, T, D) -> (B, 1 + T, D)
        """
        states, mask = sequence
        token = self.token.expand(len(states), 1, -1)
        return Padded(
            torch.cat([token, states], dim=1), torch.cat([mask.new_ones(len(mask), 1), mask], dim=1)
        )


class WithoutCls(nn.Module):
    """Drops the first step, which the others have attended to."""

    def forward(self, sequence: Padded) -> Padded:
        """Leave the steps after the first.

        Shapes:
            (B, 1 + T, D) -> (B, T, D)
        """
        return Padded(sequence.states[:, 1:], sequence.mask[:, 1:])


class HiddenCls(nn.Module):
    """Makes the first step padding: it keeps its place, and nothing later attends to it."""

    def forward(self, sequence: Padded) -> Padded:
        """Mask the first step.

        Shapes:
            (B, T, D) -> (B, T, D)
        """
        states, mask = sequence
        hidden = mask.new_zeros(len(mask), 1)
        return Padded(states, torch.cat([hidden, mask[:, 1:]], dim=1))


class Transformer(nn.Module):
    """F^0 = [E_cls; S_1; S_2; ...], then a stack of encoder layers        (Le et al., eq. 1-4).

    `cls` prepends E_cls, or is `nn.Identity`. No positional encoding: Le et al. argue that
    fusion is free of order, and the encoders that they take from Dai et al. have none either.
    """

    def __init__(self, *, cls: nn.Module, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.cls = cls
        self.layers = nn.ModuleList(layers)

    def forward(self, *sequences: Padded) -> Padded:
        """Let all real steps of all sequences attend to each other.

        Shapes:
            (B, T_m, D) of each -> (B, sum of T_m, D), one step more with E_cls
        """
        states, mask = self.cls(join(sequences))
        for layer in self.layers:
            states = layer(states, mask)
        return Padded(states, mask)
