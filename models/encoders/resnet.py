"""ResNet18 (He et al. 2016) without its classifier."""

from collections.abc import Sequence

from torch import Tensor, nn

from models.encoders.vggish import Shape

CHANNEL_FACTORS = {"conv2": 1, "conv3": 2, "conv4": 4, "conv5": 8}


class BasicBlock(nn.Module):
    """y = ReLU(BN(Conv(ReLU(BN(Conv(x))))) + x), x through a 1 x 1 convolution where sizes change.

    Its layers are named as in torchvision's checkpoints. The shortcut takes every `stride`-th pixel
    and convolves these, which is the same as a convolution of that stride. On a CPU, the gradient
    of such a convolution writes out of bounds for fewer than 16 channels (oneDNN 3, issue 6035).
    """

    def __init__(self, *, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.subsample = nn.MaxPool2d(1, stride) if stride > 1 else nn.Identity()
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or in_channels != channels:
            shortcut = nn.Conv2d(in_channels, channels, 1, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Encode a map.

        Shapes:
            (N, in_channels, H, W) -> (N, channels, H / stride, W / stride), rounded up
        """
        out = self.bn1(self.conv1(x)).relu_()
        out = self.bn2(self.conv2(out))
        return out.add_(self.downsample(self.subsample(x))).relu_()


def resnet_groups(
    *, base_channels: int, blocks_per_group: Sequence[int]
) -> dict[str, list[nn.Module]]:
    """Build conv1, then conv2_x, which begins with the max pooling, to conv5_x.

    `blocks_per_group` are those of conv2_x to conv5_x.

    Shapes:
        (N, 3, H, W) -> (N, 8 base_channels, H/32, W/32), rounded up, after the last
    """
    stem = nn.Conv2d(3, base_channels, 7, stride=2, padding=3, bias=False)
    groups: dict[str, list[nn.Module]] = {
        "conv1": [stem, nn.BatchNorm2d(base_channels), nn.ReLU(inplace=True)],
        "conv2": [nn.MaxPool2d(3, stride=2, padding=1)],
    }
    in_channels = base_channels
    pairs = zip(CHANNEL_FACTORS.items(), blocks_per_group, strict=True)
    for (name, factor), num_blocks in pairs:
        blocks = groups.setdefault(name, [])
        for index in range(num_blocks):
            channels = base_channels * factor
            stride = 2 if factor > 1 and index == 0 else 1
            blocks.append(BasicBlock(in_channels=in_channels, channels=channels, stride=stride))
            in_channels = channels
    return groups


def resnet_maps(*, base_channels: int, height: int, width: int) -> dict[str, Shape]:
    """Return the shape of the map that each group leaves of one picture."""
    maps = {}
    for name, factor in {"conv1": 1, **CHANNEL_FACTORS}.items():
        height, width = -(-height // 2), -(-width // 2)
        maps[name] = (base_channels * factor, height, width)
    return maps


class GlobalAverage(nn.Module):
    """The mean over the sites of a map."""

    def forward(self, x: Tensor) -> Tensor:
        """Average.

        Shapes:
            (N, C, H, W) -> (N, C)
        """
        return x.mean((2, 3))


def resnet_parts(groups: dict[str, list[nn.Module]]) -> dict[str, nn.Module]:
    """Name the layers that have parameters as torchvision's checkpoints do."""
    conv, norm, _ = groups["conv1"]
    parts = {"conv1": conv, "bn1": norm}
    for stage, name in enumerate(CHANNEL_FACTORS, start=1):
        blocks = [layer for layer in groups[name] if isinstance(layer, BasicBlock)]
        parts |= {f"layer{stage}.{index}": block for index, block in enumerate(blocks)}
    return parts
