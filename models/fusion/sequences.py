"""From the sequences of the modalities to the one that a head reads.

The transformer over all of them is `models.parts.transformer`. The modalities come in our order:
text, audio, vision. Departure: Le et al. write text, image, audio; without positions the order only
permutes the columns of the early fusion.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from models.parts.rules import UNIT_VARIANCE, Rule, uniform
from models.parts.sequence import Padded, join
from models.parts.weighing import Weighing


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

    Le et al. describe it in one sentence: hidden size and dropout are ours.
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
        firsts = first_states(sequences).flatten(1)  # (B, MD)
        return one_step(self.dropout(self.linear(firsts).relu()))


class ConcatFusion(nn.Module):
    """h = [t_cls; a_cls; v_cls], a sequence of one step."""

    def forward(self, *sequences: Padded) -> Padded:
        """Concatenate the first states, which are [CLS] states, along the features.

        Shapes:
            (B, T_m, D) of each -> (B, 1, MD)
        """
        return one_step(first_states(sequences).flatten(1))


class Gates(Weighing):
    """z_m = sigmoid(U_m [x_1; x_2; ...]): how much of each modality passes, feature by feature."""

    def __init__(self, *, num_modalities: int, width: int, hidden: int) -> None:
        super().__init__()
        self.num_modalities = num_modalities
        self.linear = nn.Linear(num_modalities * width, num_modalities * hidden, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """Weigh each feature of each modality, looking at all of them.

        Shapes:
            (B, M, D) -> (B, M, hidden), in (0, 1)
        """
        gates: Tensor = self.linear(states.flatten(1)).sigmoid()
        return gates.unflatten(1, (self.num_modalities, -1))

    def weights(self, *inputs: Tensor) -> Tensor:
        """Return the gates.

        Shapes:
            (B, M, D) -> (B, hidden, M)
        """
        gates = self.forward(*inputs)
        return gates.transpose(1, 2)


class GatedFusion(nn.Module):
    """h = sum over m of z_m * tanh(W_m x_m), a sequence of one step (Arevalo et al. 2017, GMU)."""

    def __init__(self, *, num_modalities: int, width: int, hidden: int) -> None:
        super().__init__()
        self.gates = Gates(num_modalities=num_modalities, width=width, hidden=hidden)
        self.transforms = nn.ModuleList(
            nn.Linear(width, hidden, bias=False) for _ in range(num_modalities)
        )

    def forward(self, *sequences: Padded) -> Padded:
        """Fuse the first states, which are [CLS] states.

        Shapes:
            (B, T_m, D) of each -> (B, 1, hidden)
        """
        states = first_states(sequences)  # (B, M, D)
        pairs = zip(self.transforms, states.unbind(1), strict=True)
        transformed = torch.stack([transform(x).tanh() for transform, x in pairs], dim=1)
        return one_step((self.gates(states) * transformed).sum(1))


class BottleneckLayer(nn.Module):
    """Each sequence attends to itself and the bottleneck, whose copies are then averaged.

    [x_m'; b_m] = layer_m([x_m; b]),  b' = mean over m of b_m        (Nagrani et al. 2021, eq. 8-9)
    """

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, bottleneck: Tensor, sequences: list[Padded]) -> tuple[Tensor, list[Padded]]:
        """Exchange once.

        Shapes:
            bottleneck: (B, num_tokens, D), sequences: (B, T_m, D) of each -> the same
        """
        whole = bottleneck.new_ones(bottleneck.shape[:2], dtype=torch.bool)
        copies, outs = [], []
        for layer, (states, mask) in zip(self.layers, sequences, strict=True):
            x = torch.cat([states, bottleneck], dim=1)  # (B, T_m + num_tokens, D)
            x = layer(x, torch.cat([mask, whole], dim=1))
            copies.append(x[:, states.shape[1] :])
            outs.append(Padded(x[:, : states.shape[1]], mask))
        return torch.stack(copies).mean(0), outs


class BottleneckFusion(nn.Module):
    """Layers of exchange through a few learned tokens (Nagrani et al. 2021, MBT).

    Departure: the paper classifies a [CLS] of each modality and averages. Here the first token of
    the bottleneck stands first in the fused sequence, for a head that reads one state.
    """

    def __init__(self, *, num_tokens: int, width: int, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.bottleneck = nn.Parameter(torch.empty(num_tokens, width))
        self.layers = nn.ModuleList(layers)

    def rules(self) -> dict[str, Rule]:
        """Draw the tokens."""
        return {"bottleneck": uniform(UNIT_VARIANCE)}

    def forward(self, *sequences: Padded) -> Padded:
        """Exchange in every layer.

        Shapes:
            (B, T_m, D) of each -> (B, num_tokens + sum of T_m, D)
        """
        outs = list(sequences)
        bottleneck = self.bottleneck.expand(len(outs[0].states), -1, -1)  # (B, num_tokens, D)
        for layer in self.layers:
            bottleneck, outs = layer(bottleneck, outs)
        whole = bottleneck.new_ones(bottleneck.shape[:2], dtype=torch.bool)
        return join([Padded(bottleneck, whole), *outs])


def first_states(sequences: Iterable[Padded]) -> Tensor:
    """Stack the first state of each sequence.

    Shapes:
        (B, T_m, D) of each -> (B, M, D)
    """
    return torch.stack([sequence.states[:, 0] for sequence in sequences], dim=1)


def one_step(states: Tensor) -> Padded:
    """Make vectors sequences of one step.

    Shapes:
        (B, D) -> (B, 1, D)
    """
    return Padded(states[:, None], states.new_ones((len(states), 1), dtype=torch.bool))
