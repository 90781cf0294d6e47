"""Builds CMHA on the encoders of Xia et al."""

from torch import nn

from models.builders.conv import build_conv_encoder
from models.builders.text import build_text_encoder
from models.configs.cmha import CmhaConfig
from models.configs.conv import ConvConfig
from models.encoders.conv_group import EnhancedBranch
from models.encoders.text import TextBranch
from models.fusion.serial_attention import ORDERS, SerialAttention
from models.parts.mlp import mlp
from models.systems.cmha import CmhaModel
from models.task import Task


def build_cmha(config: CmhaConfig, task: Task) -> CmhaModel:
    """Build the branches, their serial attention and the head."""
    text = build_text_encoder(config.text)
    return CmhaModel(
        branches={
            "text": TextBranch(backbone=text, projection=nn.Linear(text.width, config.width)),
            "audio": _branch(config, config.audio),
            "vision": _branch(config, config.vision),
        },
        fusion=SerialAttention(
            width=config.width, num_heads=config.num_heads, dropout=config.dropout
        ),
        head=mlp(
            features=len(ORDERS) * config.width,
            hidden=config.hidden,
            num_emotions=task.num_emotions,
            dropout=config.dropout,
        ),
    )


def _branch(config: CmhaConfig, encoder: ConvConfig) -> EnhancedBranch:
    """Project an encoder's vectors, without positions: the description mentions none."""
    backbone, width = build_conv_encoder(encoder, frozen=encoder.frozen, enhance={})
    return EnhancedBranch(
        backbone=backbone,
        projection=nn.Linear(width, config.width),
        positions=nn.Identity(),
    )
