"""The model of Xia et al. (2022), MER-SEM-MBT."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.configs.base import MODALITIES, Modality
from models.inputs import READ, Inputs
from models.parts.mlp import mean_of_steps
from models.systems.decision_fusion import fuse


class XiaModel(nn.Module):
    """Text, sound and faces to decisions, their fusion to logits.

    The branch of the text gives states. The branches of the sequences read them, and their own
    inputs. `cross` is over the sequences. Each module in `decide` maps the vector of its modality
    to one logit for each emotion: the [CLS] state of the text, or the mean over its sequence.
    """

    def __init__(
        self,
        *,
        text: nn.Module,
        branches: Mapping[Modality, nn.Module],
        cross: nn.Module,
        decide: Mapping[Modality, nn.Module],
        modality_dropout: nn.Module,
        fusion: nn.Module,
    ) -> None:
        super().__init__()
        self.sequences = tuple(modality for modality in MODALITIES if modality in branches)
        self.modalities = tuple(modality for modality in MODALITIES if modality in decide)
        self.branches = nn.ModuleDict(
            {"text": text, **{name: branches[name] for name in self.sequences}}
        )
        self.cross = cross
        self.decide = nn.ModuleDict({name: decide[name] for name in self.modalities})
        self.modality_dropout = modality_dropout
        self.fusion = fusion

    def forward(self, inputs: Inputs) -> Tensor:
        """Return one logit for each emotion, in float32 under autocast too.

        Shapes:
            inputs of B utterances -> (B, K)
        """
        text = self.branches["text"](*READ["text"](inputs))
        sequences = {
            name: self.branches[name](*READ[name](inputs), text) for name in self.sequences
        }
        vectors = {"text": text.states[:, 0]} | {
            name: mean_of_steps(sequence) for name, sequence in self.cross(sequences).items()
        }
        decisions = [self.decide[name](vectors[name]) for name in self.modalities]
        return fuse(torch.stack(decisions, dim=1), self.modality_dropout, self.fusion)
