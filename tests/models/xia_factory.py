"""Tiny configs of Xia et al. and CMHA, and utterances that they read."""

import torch
from torch import nn

from models.build import build
from models.configs.cmha import CmhaConfig
from models.configs.conv import ResnetConfig, VggishConfig
from models.configs.decision_fusion import WeightedSum
from models.configs.text import BertConfig, BertSizes
from models.configs.xia import (
    BiCross,
    Bottleneck,
    CrossModal,
    Independent,
    Joint,
    LayerConfig,
    NagraniBottleneck,
    NoTemporal,
    SemConfig,
    XiaAudioConfig,
    XiaConfig,
    XiaVisionConfig,
)
from models.init import init_weights
from tests.models.factories import TASK, VOCABULARY, Utterances, utterances

TEXT = BertConfig(
    weights="random",
    sizes=BertSizes(vocabulary=VOCABULARY, hidden=16, num_layers=2, num_heads=2, feed_forward=32),
)

AUDIO = XiaAudioConfig(
    weights="random", base_channels=4, pool=(3, 2), frozen=(), hidden=16, embedding=16
)

VISION = XiaVisionConfig(weights="random", base_channels=4, frozen=(), face_px=64)

FULL = XiaConfig(
    width=16,
    layer=LayerConfig(num_heads=2, feed_forward=32),
    text=TEXT,
    audio=AUDIO,
    vision=VISION,
    mlp_hidden=16,
)

CMHA = CmhaConfig(
    width=16,
    num_heads=2,
    hidden=16,
    text=TEXT,
    audio=VggishConfig(**AUDIO.model_dump(exclude={"sem_after"})),
    vision=ResnetConfig(**VISION.model_dump(exclude={"sem_after"})),
)


def change(config: XiaConfig, **fields: object) -> XiaConfig:
    """Copy a config with some fields changed, and check it."""
    return XiaConfig.model_validate({**dict(config), **fields})


def without_sem(config: XiaConfig, **fields: object) -> XiaConfig:
    return change(
        config,
        audio=config.audio.model_copy(update={"sem_after": ()}),
        vision=config.vision.model_copy(update={"sem_after": ()}),
        **fields,
    )


def table5(cross: CrossModal) -> XiaConfig:
    return without_sem(FULL, modalities=("audio", "vision"), cross=cross)


SER = change(FULL, modalities=("audio",), cross=Independent())
FER = change(FULL, modalities=("vision",), cross=Independent())

XIA_ROWS: dict[str, XiaConfig | CmhaConfig] = {
    "full": FULL,
    "sem_key": change(FULL, sem=SemConfig(attention="key")),
    "sem_sigmoid": change(FULL, sem=SemConfig(attention="sigmoid")),
    "sem_tokens": change(FULL, sem=SemConfig(attention="tokens")),
    "sem_channels": change(FULL, sem=SemConfig(norm="channels")),
    "sem_not_rescaled": change(FULL, sem=SemConfig(rescale=False)),
    "sem_drawn": change(
        FULL,
        audio=AUDIO.model_copy(update={"sem_after": ("conv4",)}),
        vision=VISION.model_copy(update={"sem_after": ("conv5",)}),
        sem=SemConfig(init="default"),
    ),
    "sem_4": change(
        FULL,
        audio=AUDIO.model_copy(update={"sem_after": ("conv1", "conv2", "conv3", "conv4")}),
        vision=VISION.model_copy(update={"sem_after": ("conv2", "conv3", "conv4", "conv5")}),
    ),
    "mer": without_sem(FULL, cross=Independent()),
    "mer_sem": change(FULL, cross=Independent()),
    "mer_mbt": without_sem(FULL),
    "no_textual_decision": change(FULL, modalities=("audio", "vision")),
    "text": change(FULL, modalities=("text",), cross=NoTemporal()),
    "ser": without_sem(SER),
    "ser_sem": SER,
    "fer": without_sem(FER),
    "fer_sem": FER,
    "bottleneck": table5(Bottleneck()),
    "joint": table5(Joint()),
    "bicross": table5(BiCross()),
    "bicross_self_attention": table5(BiCross(self_attention=True)),
    "nagrani": table5(NagraniBottleneck()),
    "independent": table5(Independent()),
    "no_temporal": table5(NoTemporal()),
    "bottleneck_2": change(FULL, cross=Bottleneck(depth=2)),
    "bicross_2": table5(BiCross(depth=2, self_attention=True)),
    "queries_and_keys": change(FULL, positions="queries_and_keys"),
    "no_positions": change(FULL, positions="none"),
    "weighted_sum": change(FULL, fusion=WeightedSum()),
    "modality_dropout": change(FULL, modality_dropout=0.5),
    "cmha": CMHA,
}


WITHOUT_GRADIENT: dict[str, tuple[str, ...]] = {"sem_key": ("enhance.query.", "enhance.key.")}
"""What parameters of a row, by parts of their names, never learn: there is one key to choose."""


def xia_utterances(
    *,
    num_tokens: tuple[int, ...] = (5, 3, 4),
    num_windows: tuple[int, ...] = (2, 1, 3),
    seed: int = 0,
) -> Utterances:
    """Draw utterances with a chunk and a face a window."""
    drawn = utterances(
        num_tokens=num_tokens, num_faces=num_windows, num_chunks=num_windows, seed=seed
    )
    generator = torch.Generator().manual_seed(seed)
    mels = torch.randn(sum(num_windows), 1, 96, 64, generator=generator)
    return Utterances(**{**vars(drawn), "mels": mels})


def initialised_xia(config: XiaConfig | CmhaConfig, *, seed: int = 0) -> nn.Module:
    model = build(config, TASK)
    init_weights(model, seed)
    return model
