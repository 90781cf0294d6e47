"""The branch of a modality whose pictures arrive packed: faces, or chunks of a mel spectrogram."""

from torch import Tensor, nn

from models.parts.sequence import Lengths, Padded, pad


class PackedBranch(nn.Module):
    """Pictures to states, packed; padded only for the temporal transformer over them.

    `finish` takes the sequence that this leaves; `nn.Identity` keeps it.
    """

    def __init__(
        self,
        *,
        prepare: nn.Module,
        backbone: nn.Module,
        projection: nn.Module,
        temporal: nn.Module,
        finish: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.prepare = prepare
        self.backbone = backbone
        self.projection = projection
        self.temporal = temporal
        self.finish = finish or nn.Identity()

    def forward(self, pictures: Tensor, lengths: Lengths) -> Padded:
        """Encode the pictures of each utterance.

        Shapes:
            pictures: (N, C, H, W), lengths: B with sum N -> (B, T, D)
        """
        packed = self.projection(self.backbone(self.prepare(pictures)))  # (N, D)
        sequence: Padded = self.finish(self.temporal(pad(packed, lengths)))
        return sequence
