"""Builds the model of Xia et al., also with parts left out or replaced."""

from functools import partial

from torch import nn

from models.builders.conv import build_conv_encoder
from models.builders.cross_modal import build_cross_modal
from models.builders.decision_fusion import build_decision_fusion
from models.builders.text import build_text_encoder
from models.configs import xia as configs
from models.configs.base import Modality
from models.configs.xia import XiaConfig
from models.encoders.conv_group import EnhancedBranch
from models.encoders.no_text import NoText
from models.encoders.text import TextBranch
from models.encoders.vggish import Shape
from models.parts.mlp import mlp
from models.parts.modality_dropout import ModalityDropout
from models.parts.positions import SinePositions
from models.parts.sem import (
    FirstState,
    Gate,
    IdentityConv,
    OverOneKey,
    OverSites,
    OverTokens,
    RescaledOverSites,
    SemanticEnhancement,
)
from models.systems.xia import XiaModel
from models.task import Task


def build_xia(config: XiaConfig, task: Task) -> XiaModel:
    """Build the branches, the encoder across them, and the decisions that the config names."""
    text, text_width = _text(config)
    return XiaModel(
        text=text,
        branches={name: _branch(config, name, text_width) for name in config.sequences},
        cross=build_cross_modal(config),
        decide={
            name: mlp(
                features=text_width if name == "text" else config.width,
                hidden=config.mlp_hidden,
                num_emotions=task.num_emotions,
                dropout=config.mlp_dropout,
            )
            for name in config.modalities
        },
        modality_dropout=ModalityDropout(config.modality_dropout),
        fusion=build_decision_fusion(
            config.fusion,
            num_modalities=len(config.modalities),
            num_emotions=task.num_emotions,
        ),
    )


def _text(config: XiaConfig) -> tuple[nn.Module, int]:
    """Build the branch of the text; also return the length of its states."""
    if not config.reads_text:
        return NoText(), 0
    encoder = build_text_encoder(config.text)
    return TextBranch(backbone=encoder, projection=nn.Identity()), encoder.width


def _branch(config: XiaConfig, modality: Modality, text_width: int) -> EnhancedBranch:
    encoder = config.audio if modality == "audio" else config.vision
    frozen = configs.frozen_groups(encoder, config.sem)
    enhance = dict.fromkeys(encoder.sem_after, partial(_sem, config.sem, text_width=text_width))
    backbone, width = build_conv_encoder(encoder, frozen=frozen, enhance=enhance)
    return EnhancedBranch(
        backbone=backbone,
        projection=nn.Linear(width, config.width),
        positions=SinePositions() if config.positions == "states" else nn.Identity(),
    )


def _sem(config: configs.SemConfig, shape: Shape, *, text_width: int) -> SemanticEnhancement:
    """Build a semantic enhancement of a map of (C, H, W)."""
    channels, height, width = shape
    over_sites = RescaledOverSites() if config.rescale else OverSites()
    attention = {
        "spatial": over_sites,
        "key": OverOneKey(),
        "sigmoid": Gate(),
        "tokens": OverTokens(),
    }
    norms = {"map": (height * width, channels), "channels": (channels,)}
    identity = config.init == "identity"
    return SemanticEnhancement(
        channels=channels,
        text_width=text_width,
        read=nn.Identity() if config.attention == "tokens" else FirstState(),
        attend=attention[config.attention],
        norm=nn.LayerNorm(norms[config.norm]),
        out=IdentityConv(channels) if identity else nn.Conv2d(channels, channels, kernel_size=1),
    )
