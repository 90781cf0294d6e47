"""The small CNN of Dai et al. (NAACL 2021), which is VGG-like."""

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import Tensor, nn

from models.encoders.vgg import ConvBlock

CHANNEL_FACTORS = (1, 2, 4, 8)
"""Channels after the low level and after each stage, in multiples of the base channels."""

SHRINK = 2 ** len(CHANNEL_FACTORS)


class DaiCnn(nn.Module):
    """Low-level convolutions and three stages, each ended by a 2 x 2 max pooling.

    A convolution keeps its bias under batch norm, as in the paper's code base; it has no effect.
    """

    def __init__(self, *, in_channels: int, base_channels: int) -> None:
        super().__init__()
        self.low = low_level(in_channels=in_channels, base_channels=base_channels)
        self.stages = nn.Sequential(*_stages(base_channels)).to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Turn each picture into one vector.

        Shapes:
            (N, in_channels, H, W) -> (N, 8 base_channels * H/16 * W/16)
        """
        x = self.low(x.contiguous(memory_format=torch.channels_last))  # (N, C, H/2, W/2)
        return self.stages(x).flatten(1)


def low_level(*, in_channels: int, base_channels: int) -> nn.Sequential:
    """Build the first convolutions, which MESM shares.

    Shapes:
        (N, in_channels, H, W) -> (N, base_channels, H/2, W/2)
    """
    first = nn.Conv2d(in_channels, base_channels, kernel_size=5, padding=2)
    return nn.Sequential(
        ConvBlock(first, nn.BatchNorm2d(base_channels)),
        nn.MaxPool2d(kernel_size=2),
        *_pair(base_channels, base_channels),
        *_pair(base_channels, base_channels),
    ).to(memory_format=torch.channels_last)


def stage_channels(base_channels: int) -> list[tuple[int, int]]:
    """Return the channels into and out of each stage after the low level."""
    channels = [base_channels * factor for factor in CHANNEL_FACTORS]
    return list(pairwise(channels))


def num_features(*, base_channels: int, height: int, width: int) -> int:
    """Return the length of the vector that the CNN makes of one picture."""
    return base_channels * CHANNEL_FACTORS[-1] * (height // SHRINK) * (width // SHRINK)


def _stages(base_channels: int) -> list[nn.Module]:
    return [
        nn.Sequential(
            OrderedDict(
                blocks=nn.Sequential(*_pair(channels, out)), pool=nn.MaxPool2d(kernel_size=2)
            )
        )
        for channels, out in stage_channels(base_channels)
    ]


def _pair(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Build two 3 x 3 convolutions, each with batch norm and ReLU."""
    return [
        ConvBlock(
            nn.Conv2d(channels, out_channels, kernel_size=3, padding=1),
            nn.BatchNorm2d(out_channels),
        )
        for channels in (in_channels, out_channels)
    ]
