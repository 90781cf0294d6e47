"""BIMHA, reconstructed after the description in Xia et al. (2022) and the abstract of its paper."""

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor, nn

from models.configs.base import MODALITIES, Modality
from models.inputs import READ_FEATURES, FeatureInputs


def pair_name(first: Modality, second: Modality) -> str:
    """Name the pair of two modalities, which stand in our order."""
    return f"{first}_{second}"


class BimhaModel(nn.Module):
    """B_mn = W_mn vec([u_m; 1] [u_n; 1]^T) + b_mn, B' = LN(B + MHA(B, B, B)), a head on B'.

    Branches give one vector u_m for each utterance. Departure: the description has batch norm on
    the mean features. Here features are standardised by the statistics of the training split:
    averaging keeps that, and a batch of one utterance has no statistics of its own.
    """

    def __init__(
        self,
        *,
        branches: Mapping[Modality, nn.Module],
        pairs: Mapping[str, nn.Module],
        attention: nn.Module,
        norm: nn.Module,
        head: nn.Module,
    ) -> None:
        super().__init__()
        self.modalities = tuple(modality for modality in MODALITIES if modality in branches)
        self.branches = nn.ModuleDict({name: branches[name] for name in self.modalities})
        self.pairs = nn.ModuleDict(pairs)
        self.attention = attention
        self.norm = norm
        self.head = head

    def forward(self, inputs: FeatureInputs) -> Tensor:
        """Return one logit for each emotion, in float32 under autocast too.

        Shapes:
            inputs of B utterances -> (B, K)
        """
        vectors = {
            name: append_one(self.branches[name](*READ_FEATURES[name](inputs)))  # (B, D + 1)
            for name in self.modalities
        }
        pairs = [
            self.pairs[pair_name(first, second)](outer(vectors[first], vectors[second]))
            for first, second in combinations(self.modalities, 2)
        ]
        states = torch.stack(pairs, dim=1)  # (B, pairs, D)
        states = self.norm(states + self.attention(states, states, None))
        logits: Tensor = self.head(states.flatten(1))
        return logits.float()


def append_one(vectors: Tensor) -> Tensor:
    """Append 1, so that an outer product keeps the vector of each modality itself.

    Shapes:
        (B, D) -> (B, D + 1)
    """
    return torch.cat([vectors, vectors.new_ones(len(vectors), 1)], dim=-1)


def outer(first: Tensor, second: Tensor) -> Tensor:
    """Multiply each number of one vector with each of the other.

    Shapes:
        (B, D), (B, E) -> (B, D * E)
    """
    return (first[:, :, None] * second[:, None, :]).flatten(1)
