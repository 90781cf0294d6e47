"""The branch of a modality, from its inputs to one vector: a decision, or what is fused."""

from torch import Tensor, nn


class Branch(nn.Module):
    """An encoder, and the head on what it leaves."""

    def __init__(self, *, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, *inputs: Tensor) -> Tensor:
        """Encode what the modality gives.

        Shapes:
            inputs of B utterances -> (B, D)
        """
        out: Tensor = self.head(self.encoder(*inputs))
        return out
