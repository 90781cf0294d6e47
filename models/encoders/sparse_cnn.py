"""The sparse, text-guided CNN of MESM (Dai et al., NAACL 2021).

Sub-manifold convolutions are computed densely, with a mask of the active sites: an inactive site is
zero, and the output of a convolution there is set to zero. Max pooling remains exact, because
values after a ReLU are not negative.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from models.encoders.dai_cnn import low_level
from models.parts.masked_norm import MaskedBatchNorm
from models.parts.sequence import Lengths, Padded, pad, repeat_each, send
from models.parts.weighing import Weighing


class SiteAttention(Weighing):
    """e_p = u . tanh(W_x x_p + W_y t + b) + b_u, softmax over the active sites of a picture.

    b_u shifts all scores of a picture alike: no loss depends on it, so it is frozen.
    """

    def __init__(self, *, channels: int, guide_width: int, hidden: int) -> None:
        super().__init__()
        self.of_site = nn.Linear(channels, hidden)
        self.of_guide = nn.Linear(guide_width, hidden, bias=False)
        self.score = nn.Linear(hidden, 1)
        self.score.bias.requires_grad_(False)

    def forward(self, x: Tensor, active: Tensor, guide: Tensor) -> Tensor:
        """Weigh each site, in float32; inactive ones have the weight 0.

        Shapes:
            x: (N, C, H, W), active: (N, 1, H, W), 1 or 0, guide: (N, D) -> (N, H*W)
        """
        sites = self.of_site(x.flatten(2).transpose(1, 2))  # (N, H*W, hidden)
        scores = self.score((sites + self.of_guide(guide)[:, None]).tanh()).squeeze(-1)
        return scores.float().masked_fill(active.flatten(1) == 0, -torch.inf).softmax(dim=-1)

    def weights(self, x: Tensor, active: Tensor, guide: Tensor) -> Tensor:
        """Return the output of `forward`; its nucleus is kept."""
        return self.forward(x, active, guide)


class HardGate(nn.Module):
    """1 where a site is kept, else 0: the attention gets no gradient, as in the code base."""

    def forward(self, weights: Tensor, kept: Tensor) -> Tensor:
        """Gate each site.

        Shapes:
            weights: (N, H*W), kept: (N, H*W), bool -> (N, H*W)
        """
        return kept.to(weights.dtype)


class StraightThroughGate(nn.Module):
    """1 + a_p - sg(a_p) where a site is kept: the same values, with the gradient of a_p."""

    def forward(self, weights: Tensor, kept: Tensor) -> Tensor:
        """Gate each site.

        Shapes:
            weights: (N, H*W), kept: (N, H*W), bool -> (N, H*W)
        """
        return kept * (1 + weights - weights.detach())


class OwnSites(nn.Module):
    """The kept sites stay where they are."""

    def forward(self, x: Tensor, kept: Tensor) -> Tensor:
        """Return the map as it is.

        Shapes:
            x: (N, C, H, W), kept: (N, H*W), bool -> (N, C, H, W)
        """
        return x


class MixedSites(nn.Module):
    """The kept sites change places, across pictures and utterances, as in the paper's code base.

    It lists the values of all kept sites in the order (picture, row, column), their places in the
    order (row, column, picture), and joins the two lists.
    """

    def forward(self, x: Tensor, kept: Tensor) -> Tensor:
        """Move the values of the kept sites; those of the others may go anywhere among the others.

        Shapes:
            x: (N, C, H, W), kept: (N, H*W), bool -> (N, C, H, W)
        """
        num_pictures, num_sites = kept.shape
        places = torch.arange(kept.numel(), device=kept.device).view_as(kept)  # (N, H*W)
        by_picture = _kept_first(kept).argsort(stable=True)  # (N*H*W,)
        by_site = places.T.flatten()[_kept_first(kept.T).argsort(stable=True)]  # (N*H*W,)
        values = x.flatten(2).transpose(1, 2).flatten(0, 1)  # (N*H*W, C)
        moved = values.new_zeros(values.shape).index_copy(0, by_site, values[by_picture])
        moved = moved.view(num_pictures, num_sites, -1).transpose(1, 2)  # (N, C, H*W)
        return moved.reshape(x.shape).contiguous(memory_format=torch.channels_last)


def _kept_first(kept: Tensor) -> Tensor:
    """0 for each kept site and 1 for each other, in one row."""
    return kept.flatten().logical_not().to(torch.uint8)


class SparseBlock(nn.Module):
    """A sub-manifold 3 x 3 convolution without bias, batch norm over active sites, ReLU."""

    def __init__(self, *, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False)
        self.norm = MaskedBatchNorm(out_channels)

    def forward(self, x: Tensor, active: Tensor) -> Tensor:
        """Convolve; inactive sites stay zero.

        Shapes:
            x: (N, C_in, H, W), active: (N, 1, H, W), 1 or 0 -> (N, C_out, H, W)
        """
        out: Tensor = self.norm(self.conv(x), active).relu() * active
        return out


class SparseStage(nn.Module):
    """Drops all sites but the nucleus of the attention; sparse convolutions, max pooling follow.

    `place` says where the values of the kept sites go.
    """

    def __init__(
        self,
        *,
        attention: nn.Module,
        tau: float,
        gate: nn.Module,
        place: nn.Module,
        blocks: Iterable[nn.Module],
    ) -> None:
        super().__init__()
        self.attention = attention
        self.tau = tau
        self.gate = gate
        self.place = place
        self.blocks = nn.ModuleList(blocks)
        self.pool = nn.MaxPool2d(kernel_size=2)

    def forward(self, x: Tensor, active: Tensor, guide: Tensor) -> tuple[Tensor, Tensor]:
        """Return the map and its active sites: a pooled site is active if one of its sites was.

        Shapes:
            x: (N, C_in, H, W), active: (N, 1, H, W), 1 or 0, guide: (N, D)
            -> (N, C_out, H/2, W/2), (N, 1, H/2, W/2)
        """
        weights = self.attention(x, active, guide)  # (N, H*W)
        kept = nucleus(weights, self.tau)
        gate = self.gate(weights, kept).to(x.dtype)
        x = self.place(x * gate.view_as(active), kept)
        active = kept.to(x.dtype).view_as(active)
        for block in self.blocks:
            x = block(x, active)
        return self.pool(x), self.pool(active)


class SparseCnn(nn.Module):
    """The low level of `DaiCnn`, and sparse stages in place of its dense ones."""

    def __init__(
        self, *, in_channels: int, base_channels: int, stages: Iterable[SparseStage]
    ) -> None:
        super().__init__()
        self.low = low_level(in_channels=in_channels, base_channels=base_channels)
        self.stages = nn.ModuleList(stages).to(memory_format=torch.channels_last)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        """Turn each picture into one vector, led by the text vector of its utterance.

        Shapes:
            x: (N, in_channels, H, W), guide: (N, D) -> (N, 8 base_channels * H/16 * W/16)
        """
        x = self.low(x.contiguous(memory_format=torch.channels_last))  # (N, C, H/2, W/2)
        active = torch.ones_like(x[:, :1])
        for stage in self.stages:
            x, active = stage(x, active, guide)
        return x.flatten(1)


class GuidedBranch(nn.Module):
    """`PackedBranch` with a guide: each picture sees the text vector of its utterance."""

    def __init__(
        self,
        *,
        prepare: nn.Module,
        backbone: nn.Module,
        projection: nn.Module,
        temporal: nn.Module,
    ) -> None:
        super().__init__()
        self.prepare = prepare
        self.backbone = backbone
        self.projection = projection
        self.temporal = temporal

    def forward(self, pictures: Tensor, lengths: Lengths, guide: Tensor) -> Padded:
        """Encode the pictures of each utterance.

        Shapes:
            pictures: (N, C, H, W), lengths: B with sum N, guide: (B, D) -> (B, T, width)
        """
        each = repeat_each(range(len(guide)), lengths)  # (N,)
        guides = guide.index_select(0, send(each, guide.device))  # (N, D)
        packed = self.projection(self.backbone(self.prepare(pictures), guides))  # (N, width)
        sequence: Padded = self.temporal(pad(packed, lengths))
        return sequence


def nucleus(weights: Tensor, tau: float) -> Tensor:
    """Keep the fewest sites, those of the largest weights, whose weights add up to `tau` or more.

    Departure: if rounding leaves the sum of all sites below `tau`, all are kept; the paper's code
    base fails in that case.

    Shapes:
        (N, sites), each row of sum 1 -> (N, sites), bool
    """
    ordered, sites = weights.sort(dim=-1, descending=True, stable=True)
    mass_before = ordered.cumsum(dim=-1) - ordered
    kept = torch.zeros_like(weights, dtype=torch.bool).scatter(-1, sites, mass_before < tau)
    return kept & (weights > 0)
