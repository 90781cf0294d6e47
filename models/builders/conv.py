"""Builds convolutional encoders, with or without semantic enhancement."""

from collections.abc import Callable, Collection, Mapping
from math import prod
from typing import Any, NamedTuple

from torch import nn

from models.configs.conv import ConvConfig, ResnetConfig, VggishConfig, frozen_prefix
from models.encoders.conv_group import ConvEncoder, ConvGroup, FrozenConvs
from models.encoders.resnet import GlobalAverage, resnet_groups, resnet_maps, resnet_parts
from models.encoders.vggish import (
    Shape,
    VggishEmbedding,
    vggish_groups,
    vggish_maps,
    vggish_parts,
)
from models.groups import mark_pretrained
from models.parts.sem import NoEnhancement
from models.weights.conv import load_conv_weights

Enhance = Callable[[Shape], nn.Module]
"""Makes the semantic enhancement of a map from its shape, (C, H, W)."""


def build_conv_encoder(
    config: ConvConfig, *, frozen: Collection[str], enhance: Mapping[str, Enhance]
) -> tuple[ConvEncoder, int]:
    """Build an encoder, and load its checkpoint if the config names one.

    Args:
        config: Its sizes and weights.
        frozen: The groups that do not learn.
        enhance: What follows some of the groups.

    Returns:
        The encoder, and the length of its vectors.

    Raises:
        WeightsError: If the checkpoint is not available.
    """
    layout = LAYOUTS[config.architecture](config)
    if config.pretrained:
        load_conv_weights(config.weights, config.architecture, layout.parts)
        for part in layout.parts.values():
            mark_pretrained(part)
    groups = {
        name: ConvGroup(
            convs=FrozenConvs(*layers) if name in frozen else nn.Sequential(*layers),
            enhance=enhance[name](layout.maps[name]) if name in enhance else NoEnhancement(),
        )
        for name, layers in layout.groups.items()
    }
    prepare = nn.AvgPool2d(config.pool)
    encoder = ConvEncoder(
        prepare=prepare,
        groups=groups,
        summarise=layout.summarise,
        prefix=frozen_prefix(config.groups, frozen, enhance),
    )
    return encoder, layout.width


class _Layout(NamedTuple):
    """The parts of an encoder.

    Attributes:
        groups: The layers of each.
        maps: The shape of the map that each group leaves.
        summarise: Makes a vector of the last map.
        width: The length of that vector.
        parts: The modules that have parameters, by the names of the published file.
    """

    groups: dict[str, list[nn.Module]]
    maps: dict[str, Shape]
    summarise: nn.Module
    width: int
    parts: dict[str, nn.Module]


def _vggish(config: VggishConfig) -> _Layout:
    rows, columns = config.pool
    groups = vggish_groups(
        base_channels=config.base_channels, convs_per_group=config.convs_per_group
    )
    maps = vggish_maps(
        base_channels=config.base_channels,
        height=config.chunk_frames // rows,
        width=config.num_mels // columns,
    )
    embed = VggishEmbedding(
        features=prod(maps["conv4"]), hidden=config.hidden, embedding=config.embedding
    )
    return _Layout(groups, maps, embed, config.embedding, vggish_parts(groups, embed))


def _resnet(config: ResnetConfig) -> _Layout:
    rows, columns = config.pool
    groups = resnet_groups(
        base_channels=config.base_channels, blocks_per_group=config.blocks_per_group
    )
    maps = resnet_maps(
        base_channels=config.base_channels,
        height=config.face_px // rows,
        width=config.face_px // columns,
    )
    channels, _, _ = maps["conv5"]
    return _Layout(groups, maps, GlobalAverage(), channels, resnet_parts(groups))


LAYOUTS: dict[str, Callable[[Any], _Layout]] = {"resnet18": _resnet, "vggish": _vggish}
"""What makes the layout of an encoder, by its architecture."""
