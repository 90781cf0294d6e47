"""CMHA (Zheng et al. 2022) on the encoders of Xia et al. (2022)."""

from collections.abc import Mapping

from torch import Tensor, nn

from models.configs.base import MODALITIES, Modality
from models.inputs import READ, Inputs


class CmhaModel(nn.Module):
    """Sequences of all modalities, the vector of their serial attention, a head to logits."""

    def __init__(
        self, *, branches: Mapping[Modality, nn.Module], fusion: nn.Module, head: nn.Module
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({name: branches[name] for name in MODALITIES})
        self.fusion = fusion
        self.head = head

    def forward(self, inputs: Inputs) -> Tensor:
        """Return one logit for each emotion, in float32 under autocast too.

        Shapes:
            inputs of B utterances -> (B, K)
        """
        text = self.branches["text"](*READ["text"](inputs))
        audio = self.branches["audio"](*READ["audio"](inputs), text)
        vision = self.branches["vision"](*READ["vision"](inputs), text)
        sequences = {"text": text, "audio": audio, "vision": vision}
        logits: Tensor = self.head(self.fusion(sequences))
        return logits.float()
