"""Builds the model of Le et al., and fusions beyond it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from torch import nn

from models.builders.text import build_text_encoder
from models.configs import le as configs
from models.configs.base import Config, Modality
from models.configs.le import LeConfig
from models.encoders import dai_cnn, vgg
from models.encoders.log_mel import LogMel
from models.encoders.packed import PackedBranch
from models.encoders.pretrained import WaveBranch, load_any_picture_encoder, load_any_wave_encoder
from models.encoders.text import TextBranch
from models.fusion.sequences import (
    BottleneckFusion,
    BottleneckLayer,
    ConcatFusion,
    EarlyFusion,
    GatedFusion,
    Join,
)
from models.groups import is_pretrained, mark_slow
from models.parts.heads import ClsClassifier, EmotionClassifier
from models.parts.layers import DecoderLayer, EncoderLayer
from models.parts.modality_dropout import ModalityDropout
from models.parts.projection import projection
from models.parts.transformer import ClsToken, HiddenCls, Transformer, WithoutCls
from models.systems.sequence_fusion import SequenceFusionModel
from models.task import Task

Branches = Mapping[Modality, nn.Module]


def build_le(config: LeConfig, task: Task) -> SequenceFusionModel:
    """Build the branches, the fusion and the head that the config names."""
    branches = {modality: BRANCHES[modality](config, task) for modality in config.modalities}
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
        case configs.EmotionDecoder() as head:
            decoder = EmotionClassifier(
                width=width,
                num_emotions=num_emotions,
                memory=nn.Identity() if head.reads_cls else HiddenCls(),
                layers=[_layer(DecoderLayer, config) for _ in range(head.depth)],
            )
            decoder.embeddings.requires_grad_(head.trains_embeddings)
            return decoder


def _transformer(config: LeConfig, *, cls: nn.Module, depth: int) -> Transformer:
    return Transformer(cls=cls, layers=[_layer(EncoderLayer, config) for _ in range(depth)])


def _layer(kind: type[EncoderLayer] | type[DecoderLayer], config: LeConfig) -> nn.Module:
    return kind(
        width=config.width,
        num_heads=config.layer.num_heads,
        feed_forward=config.layer.feed_forward,
        dropout=config.layer.dropout,
    )


def _text(config: LeConfig, _: Task) -> TextBranch:
    """Build the text branch; without fusion, the head reads its [CLS] state, projected or not."""
    text = config.text
    encoder = build_text_encoder(text)
    if isinstance(config.fusion, configs.NoFusion) and not config.fusion.projects_text:
        return TextBranch(backbone=encoder, projection=nn.Identity())
    project = projection(features=encoder.width, hidden=text.projection_hidden, width=config.width)
    if text.projection_rate == "pretrained" and is_pretrained(encoder):
        mark_slow(project)
    hides_cls = config.leaves_sequence and not text.fuses_cls
    finish = HiddenCls() if hides_cls else nn.Identity()
    return TextBranch(backbone=encoder, projection=project, finish=finish)


def _audio(config: LeConfig, _: Task) -> PackedBranch:
    audio = config.audio
    if audio.pretrained:
        encoder = load_any_wave_encoder(
            audio.weights, rate_hz=configs.WAVE_RATE_HZ, chunk_samples=configs.WAVE_CHUNK_SAMPLES
        )
        backbone = Backbone(encoder, encoder.model.width)
        return _packed(config, audio, backbone, prepare=[], kind=WaveBranch)
    compress = LogMel() if audio.log_mel else nn.Identity()
    picture = (1, audio.num_mels, audio.chunk_frames)
    prepare = [nn.AvgPool2d(audio.pool), compress]
    return _packed(config, audio, _cnn(audio, picture), prepare=prepare)


def _vision(config: LeConfig, task: Task) -> PackedBranch:
    vision = config.vision
    first_only = vision.frames == "first"
    if vision.pretrained:
        encoder = load_any_picture_encoder(vision.weights, task.faces)
        return _packed(
            config, vision, Backbone(encoder, encoder.width), prepare=[], first_only=first_only
        )
    side = vision.side_px
    resize = nn.Identity() if side == vision.face_px else nn.AdaptiveAvgPool2d(side)
    prepare = [resize, nn.AvgPool2d(vision.pool)]
    return _packed(
        config, vision, _cnn(vision, (3, side, side)), prepare=prepare, first_only=first_only
    )


def _packed(
    config: LeConfig,
    pictures: configs.VggConfig,
    backbone: "Backbone",
    *,
    prepare: Iterable[nn.Module],
    first_only: bool = False,
    kind: type[PackedBranch] = PackedBranch,
) -> PackedBranch:
    """Build a branch for pictures, with the encoder of one picture.

    It has a learned [CLS] if no fusion of whole sequences follows, or if its steps attend to one.
    """
    has_cls = pictures.attends_cls or not config.leaves_sequence
    cls = ClsToken(width=config.width) if has_cls else nn.Identity()
    return kind(
        prepare=nn.Sequential(*prepare),
        backbone=backbone.module,
        projection=projection(
            features=backbone.num_features, hidden=pictures.projection_hidden, width=config.width
        ),
        temporal=_transformer(config, cls=cls, depth=pictures.depth),
        finish=WithoutCls() if has_cls and config.leaves_sequence else nn.Identity(),
        first_only=first_only,
    )


class Backbone(NamedTuple):
    """An encoder of pictures, and the length of the vector that it makes of each."""

    module: nn.Module
    num_features: int


def _cnn(pictures: configs.VggConfig, picture: tuple[int, int, int]) -> Backbone:
    """Build the CNN of a branch for pictures of (channels, height, width) before pooling."""
    channels, height, width = picture
    rows, columns = pictures.pool
    return CNNS[pictures.cnn](pictures, channels, height // rows, width // columns)


def _vgg(pictures: configs.VggConfig, channels: int, height: int, width: int) -> Backbone:
    base = pictures.base_channels
    backbone = vgg.Vgg(
        in_channels=channels,
        base_channels=base,
        convs_per_group=pictures.convs_per_group,
        batch_norm=pictures.batch_norm,
    )
    return Backbone(backbone, vgg.num_features(base_channels=base, height=height, width=width))


def _dai(pictures: configs.VggConfig, channels: int, height: int, width: int) -> Backbone:
    base = pictures.base_channels
    backbone = dai_cnn.DaiCnn(in_channels=channels, base_channels=base)
    return Backbone(backbone, dai_cnn.num_features(base_channels=base, height=height, width=width))


CNNS: dict[str, Callable[[configs.VggConfig, int, int, int], Backbone]] = {"vgg": _vgg, "dai": _dai}
"""What builds each CNN for pictures of (channels, height, width), by its name in the config."""

BRANCHES: dict[Modality, Callable[[LeConfig, Task], nn.Module]] = {
    "text": _text,
    "audio": _audio,
    "vision": _vision,
}


class Fused(NamedTuple):
    """A fusion, and the width of the sequence that it leaves."""

    fusion: nn.Module
    width: int


def _no_fusion(fusion: configs.NoFusion, config: LeConfig, branches: Branches) -> Fused:
    (branch,) = branches.values()
    if isinstance(branch, TextBranch) and not fusion.projects_text:
        return Fused(Join(), branch.backbone.width)
    return Fused(Join(), config.width)


def _early(fusion: configs.EarlyFusion, config: LeConfig, branches: Branches) -> Fused:
    early = EarlyFusion(
        num_modalities=len(branches),
        width=config.width,
        hidden=fusion.hidden,
        dropout=fusion.dropout,
    )
    return Fused(early, fusion.hidden)


def _concat(_: configs.ConcatFusion, config: LeConfig, branches: Branches) -> Fused:
    return Fused(ConcatFusion(), len(branches) * config.width)


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
    configs.ConcatFusion: _concat,
    configs.GatedFusion: _gated,
    configs.TransformerFusion: _over_all_tokens,
    configs.BottleneckFusion: _bottleneck,
}
"""What builds each fusion, by the class of its config."""
