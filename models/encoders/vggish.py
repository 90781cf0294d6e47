"""VGGish (Hershey et al. 2017): VGG's configuration A without its last group, on log-mel chunks."""

from collections.abc import Sequence

from torch import Tensor, nn

Shape = tuple[int, int, int]
"""Channels, height and width of a map."""

CHANNEL_FACTORS = {"conv1": 1, "conv2": 2, "conv3": 4, "conv4": 8}


def vggish_groups(
    *, base_channels: int, convs_per_group: Sequence[int]
) -> dict[str, list[nn.Module]]:
    """Build 3 x 3 convolutions, each with a ReLU, and the 2 x 2 max pooling that ends a group.

    Shapes:
        (N, 1, H, W) -> (N, 8 base_channels, H/16, W/16) after the last
    """
    groups, in_channels = {}, 1
    pairs = zip(CHANNEL_FACTORS.items(), convs_per_group, strict=True)
    for (name, factor), num_convs in pairs:
        layers: list[nn.Module] = []
        for _ in range(num_convs):
            out_channels = base_channels * factor
            layers += [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(inplace=True)]
            in_channels = out_channels
        groups[name] = [*layers, nn.MaxPool2d(2)]
    return groups


def vggish_maps(*, base_channels: int, height: int, width: int) -> dict[str, Shape]:
    """Return the shape of the map that each group leaves of one picture."""
    maps = {}
    for name, factor in CHANNEL_FACTORS.items():
        height, width = height // 2, width // 2
        maps[name] = (base_channels * factor, height, width)
    return maps


class VggishEmbedding(nn.Module):
    """Three linear layers, each with a ReLU, on the last map, flattened site after site.

    The published weights expect that order, (H, W, C). Later releases of them are used without the
    last ReLU.
    """

    def __init__(self, *, features: int, hidden: int, embedding: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, embedding),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Turn a map into a vector.

        Shapes:
            (N, C, H, W) with CHW features -> (N, embedding)
        """
        vectors: Tensor = self.layers(x.permute(0, 2, 3, 1).flatten(1))  # of (N, HWC)
        return vectors


def vggish_parts(
    groups: dict[str, list[nn.Module]], embed: VggishEmbedding
) -> dict[str, nn.Module]:
    """Name the layers that have parameters as the published file does."""
    convs = [layer for layers in groups.values() for layer in layers]
    numbered = {
        **{f"features.{index}": layer for index, layer in enumerate(convs)},
        **{f"embeddings.{index}": layer for index, layer in enumerate(embed.layers)},
    }
    return {name: layer for name, layer in numbered.items() if [*layer.parameters()]}
