"""MESM (Dai et al., NAACL 2021): late fusion, with branches that the text guides."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.configs.base import MODALITIES, Modality
from models.encoders.branch import Branch
from models.inputs import READ, Inputs
from models.systems.decision_fusion import fuse


class MesmModel(nn.Module):
    """One decision for each modality; the [CLS] state of the text tells the CNNs where to look.

    Text is always among the modalities, and comes first. In training `modality_dropout` hides some
    of the decisions; a hidden text still guides.
    """

    def __init__(
        self,
        *,
        branches: Mapping[Modality, Branch],
        modality_dropout: nn.Module,
        fusion: nn.Module,
    ) -> None:
        super().__init__()
        self.modalities = tuple(modality for modality in MODALITIES if modality in branches)
        self.branches = nn.ModuleDict({name: branches[name] for name in self.modalities})
        self.modality_dropout = modality_dropout
        self.fusion = fusion

    def forward(self, inputs: Inputs) -> Tensor:
        """Return one logit for each emotion, in float32 under autocast too.

        Shapes:
            inputs of B utterances -> (B, K)
        """
        text, *guided = self.modalities
        read, decide = map(self.branches[text].get_submodule, ("encoder", "head"))
        words = read(*READ[text](inputs))
        guide = words.states[:, 0]  # (B, D)
        decisions = [decide(words)]
        decisions += [self.branches[name](*READ[name](inputs), guide) for name in guided]
        return fuse(torch.stack(decisions, dim=1), self.modality_dropout, self.fusion)
