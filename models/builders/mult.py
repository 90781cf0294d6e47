"""Builds MulT (Tsai et al., ACL 2019)."""

from collections.abc import Callable

from torch import nn

from models.builders.features import build_prepare
from models.configs.base import Modality
from models.configs.mult import MultConfig
from models.encoders.features import AsPacked, Windows
from models.parts.cross_modal_layer import (
    CrossModalLayer,
    CrossModalTransformer,
    EarlierSteps,
    EveryStep,
    SelfAttentionTransformer,
)
from models.parts.layers import FeedForward
from models.systems.mult import MultModel, ProjectedRows, ResidualHead, crossing
from models.task import Task


def build_mult(config: MultConfig, task: Task) -> MultModel:
    """Build a transformer for each ordered pair of modalities."""
    num_others = len(config.modalities) - 1
    memory_width = num_others * config.width
    width = len(config.modalities) * memory_width
    feed_forward = FeedForward(width=width, hidden=width, dropout=config.out_dropout)
    visible: Callable[[], nn.Module] = EarlierSteps if config.causal else EveryStep
    return MultModel(
        branches={name: _branch(config, task, name) for name in config.modalities},
        crossings={
            crossing(source, target): CrossModalTransformer(
                width=config.width,
                embedding_dropout=config.embedding_dropout,
                visible=visible(),
                layers=_layers(config, config.width, config.depth, attends_to=source),
            )
            for target in config.modalities
            for source in config.modalities
            if source != target
        },
        memories={
            name: SelfAttentionTransformer(
                width=memory_width,
                embedding_dropout=config.embedding_dropout,
                visible=visible(),
                layers=_layers(config, memory_width, config.memory_depth, attends_to="text"),
            )
            for name in config.modalities
        },
        head=ResidualHead(feed_forward=feed_forward, classify=nn.Linear(width, task.num_emotions)),
    )


def _branch(config: MultConfig, task: Task, modality: Modality) -> ProjectedRows:
    """Project rows; those of text go through dropout first, as in the paper's code base."""
    rate = config.embedding_dropout if modality == "text" else 0.0
    kernels = {
        "text": config.kernels.text,
        "audio": config.kernels.audio,
        "vision": config.kernels.vision,
    }
    num_rows = kernels[modality]
    num_features = num_rows * task.features[modality].width
    return ProjectedRows(
        prepare=build_prepare(config, task, modality),
        dropout=nn.Dropout(rate),
        layout=AsPacked() if num_rows == 1 else Windows(num_rows),
        project=nn.Linear(num_features, config.width, bias=False),
    )


def _layers(
    config: MultConfig, width: int, depth: int, *, attends_to: Modality
) -> list[CrossModalLayer]:
    """Build layers; their attention dropout is that of the modality they attend to."""
    dropout = config.attention_dropout
    rates: dict[Modality, float] = {
        "text": dropout.text,
        "audio": dropout.audio,
        "vision": dropout.vision,
    }
    return [
        CrossModalLayer(
            width=width,
            num_heads=config.num_heads,
            attention_dropout=rates[attends_to],
            relu_dropout=config.relu_dropout,
            residual_dropout=config.residual_dropout,
        )
        for _ in range(depth)
    ]
