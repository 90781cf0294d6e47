"""The convolutional part of a VGG (Simonyan and Zisserman 2015); VGG19 is configuration E."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

CHANNEL_FACTORS = (1, 2, 4, 8, 8)


class ConvBlock(nn.Module):
    """A 3 x 3 convolution, a norm (or `nn.Identity`) and a ReLU."""

    def __init__(self, conv: nn.Conv2d, norm: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.norm = norm
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Keep H and W.

        Shapes:
            (N, C_in, H, W) -> (N, C_out, H, W)
        """
        out: Tensor = self.relu(self.norm(self.conv(x)))
        return out


class Vgg(nn.Module):
    """Five groups of convolutions, each ended by a 2 x 2 max pooling, in channels-last memory.

    Convolutions keep their bias under batch norm, as VGG19-BN does; such a bias has no effect.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        base_channels: int,
        convs_per_group: Sequence[int],
        batch_norm: bool,
    ) -> None:
        super().__init__()
        groups = []
        for num_convs, factor in zip(convs_per_group, CHANNEL_FACTORS, strict=True):
            channels = base_channels * factor
            group = nn.Sequential()
            for _ in range(num_convs):
                norm = nn.BatchNorm2d(channels) if batch_norm else nn.Identity()
                conv = nn.Conv2d(in_channels, channels, kernel_size=3, padding=1)
                group.append(ConvBlock(conv, norm))
                in_channels = channels
            groups.append(group.append(nn.MaxPool2d(kernel_size=2)))
        self.groups = nn.Sequential(*groups).to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Turn each picture into one vector.

        Shapes:
            (N, in_channels, H, W) -> (N, 8 base_channels * H/32 * W/32)
        """
        x = self.groups(x.contiguous(memory_format=torch.channels_last))  # (N, C, H/32, W/32)
        return x.flatten(1)


def num_features(*, base_channels: int, height: int, width: int) -> int:
    """Return the length of the vector that `Vgg` makes of one picture."""
    shrink = 2 ** len(CHANNEL_FACTORS)
    return base_channels * CHANNEL_FACTORS[-1] * (height // shrink) * (width // shrink)
