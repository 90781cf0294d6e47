"""The frozen prefix of an encoder of pictures alone, and models that read its maps."""

from typing import Any

from torch import nn

from models.builders.conv import build_conv_encoder
from models.configs.base import Modality, SystemConfig
from models.configs.conv import ConvConfig
from models.encoders.conv_group import ConvEncoder


def build_prefix(config: SystemConfig, modality: Modality) -> ConvEncoder:
    """Build an encoder whose method `maps` does what the frozen prefix of a model does.

    Raises:
        WeightsError: If its checkpoint is not available.
    """
    encoder = config.encoders[modality]
    if not isinstance(encoder, ConvConfig):
        raise TypeError(f"{type(encoder).__name__} encodes no pictures")
    prefix = config.frozen_prefixes[modality]
    built, _ = build_conv_encoder(encoder, frozen=prefix, enhance={})
    for name in set(encoder.groups) - set(prefix):
        del built.groups[name]
    built.summarise = nn.Identity()
    return built


def let_read_maps(model: nn.Module, modality: Modality) -> None:
    """Let a model read the maps of a frozen prefix instead of the pictures of a modality."""
    branches: Any = model.get_submodule("branches")
    branches[modality].backbone.reads_maps = True
