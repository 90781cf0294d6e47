"""Builds the model of Le et al., and fusions beyond it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import nn

from models.builders.text import build_text_encoder
from models.configs import le as configs
from models.configs.base import Config, Modality
from models.configs.le import LeConfig
from models.encoders.log_mel import LogMel
from models.encoders.packed import PackedBranch
from models.encoders.text import TextBranch
from models.encoders.vgg import Vgg, num_features
from models.fusion.sequences import (
    BottleneckFusion,
    BottleneckLayer,
    EarlyFusion,
    GatedFusion,
    Join,
)
from models.parts.heads import ClsClassifier, EmotionClassifier
from models.parts.layers import DecoderLayer, EncoderLayer
from models.parts.modality_dropout import ModalityDropout
from models.parts.projection import projection
from models.parts.transformer import ClsToken, Transformer
from models.systems.sequence_fusion import SequenceFusionModel
from models.task import Task

Branches = Mapping[Modality, nn.Module]


def build_le(config: LeConfig, task: Task) -> SequenceFusionModel:
    """Build the branches, the fusion and the head that the config names."""
    branches = {modality: BRANCHES[modality](config) for modality in config.modalities}
    fusion, width = FUSIONS[type(config.fusion)](config.fusion, config, branches)
    return SequenceFusionModel(
        branches=branches,
        modality_dropout=ModalityDropout(config.modality_dropout),
        fusion=fusion,
        head=_head(config, width, task.num_emotions),
    )


def _head(config: LeConfig, width: int, num_emotions: int) -> nn.Module:
    match config.head:
        case configs.ClsHead():
            return ClsClassifier(width=width, num_emotions=num_emotions)
        case configs.EmotionDecoder(depth=depth):
            return EmotionClassifier(
                width=width,
                num_emotions=num_emotions,
                layers=[_layer(DecoderLayer, config) for _ in range(depth)],
            )


def _transformer(config: LeConfig, *, cls: nn.Module, depth: int) -> Transformer:
    return Transformer(cls=cls, layers=[_layer(EncoderLayer, config) for _ in range(depth)])


def _layer(kind: type[EncoderLayer] | type[DecoderLayer], config: LeConfig) -> nn.Module:
    return kind(
        width=config.width,
        num_heads=config.layer.num_heads,
        feed_forward=config.layer.feed_forward,
        dropout=config.layer.dropout,
    )


def _text(config: LeConfig) -> TextBranch:
    """Build the text branch; without fusion, the head reads its [CLS] state directly."""
    encoder = build_text_encoder(config.text)
    if config.fusion.kind == "none":
        return TextBranch(backbone=encoder, projection=nn.Identity())
    project = projection(
        features=encoder.width, hidden=config.text.projection_hidden, width=config.width
    )
    return TextBranch(backbone=encoder, projection=project)


def _audio(config: LeConfig) -> PackedBranch:
    audio = config.audio
    compress = LogMel() if audio.log_mel else nn.Identity()
    picture = (1, audio.num_mels, audio.chunk_frames)
    return _packed(config, audio, compress=compress, picture=picture)


def _vision(config: LeConfig) -> PackedBranch:
    face_px = config.vision.face_px
    return _packed(config, config.vision, compress=nn.Identity(), picture=(3, face_px, face_px))


def _packed(
    config: LeConfig,
    vgg: configs.VggConfig,
    *,
    compress: nn.Module,
    picture: tuple[int, int, int],
) -> PackedBranch:
    """Build a branch for pictures of (channels, height, width).

    It has a learned [CLS] if no fusion of whole sequences follows.
    """
    channels, height, width = picture
    rows, columns = vgg.pool
    features = num_features(
        base_channels=vgg.base_channels, height=height // rows, width=width // columns
    )
    leaves_sequence = config.fusion.kind in configs.FUSIONS_OF_SEQUENCES
    cls = nn.Identity() if leaves_sequence else ClsToken(width=config.width)
    return PackedBranch(
        prepare=nn.Sequential(nn.AvgPool2d(vgg.pool), compress),
        backbone=Vgg(
            in_channels=channels,
            base_channels=vgg.base_channels,
            convs_per_group=vgg.convs_per_group,
            batch_norm=vgg.batch_norm,
        ),
        projection=projection(features=features, hidden=vgg.projection_hidden, width=config.width),
        temporal=_transformer(config, cls=cls, depth=vgg.depth),
    )


BRANCHES: dict[Modality, Callable[[LeConfig], nn.Module]] = {
    "text": _text,
    "audio": _audio,
    "vision": _vision,
}


class Fused(NamedTuple):
    """A fusion, and the width of the sequence that it leaves."""

    fusion: nn.Module
    width: int


def _no_fusion(_: configs.NoFusion, config: LeConfig, branches: Branches) -> Fused:
    (branch,) = branches.values()
    return Fused(Join(), branch.backbone.width if isinstance(branch, TextBranch) else config.width)


def _early(fusion: configs.EarlyFusion, config: LeConfig, branches: Branches) -> Fused:
    early = EarlyFusion(
        num_modalities=len(branches),
        width=config.width,
        hidden=fusion.hidden,
        dropout=fusion.dropout,
    )
    return Fused(early, fusion.hidden)


def _gated(fusion: configs.GatedFusion, config: LeConfig, branches: Branches) -> Fused:
    gated = GatedFusion(num_modalities=len(branches), width=config.width, hidden=fusion.hidden)
    return Fused(gated, fusion.hidden)


def _over_all_tokens(fusion: configs.TransformerFusion, config: LeConfig, _: Branches) -> Fused:
    """Build a transformer; the fused sequence is the only one with a learned [CLS]."""
    cls = ClsToken(width=config.width)
    return Fused(_transformer(config, cls=cls, depth=fusion.depth), config.width)


def _bottleneck(fusion: configs.BottleneckFusion, config: LeConfig, branches: Branches) -> Fused:
    layers = [
        BottleneckLayer(_layer(EncoderLayer, config) for _ in branches) for _ in range(fusion.depth)
    ]
    bottleneck = BottleneckFusion(num_tokens=fusion.num_tokens, width=config.width, layers=layers)
    return Fused(bottleneck, config.width)


FUSIONS: dict[type[Config], Callable[[Any, LeConfig, Branches], Fused]] = {
    configs.NoFusion: _no_fusion,
    configs.EarlyFusion: _early,
    configs.GatedFusion: _gated,
    configs.TransformerFusion: _over_all_tokens,
    configs.BottleneckFusion: _bottleneck,
}
"""What builds each fusion, by the class of its config."""
