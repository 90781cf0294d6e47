"""The branch of a modality, from its inputs to one vector: a decision, or a part of a fusion."""

from torch import Tensor, nn


class Branch(nn.Module):
    """An encoder, and the head on its output."""

    def __init__(self, *, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, *inputs: Tensor) -> Tensor:
        """Encode the inputs of the modality.

        Shapes:
            inputs of B utterances -> (B, D)
        """
        out: Tensor = self.head(self.encoder(*inputs))
        return out
