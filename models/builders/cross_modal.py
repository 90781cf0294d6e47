"""Builds encoders across modalities."""

from collections.abc import Iterable

from torch import nn

from models.configs import xia as configs
from models.configs.xia import XiaConfig
from models.fusion.cross_modal import (
    BiCrossLayer,
    BottleneckTransformer,
    CompressExpand,
    IndependentTransformers,
    JointTransformer,
    NagraniLayer,
)
from models.parts.layers import Attention
from models.parts.positions import PositionedAttention, SinePositions
from models.parts.pre_norm import PreNormFeedForward, PreNormLayer
from models.parts.transformer import Transformer


def build_cross_modal(config: XiaConfig) -> nn.Module:
    """Build the encoder that reads the sequences of sound and faces together."""
    match config.cross:
        case configs.NoTemporal():
            return nn.Identity()
        case configs.Independent(depth=depth):
            return _independent(config, depth)
        case configs.Bottleneck(num_tokens=num_tokens, depth=depth, token_std=token_std):
            return BottleneckTransformer(
                num_tokens=num_tokens,
                width=config.width,
                token_std=token_std,
                layers=[_compress_expand(config) for _ in range(depth)],
            )
        case configs.Joint(depth=depth):
            return JointTransformer(_transformer(config, depth))
        case configs.BiCross(depth=depth, self_attention=self_attention):
            exchange = nn.Sequential(*(_bicross(config) for _ in range(depth)))
            after = _independent(config, depth) if self_attention else nn.Identity()
            return nn.Sequential(exchange, after)
        case configs.NagraniBottleneck(num_tokens=num_tokens, depth=depth):
            return BottleneckTransformer(
                num_tokens=num_tokens,
                width=config.width,
                token_std=1.0,
                layers=[NagraniLayer(_layers(config, len(config.sequences))) for _ in range(depth)],
            )


def _independent(config: XiaConfig, depth: int) -> IndependentTransformers:
    return IndependentTransformers({name: _transformer(config, depth) for name in config.sequences})


def _transformer(config: XiaConfig, depth: int) -> Transformer:
    return Transformer(cls=nn.Identity(), layers=_layers(config, depth))


def _layers(config: XiaConfig, number: int) -> list[PreNormLayer]:
    return [
        PreNormLayer(
            attention=_attention(config, at=("queries", "keys")),
            width=config.width,
            feed_forward=config.layer.feed_forward,
            dropout=config.layer.dropout,
        )
        for _ in range(number)
    ]


def _compress_expand(config: XiaConfig) -> CompressExpand:
    """Build a layer whose learned tokens, unlike the steps of a sequence, have no position."""
    return CompressExpand(
        width=config.width,
        compress={name: _attention(config, at=("keys",)) for name in config.sequences},
        expand={name: _attention(config, at=("queries",)) for name in config.sequences},
        feed_forward=_feed_forwards(config),
        dropout=config.layer.dropout,
    )


def _bicross(config: XiaConfig) -> BiCrossLayer:
    return BiCrossLayer(
        width=config.width,
        attention={name: _attention(config, at=("queries", "keys")) for name in config.sequences},
        feed_forward=_feed_forwards(config),
        dropout=config.layer.dropout,
    )


def _feed_forwards(config: XiaConfig) -> dict[str, PreNormFeedForward]:
    return {
        name: PreNormFeedForward(
            width=config.width,
            hidden=config.layer.feed_forward,
            dropout=config.layer.dropout,
        )
        for name in config.sequences
    }


def _attention(config: XiaConfig, *, at: Iterable[str]) -> Attention:
    """Build attention; `at` says which of its queries and keys are steps with a position."""
    if config.positions != "queries_and_keys":
        return Attention(
            width=config.width, num_heads=config.layer.num_heads, dropout=config.layer.dropout
        )
    return PositionedAttention(
        width=config.width,
        num_heads=config.layer.num_heads,
        dropout=config.layer.dropout,
        at_queries=SinePositions() if "queries" in at else nn.Identity(),
        at_keys=SinePositions() if "keys" in at else nn.Identity(),
    )
