"""The model of Le et al. (IEEE Access), one slot for each of its parts."""

from torch import Tensor, nn

from models.inputs import Inputs


class LeModel(nn.Module):
    """Branches to sequences, their fusion to one sequence, a head to logits.

    Branches map packed or padded inputs of B utterances to a `Padded`, a fusion maps the three of
    them to one, a head maps that to logits.
    """

    def __init__(
        self,
        *,
        text: nn.Module,
        audio: nn.Module,
        vision: nn.Module,
        fusion: nn.Module,
        head: nn.Module,
    ) -> None:
        super().__init__()
        self.text = text
        self.audio = audio
        self.vision = vision
        self.fusion = fusion
        self.head = head

    def forward(self, inputs: Inputs) -> Tensor:
        """Return one logit an emotion, in float32 under autocast too.

        Shapes:
            inputs of B utterances -> (B, K)
        """
        sequences = (
            self.text(inputs.tokens, inputs.token_mask),
            self.audio(inputs.mels, inputs.num_chunks),
            self.vision(inputs.faces, inputs.num_faces),
        )
        logits: Tensor = self.head(self.fusion(*sequences))
        return logits.float()
