"""Tiny configs of every row, and inputs of any utterances."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.build import build
from models.configs.le import (
    AudioConfig,
    BottleneckFusion,
    ClsHead,
    ConcatFusion,
    EarlyFusion,
    EmotionDecoder,
    GatedFusion,
    LayerConfig,
    LeConfig,
    LeTextConfig,
    NoFusion,
    TransformerFusion,
    VisionConfig,
)
from models.configs.text import AlbertSizes
from models.init import init_weights
from models.task import Task

TASK = Task(emotions=("anger", "disgust", "fear", "happy", "sad", "surprise"))
NUM_EMOTIONS = TASK.num_emotions
VOCABULARY = 40

TINY_ALBERT = AlbertSizes(
    vocabulary=VOCABULARY, embedding=8, hidden=16, num_layers=2, num_heads=2, feed_forward=32
)

TINY = LeConfig(
    width=16,
    layer=LayerConfig(num_heads=2, feed_forward=32),
    text=LeTextConfig(weights="random", sizes=TINY_ALBERT, projection_hidden=16),
    audio=AudioConfig(base_channels=2, projection_hidden=16, depth=1),
    vision=VisionConfig(base_channels=2, projection_hidden=16, depth=1),
    fusion=TransformerFusion(depth=1),
    head=EmotionDecoder(depth=1),
)


SMALL_CNN: dict[str, object] = {"cnn": "dai", "attends_cls": True}
RELEASED = TINY.model_copy(
    update={
        "text": TINY.text.model_copy(update={"fuses_cls": False, "projection_rate": "pretrained"}),
        "audio": TINY.audio.model_copy(update=SMALL_CNN),
        "vision": TINY.vision.model_copy(update={**SMALL_CNN, "resize_px": 48}),
        "head": EmotionDecoder(depth=1, reads_cls=False, trains_embeddings=False),
    }
)
"""What the released code of Le et al. trains."""


def change(config: LeConfig, **fields: object) -> LeConfig:
    """Copy a config with some fields changed, and check it."""
    return LeConfig.model_validate({**dict(config), **fields})


ROWS = {
    "text": change(TINY, modalities=("text",), fusion=NoFusion(), head=ClsHead()),
    "audio": change(TINY, modalities=("audio",), fusion=NoFusion(), head=ClsHead()),
    "vision": change(TINY, modalities=("vision",), fusion=NoFusion(), head=ClsHead()),
    "text_projected": change(
        TINY, modalities=("text",), fusion=NoFusion(projects_text=True), head=ClsHead()
    ),
    "early": change(TINY, fusion=EarlyFusion(hidden=16), head=ClsHead()),
    "concat": change(TINY, fusion=ConcatFusion(), head=ClsHead()),
    "gated": change(TINY, fusion=GatedFusion(hidden=16), head=ClsHead()),
    "bottleneck": change(TINY, fusion=BottleneckFusion(num_tokens=2, depth=2)),
    "bottleneck_cls": change(TINY, fusion=BottleneckFusion(num_tokens=1), head=ClsHead()),
    "text_vision": change(TINY, modalities=("text", "vision")),
    "modality_dropout": change(TINY, modality_dropout=0.2),
    "fusion_cls": change(TINY, head=ClsHead()),
    "fusion_decoder": TINY,
    "deeper": change(TINY, fusion=TransformerFusion(depth=3), head=EmotionDecoder(depth=2)),
    "log_mel": change(TINY, audio=TINY.audio.model_copy(update={"log_mel": True})),
    "released": change(RELEASED),
    "plain_vgg": change(
        TINY,
        audio=TINY.audio.model_copy(update={"batch_norm": False}),
        vision=TINY.vision.model_copy(update={"batch_norm": False}),
    ),
}


@dataclass(frozen=True)
class Utterances:
    """Stands for a batch; see `models.inputs.Inputs`."""

    tokens: Tensor
    token_mask: Tensor
    faces: Tensor
    num_faces: tuple[int, ...]
    mels: Tensor
    num_chunks: tuple[int, ...]


def utterances(
    *,
    num_tokens: tuple[int, ...] = (5, 3, 4),
    num_faces: tuple[int, ...] = (2, 1, 3),
    num_chunks: tuple[int, ...] = (1, 4, 2),
    face_px: int = 64,
    seed: int = 0,
) -> Utterances:
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(max(num_tokens)) < torch.tensor(num_tokens)[:, None]
    tokens = torch.randint(1, VOCABULARY, mask.shape, generator=generator)
    return Utterances(
        tokens=tokens * mask,
        token_mask=mask,
        faces=torch.randn(sum(num_faces), 3, face_px, face_px, generator=generator),
        num_faces=num_faces,
        mels=torch.rand(sum(num_chunks), 1, 128, 32, generator=generator),
        num_chunks=num_chunks,
    )


def only(batch: Utterances, index: int) -> Utterances:
    """Take one utterance out of a batch, without the padding it has there."""
    length = int(batch.token_mask[index].sum())
    faces = batch.faces.split(batch.num_faces)
    mels = batch.mels.split(batch.num_chunks)
    return Utterances(
        tokens=batch.tokens[index : index + 1, :length],
        token_mask=batch.token_mask[index : index + 1, :length],
        faces=faces[index],
        num_faces=batch.num_faces[index : index + 1],
        mels=mels[index],
        num_chunks=batch.num_chunks[index : index + 1],
    )


def initialised(config: LeConfig, *, seed: int = 0) -> nn.Module:
    model = build(config, TASK)
    init_weights(model, seed)
    return model
