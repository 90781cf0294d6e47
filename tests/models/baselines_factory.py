"""Tiny configs of the baselines, and inputs of any utterances for them."""

from dataclasses import dataclass, fields, replace
from functools import partial

import torch
from torch import Tensor, nn

from models.build import build
from models.configs.base import MODALITIES
from models.configs.bimha import BimhaConfig
from models.configs.dai import (
    DaiAudioConfig,
    DaiTextConfig,
    DaiVisionConfig,
    Fe2eConfig,
    MesmConfig,
    TemporalConfig,
)
from models.configs.decision_fusion import AttentiveFusion
from models.configs.emoembs import EmoEmbsConfig, EmotionVectors, HiddenConfig
from models.configs.late_fusion import HeadsConfig, LfLstmConfig, LfTransformerConfig
from models.configs.mult import KernelConfig, MultConfig
from models.init import init_weights
from models.task import Features, Task
from tests.models.factories import TINY_ALBERT, utterances

EMOTIONS = ("anger", "disgust", "fear", "happy", "sad", "surprise")
WIDTHS = {"text": 12, "audio": 10, "vision": 15}
VECTOR_WIDTH = 8


def task_of(widths, *, emotions=EMOTIONS, vector_width=VECTOR_WIDTH, seed=0):
    """Describe a corpus with features of some widths, none of them standardised."""
    generator = torch.Generator().manual_seed(seed)
    return Task(
        emotions=emotions,
        features={
            modality: Features(
                mean=torch.randn(width, generator=generator),
                std=torch.rand(width, generator=generator) + 0.5,
            )
            for modality, width in widths.items()
        },
        emotion_vectors=torch.randn(len(emotions), vector_width, generator=generator),
    )


FEATURES = task_of(WIDTHS)


def change(config, **changed):
    """Copy a config with some fields changed, and check it."""
    return type(config).model_validate({**dict(config), **changed})


_TEXT = DaiTextConfig(weights="random", sizes=TINY_ALBERT)
_AUDIO = DaiAudioConfig(base_channels=2, projection_hidden=16)
_VISION = DaiVisionConfig(base_channels=2, projection_hidden=16)
_TEMPORAL = TemporalConfig(depth=1, num_heads=2, feed_forward=32)

FE2E = Fe2eConfig(width=16, temporal=_TEMPORAL, text=_TEXT, audio=_AUDIO, vision=_VISION)
MESM = MesmConfig(width=16, temporal=_TEMPORAL, text=_TEXT, audio=_AUDIO, vision=_VISION)

DAI_ROWS = {
    "fe2e": FE2E,
    "fe2e_text": change(FE2E, modalities=("text",)),
    "fe2e_audio": change(FE2E, modalities=("audio",)),
    "fe2e_vision": change(FE2E, modalities=("vision",)),
    "fe2e_text_audio": change(FE2E, modalities=("text", "audio")),
    "fe2e_attentive": change(FE2E, fusion=AttentiveFusion()),
    "fe2e_modality_dropout": change(FE2E, modality_dropout=0.2),
    "fe2e_log_mel": change(FE2E, audio=change(_AUDIO, log_mel=True)),
    "mesm": MESM,
    "mesm_straight_through": change(MESM, attn_grad="straight_through"),
    "mesm_text": change(MESM, modalities=("text",)),
    "mesm_text_vision": change(MESM, modalities=("text", "vision"), tau=0.7),
    "mesm_attentive": change(MESM, fusion=AttentiveFusion()),
    "mesm_compat": change(MESM, compat_dai_sites=True),
}

LF_LSTM = LfLstmConfig()
LF_TRANSFORMER = LfTransformerConfig(feed_forward=32)
EMOEMBS = EmoEmbsConfig(hidden=HiddenConfig(text=VECTOR_WIDTH, audio=6, vision=4))
MULT = MultConfig(width=8, num_heads=2, depth=2, memory_depth=2)
BIMHA = BimhaConfig(text_hidden=8, width=6, pair_width=8, num_heads=2, hidden=8)

