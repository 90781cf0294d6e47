"""Builds FE2E and MESM of Dai et al. (NAACL 2021)."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from models.builders.decision_fusion import build_decision_fusion
from models.builders.text import build_text_encoder
from models.configs.base import Modality
from models.configs.dai import CnnConfig, DaiConfig, Fe2eConfig, MesmConfig
from models.encoders.branch import Branch
from models.encoders.dai_cnn import DaiCnn, num_features, stage_channels
from models.encoders.log_mel import LogMel
from models.encoders.packed import PackedBranch
from models.encoders.sparse_cnn import (
    GuidedBranch,
    HardGate,
    MixedSites,
    OwnSites,
    SiteAttention,
    SparseBlock,
    SparseCnn,
    SparseStage,
    StraightThroughGate,
)
from models.encoders.text import TextBranch, TextEncoder
from models.groups import is_pretrained, mark_slow
from models.inputs import READ, Inputs
from models.parts.heads import ClsClassifier
from models.parts.layers import EncoderLayer
from models.parts.modality_dropout import ModalityDropout
from models.parts.projection import projection
from models.parts.transformer import ClsToken, Transformer
from models.systems.decision_fusion import DecisionFusionModel
from models.systems.mesm import MesmModel
from models.task import Task


@dataclass(frozen=True)
class _Pictures:
    """What the branch of a modality reads: (channels, height, width), and how it is prepared."""

    cnn: CnnConfig
    channels: int
    height: int
    width: int
    compress: Callable[[], nn.Module] = nn.Identity


def build_fe2e(config: Fe2eConfig, task: Task) -> DecisionFusionModel[Inputs]:
    """Build a branch with a dense CNN for each modality but text."""
    branches: dict[Modality, Branch] = {}
    for modality in config.modalities:
        if modality == "text":
            branches[modality] = _text(config, build_text_encoder(config.text), task)
            continue
        pictures = _PICTURES[modality](config)
        encoder = PackedBranch(
            prepare=_prepare(pictures),
            backbone=DaiCnn(
                in_channels=pictures.channels, base_channels=pictures.cnn.base_channels
            ),
            projection=_projection(pictures, config),
            temporal=_temporal(config),
        )
        branches[modality] = Branch(encoder=encoder, head=_head(config, task))
    return DecisionFusionModel(
        read=READ,
        branches=branches,
        modality_dropout=ModalityDropout(config.modality_dropout),
        fusion=_fusion(config, task),
    )


def build_mesm(config: MesmConfig, task: Task) -> MesmModel:
    """Build a branch with a sparse CNN for each modality but text; the text guides them."""
    text = build_text_encoder(config.text)
    branches: dict[Modality, Branch] = {"text": _text(config, text, task)}
    for modality in config.modalities:
        if modality == "text":
            continue
        pictures = _PICTURES[modality](config)
        encoder = GuidedBranch(
            prepare=_prepare(pictures),
            backbone=_sparse_cnn(pictures, config, guide_width=text.width),
            projection=_projection(pictures, config),
            temporal=_temporal(config),
        )
        branches[modality] = Branch(encoder=encoder, head=_head(config, task))
    return MesmModel(
        branches=branches,
        modality_dropout=ModalityDropout(config.modality_dropout),
        fusion=_fusion(config, task),
    )


def _text(config: DaiConfig, encoder: TextEncoder, task: Task) -> Branch:
    """Classify the [CLS] state; the head learns at the rate of its encoder."""
    head = ClsClassifier(width=encoder.width, num_emotions=task.num_emotions)
    if is_pretrained(encoder):
        mark_slow(head)
    return Branch(encoder=TextBranch(backbone=encoder, projection=nn.Identity()), head=head)


def _sparse_cnn(pictures: _Pictures, config: MesmConfig, *, guide_width: int) -> SparseCnn:
    base_channels = pictures.cnn.base_channels
    return SparseCnn(
        in_channels=pictures.channels,
        base_channels=base_channels,
        stages=[
            _sparse_stage(
                config,
                channels=channels,
                out_channels=out,
                guide_width=guide_width,
                place=MixedSites() if config.compat_dai_sites and stage == 0 else OwnSites(),
            )
            for stage, (channels, out) in enumerate(stage_channels(base_channels))
        ],
    )


def _sparse_stage(
    config: MesmConfig, *, channels: int, out_channels: int, guide_width: int, place: nn.Module
) -> SparseStage:
    attention = SiteAttention(channels=channels, guide_width=guide_width, hidden=channels)
    if config.attn_grad == "none":
        attention.requires_grad_(False)  # it would get no gradient
    return SparseStage(
        attention=attention,
        tau=config.tau,
        gate=_GATES[config.attn_grad](),
        place=place,
        blocks=[
            SparseBlock(in_channels=channels, out_channels=out_channels),
            SparseBlock(in_channels=out_channels, out_channels=out_channels),
        ],
    )


def _prepare(pictures: _Pictures) -> nn.Sequential:
    return nn.Sequential(nn.AvgPool2d(pictures.cnn.pool), pictures.compress())


def _projection(pictures: _Pictures, config: DaiConfig) -> nn.Sequential:
    rows, columns = pictures.cnn.pool
    features = num_features(
        base_channels=pictures.cnn.base_channels,
        height=pictures.height // rows,
        width=pictures.width // columns,
    )
    return projection(features=features, hidden=pictures.cnn.projection_hidden, width=config.width)


def _temporal(config: DaiConfig) -> Transformer:
    temporal = config.temporal
    return Transformer(
        cls=ClsToken(width=config.width),
        layers=[
            EncoderLayer(
                width=config.width,
                num_heads=temporal.num_heads,
                feed_forward=temporal.feed_forward,
                dropout=temporal.dropout,
            )
            for _ in range(temporal.depth)
        ],
    )


def _head(config: DaiConfig, task: Task) -> ClsClassifier:
    return ClsClassifier(width=config.width, num_emotions=task.num_emotions)


def _fusion(config: DaiConfig, task: Task) -> nn.Module:
    return build_decision_fusion(
        config.fusion, num_modalities=len(config.modalities), num_emotions=task.num_emotions
    )


def _mels(config: DaiConfig) -> _Pictures:
    audio = config.audio
    compress = LogMel if audio.log_mel else nn.Identity
    return _Pictures(audio, 1, audio.num_mels, audio.chunk_frames, compress)


def _faces(config: DaiConfig) -> _Pictures:
    vision = config.vision
    return _Pictures(vision, 3, vision.face_px, vision.face_px)


_PICTURES: dict[Modality, Callable[[DaiConfig], _Pictures]] = {"audio": _mels, "vision": _faces}

_GATES: dict[str, Callable[[], nn.Module]] = {
    "none": HardGate,
    "straight_through": StraightThroughGate,
}
