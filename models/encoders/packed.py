"""The branch of a modality whose pictures arrive packed: faces, or chunks of a mel spectrogram."""

from torch import Tensor, nn

from models.parts.sequence import Lengths, Padded, keep_first, pad


class PackedBranch(nn.Module):
    """Pictures to states, packed; padded only for the temporal transformer over them.

    `finish` takes the sequence that this leaves; `nn.Identity` keeps it. With `first_only`, all but
    the first picture of an utterance are left out.
    """

    def __init__(
        self,
        *,
        prepare: nn.Module,
        backbone: nn.Module,
        projection: nn.Module,
        temporal: nn.Module,
        finish: nn.Module | None = None,
        first_only: bool = False,
    ) -> None:
        super().__init__()
        self.prepare = prepare
        self.backbone = backbone
        self.projection = projection
        self.temporal = temporal
        self.finish = finish or nn.Identity()
        self.first_only = first_only

    def forward(self, pictures: Tensor, lengths: Lengths) -> Padded:
        """Encode the pictures of each utterance.

        Shapes:
            pictures: (N, C, H, W), lengths: B with sum N -> (B, T, D)
        """
        if self.first_only:
            pictures, lengths = keep_first(pictures, lengths)
        packed = self.projection(self.backbone(self.prepare(pictures)))  # (N, D)
        sequence: Padded = self.finish(self.temporal(pad(packed, lengths)))
        return sequence