FEATURE_ROWS = {
    "lf_lstm": LF_LSTM,
    "lf_lstm_text": change(LF_LSTM, modalities=("text",)),
    "lf_lstm_raw": change(LF_LSTM, standardise=False),
    "lf_lstm_attentive": change(LF_LSTM, fusion=AttentiveFusion()),
    "lf_lstm_compat": change(LF_LSTM, compat_dai_padding=True),
    "lf_transformer": LF_TRANSFORMER,
    "lf_transformer_auto": change(
        LF_TRANSFORMER, heads=HeadsConfig(text="auto", audio="auto", vision="auto")
    ),
    "lf_transformer_audio_vision": change(LF_TRANSFORMER, modalities=("audio", "vision")),
    "lf_transformer_modality_dropout": change(LF_TRANSFORMER, modality_dropout=0.2),
    "lf_transformer_compat": change(LF_TRANSFORMER, compat_dai_padding=True),
    "emoembs": EMOEMBS,
    "emoembs_random": change(EMOEMBS, text=EmotionVectors(weights="random")),
    "emoembs_one_layer": change(EMOEMBS, num_layers=1),
    "emoembs_text_vision": change(EMOEMBS, modalities=("text", "vision")),
    "emoembs_compat": change(EMOEMBS, compat_dai_padding=True),
    "mult": MULT,
    "mult_audio_vision": change(MULT, modalities=("audio", "vision")),
    "mult_raw": change(MULT, standardise=False),
    "mult_causal": change(MULT, causal=True),
    "mult_kernels": change(MULT, kernels=KernelConfig(text=3, audio=5, vision=3)),
    "bimha": BIMHA,
    "bimha_text_audio": change(BIMHA, modalities=("text", "audio")),
    "bimha_raw": change(BIMHA, standardise=False),
}

ROWS_WITH_LEAKING_PADDING = ("lf_lstm_compat", "lf_transformer_compat", "emoembs_compat")
"""By design: they reproduce how the published baselines treat padding."""

ROWS_WITH_MIXED_SITES = ("mesm_compat",)
"""By design: they reproduce how the published code mixes the pictures of a batch."""


@dataclass(frozen=True)
class FeatureRows:
    """Stands for a batch; see `models.inputs.FeatureInputs`."""

    text: Tensor
    num_text: tuple[int, ...]
    audio: Tensor
    num_audio: tuple[int, ...]
    vision: Tensor
    num_vision: tuple[int, ...]


dai_utterances = partial(utterances, face_px=48)


def feature_rows(
    *,
    num_text: tuple[int, ...] = (4, 1, 3),
    num_audio: tuple[int, ...] = (2, 5, 1),
    num_vision: tuple[int, ...] = (1, 3, 2),
    seed: int = 0,
) -> FeatureRows:
    generator = torch.Generator().manual_seed(seed)
    text, audio, vision = (
        torch.randn(sum(lengths), WIDTHS[modality], generator=generator)
        for modality, lengths in zip(MODALITIES, (num_text, num_audio, num_vision), strict=True)
    )
    return FeatureRows(
        text=text,
        num_text=num_text,
        audio=audio,
        num_audio=num_audio,
        vision=vision,
        num_vision=num_vision,
    )


def only_features(batch: FeatureRows, index: int) -> FeatureRows:
    """Take one utterance out of a batch."""
    taken = {}
    for modality in MODALITIES:
        lengths = getattr(batch, f"num_{modality}")
        taken[f"num_{modality}"] = lengths[index : index + 1]
        taken[modality] = getattr(batch, modality).split(lengths)[index]
    return FeatureRows(**taken)


def to_device(batch, device):
    """Move a batch; lengths stay on the CPU."""
    return replace(
        batch,
        **{
            field.name: getattr(batch, field.name).to(device)
            for field in fields(batch)
            if not field.name.startswith("num_")
        },
    )


def built(config, *, task: Task = FEATURES, seed: int = 0) -> nn.Module:
    model = build(config, task)
    init_weights(model, seed)
    return model
