"""Convolutional encoders in groups, each of which may be followed by semantic enhancement."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.parts.sem import FrameText, text_of_frames
from models.parts.sequence import Lengths, Padded, pad


class FrozenConvs(nn.Sequential):
    """Convolutions that do not learn; their batch norms stay in evaluation mode."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(*layers)
        self.requires_grad_(False)
        self.train(False)

    def train(self, _mode: bool = True) -> "FrozenConvs":
        """Stay in evaluation mode."""
        super().train(False)
        return self


class ConvGroup(nn.Module):
    """One group of convolutions, then its semantic enhancement, or none."""

    def __init__(self, *, convs: nn.Module, enhance: nn.Module) -> None:
        super().__init__()
        self.convs = convs
        self.enhance = enhance

    def forward(self, x: Tensor, frame_text: FrameText) -> Tensor:
        """Encode a map.

        Shapes:
            (N, C_in, H_in, W_in) -> (N, C, H, W)
        """
        out: Tensor = self.enhance(self.convs(x), frame_text)
        return out


class ConvEncoder(nn.Module):
    """Groups one after the other, in channels-last memory, and a vector of the last map.

    `prepare` comes before the groups, `summarise` makes the vector. The groups of `prefix` are the
    first ones. They do not learn, and at most the last of them is followed by an enhancement: so
    their maps of a picture never change, and may be stored.

    Attributes:
        reads_maps: Whether it gets such maps instead of pictures.
    """

    def __init__(
        self,
        *,
        prepare: nn.Module,
        groups: Mapping[str, nn.Module],
        summarise: nn.Module,
        prefix: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.reads_maps = False
        self.prefix = tuple(prefix)
        self.prepare = prepare
        self.groups = nn.ModuleDict(groups).to(memory_format=torch.channels_last)
        self.summarise = summarise

    def forward(self, pictures: Tensor, frame_text: FrameText) -> Tensor:
        """Turn each picture, or its map, into one vector.

        Shapes:
            (N, C_in, H, W) of pictures or of maps -> (N, D)
        """
        x = pictures if self.reads_maps else self.maps(pictures)
        groups: Any = self.groups
        for name, group in groups.items():
            if name not in self.prefix:
                x = group(x, frame_text)
            elif name == self.prefix[-1]:
                x = group.enhance(x, frame_text)
        vectors: Tensor = self.summarise(x)
        return vectors

    def maps(self, pictures: Tensor) -> Tensor:
        """Return what the prefix leaves of each picture; it is the picture if there is no prefix.

        Shapes:
            (N, C_in, H, W) -> (N, C, H', W'), channels last in memory
        """
        x: Tensor = self.prepare(pictures).contiguous(memory_format=torch.channels_last)
        groups: Any = self.groups
        for name in self.prefix:
            x = groups[name].convs(x)
        return x


class EnhancedBranch(nn.Module):
    """Pictures to states, packed; padded only for what follows over time."""

    def __init__(
        self, *, backbone: ConvEncoder, projection: nn.Module, positions: nn.Module
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projection = projection
        self.positions = positions

    def forward(self, pictures: Tensor, lengths: Lengths, text: Padded) -> Padded:
        """Encode the pictures of each utterance, in the light of its text.

        Shapes:
            pictures: (N, C, H, W), lengths: B with sum N, text: (B, T', D') -> (B, T, D)
        """
        packed = self.projection(self.backbone(pictures, text_of_frames(text, lengths)))  # (N, D)
        states, mask = pad(packed, lengths)
        return Padded(self.positions(states), mask)
