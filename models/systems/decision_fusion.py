"""A model whose modalities each decide for themselves; FE2E (Dai et al. 2021) is one."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from models.configs.base import MODALITIES, Modality
from models.parts.sequence import Lengths

Read = TypeVar("Read")


class DecisionFusionModel(nn.Module, Generic[Read]):
    """Branches to decisions, their fusion to logits.

    `read` says what each branch reads of the inputs: `models.inputs.READ` for pictures,
    `models.inputs.READ_FEATURES` for hand-crafted features. The branch maps it to one logit for
    each emotion. In training, `modality_dropout` hides some decisions from the fusion.
    """

    def __init__(
        self,
        *,
        read: Mapping[Modality, Callable[[Read], tuple[Tensor, Tensor | Lengths]]],
        branches: Mapping[Modality, nn.Module],
        modality_dropout: nn.Module,
        fusion: nn.Module,
    ) -> None:
        super().__init__()
        self.read = read
        self.modalities = tuple(modality for modality in MODALITIES if modality in branches)
        self.branches = nn.ModuleDict({name: branches[name] for name in self.modalities})
        self.modality_dropout = modality_dropout
        self.fusion = fusion

    def forward(self, inputs: Read) -> Tensor:
        """Return one logit for each emotion, in float32 under autocast too.

        Shapes:
            inputs of B utterances -> (B, K)
        """
        decisions = [self.branches[name](*self.read[name](inputs)) for name in self.modalities]
        return fuse(torch.stack(decisions, dim=1), self.modality_dropout, self.fusion)


def fuse(decisions: Tensor, modality_dropout: nn.Module, fusion: nn.Module) -> Tensor:
    """Hide some decisions, then fuse the others.

    Shapes:
        decisions: (B, M, K) -> (B, K), float32
    """
    kept = modality_dropout(*decisions.shape[:2], decisions.device)  # (B, M)
    logits: Tensor = fusion(decisions, kept)
    return logits.float()
