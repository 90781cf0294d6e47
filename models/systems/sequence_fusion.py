"""A model that fuses the sequences of its modalities; Le et al. (IEEE Access) is one."""

from collections.abc import Mapping

from torch import Tensor, nn

from models.configs.base import MODALITIES, Modality
from models.inputs import READ, Inputs
from models.parts.sequence import Padded


class SequenceFusionModel(nn.Module):
    """Branches to sequences, their fusion to one sequence, a head to logits.

    Branches map packed or padded inputs of B utterances to a `Padded`, a fusion maps all of them to
    one, a head maps that to logits. In training `modality_dropout` hides some of the sequences.
    """

    def __init__(
        self,
        *,
        branches: Mapping[Modality, nn.Module],
        modality_dropout: nn.Module,
        fusion: nn.Module,
        head: nn.Module,
    ) -> None:
        super().__init__()
        self.modalities = tuple(modality for modality in MODALITIES if modality in branches)
        self.branches = nn.ModuleDict({name: branches[name] for name in self.modalities})
        self.modality_dropout = modality_dropout
        self.fusion = fusion
        self.head = head

    def forward(self, inputs: Inputs) -> Tensor:
        """Return one logit for each emotion, in float32 under autocast too.

        Shapes:
            inputs of B utterances -> (B, K)
        """
        sequences = [self.branches[name](*READ[name](inputs)) for name in self.modalities]
        states = sequences[0].states
        kept = self.modality_dropout(len(states), len(sequences), states.device)  # (B, M)
        sequences = [hide(sequence, kept[:, m]) for m, sequence in enumerate(sequences)]
        logits: Tensor = self.head(self.fusion(*sequences))
        return logits.float()


def hide(sequence: Padded, kept: Tensor) -> Padded:
    """Turn the sequences that are not kept into padding.

    Shapes:
        sequence: (B, T, D), kept: (B,), bool -> (B, T, D)
    """
    states = sequence.states * kept[:, None, None]
    return Padded(states, sequence.mask & kept[:, None])
