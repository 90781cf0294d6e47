"""MulT (Tsai et al., ACL 2019): each modality reads each other one, step by step."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.configs.base import MODALITIES, Modality
from models.inputs import READ_FEATURES, FeatureInputs
from models.parts.sequence import Lengths, Padded, pad


def crossing(source: Modality, target: Modality) -> str:
    """Name the transformer from one modality to another."""
    return f"{source}_to_{target}"


class ProjectedRows(nn.Module):
    """The branch of a modality: dropout on its rows, and a projection of them to steps.

    `layout` says which rows each step is projected from (as they come, or `Windows`).
    """

    def __init__(
        self, *, prepare: nn.Module, dropout: nn.Module, layout: nn.Module, project: nn.Module
    ) -> None:
        super().__init__()
        self.prepare = prepare
        self.dropout = dropout
        self.layout = layout
        self.project = project

    def forward(self, rows: Tensor, lengths: Lengths) -> Padded:
        """Project the rows of each utterance.

        Shapes:
            rows: (N, D_m), lengths: B with sum N -> (B, T, D)
        """
        rows, lengths = self.layout(self.dropout(self.prepare(rows)), lengths)
        return pad(self.project(rows), lengths)


class MultModel(nn.Module):
    """Projections, cross-modal transformers, memories, and a head on the last steps of those.

    Departure: the last step is the last real one; the code base takes that of the padded sequence.
    """

    def __init__(
        self,
        *,
        branches: Mapping[Modality, nn.Module],
        crossings: Mapping[str, nn.Module],
        memories: Mapping[Modality, nn.Module],
        head: nn.Module,
    ) -> None:
        super().__init__()
        self.modalities = tuple(modality for modality in MODALITIES if modality in branches)
        self.branches = nn.ModuleDict({name: branches[name] for name in self.modalities})
        self.crossings = nn.ModuleDict(crossings)
        self.memories = nn.ModuleDict({name: memories[name] for name in self.modalities})
        self.head = head

    def forward(self, inputs: FeatureInputs) -> Tensor:
        """Return one logit for each emotion, in float32 under autocast too.

        Shapes:
            inputs of B utterances -> (B, K)
        """
        sequences: dict[Modality, Padded] = {}
        for name in self.modalities:
            rows, lengths = READ_FEATURES[name](inputs)
            sequences[name] = self.branches[name](rows, lengths)  # (B, T, D)
        lasts = [self._last_state(target, sequences) for target in self.modalities]
        logits: Tensor = self.head(torch.cat(lasts, dim=-1))
        return logits.float()

    def _last_state(self, target: Modality, sequences: Mapping[Modality, Padded]) -> Tensor:
        """Read all other modalities, pass the memory, and return the last real state.

        Shapes:
            (B, T_m, D) of each -> (B, (M - 1) D)
        """
        found = [
            self.crossings[crossing(source, target)](sequences[target], sequences[source]).states
            for source in self.modalities
            if source != target
        ]
        mask = sequences[target].mask
        remembered = self.memories[target](Padded(torch.cat(found, dim=-1), mask))
        return last_states(remembered)


class ResidualHead(nn.Module):
    """z = W (h + FFN(h)) + b."""

    def __init__(self, *, feed_forward: nn.Module, classify: nn.Module) -> None:
        super().__init__()
        self.feed_forward = feed_forward
        self.classify = classify

    def forward(self, states: Tensor) -> Tensor:
        """Give each emotion its logit.

        Shapes:
            (B, D) -> (B, K)
        """
        logits: Tensor = self.classify(states + self.feed_forward(states))
        return logits


def last_states(sequence: Padded) -> Tensor:
    """Take the last real state of each sequence.

    Shapes:
        (B, T, D) -> (B, D)
    """
    states, mask = sequence
    last = mask.sum(1) - 1
    return states[torch.arange(len(states), device=states.device), last]
