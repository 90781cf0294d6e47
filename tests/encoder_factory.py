"""Small checkpoints of `transformers` encoders with random weights, one maker an architecture."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    DebertaV2Config,
    DebertaV2Model,
    Dinov2Config,
    Dinov2Model,
    HubertConfig,
    HubertModel,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
    WavLMConfig,
    WavLMModel,
)

WIDTH = 16
NUM_LAYERS = 2
SIDE_PX = 32
WORDS = ("well", "it", "is", "so", "good", "bad", "not", "i", "am", "this", "number", "1", "2")

TRANSFORMER: dict[str, Any] = {
    "hidden_size": WIDTH,
    "num_hidden_layers": NUM_LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
SOUND = TRANSFORMER | {
    "conv_dim": (8, 8, 8, 8, 8, 8, 8),
    "num_feat_extract_layers": 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "num_codevectors_per_group": 4,
    "codevector_dim": 8,
}
LARGE_SOUND = SOUND | {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
"""As the large models are: no group norm, and layer norms before attention."""

PICTURES: dict[str, Any] = {"image_size": SIDE_PX, "patch_size": 8}
CLIP_VISION: dict[str, Any] = {**TRANSFORMER, **PICTURES, "projection_dim": 8}
CLIP_TEXT: dict[str, Any] = {**TRANSFORMER, "vocab_size": 32, "max_position_embeddings": 16}

DEBERTA_V3: dict[str, Any] = TRANSFORMER | {
    "vocab_size": 32,
    "max_position_embeddings": 16,
    "type_vocab_size": 0,
    "relative_attention": True,
    "position_buckets": 8,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
}


def write_audio(
    folder: Path,
    model: type[PreTrainedModel],
    config: PretrainedConfig,
    *,
    rate_hz: int = 16_000,
) -> Path:
    """Write an encoder of waves with the settings of its feature extractor."""
    _save(folder, model, config)
    Wav2Vec2FeatureExtractor(sampling_rate=rate_hz, do_normalize=True).save_pretrained(folder)
    return folder


def write_vision(folder: Path, model: type[PreTrainedModel], config: PretrainedConfig) -> Path:
    """Write an encoder of pictures with the settings of its image processor."""
    _save(folder, model, config)
    settings = {
        "crop_size": {"height": SIDE_PX, "width": SIDE_PX},
        "do_center_crop": True,
        "image_mean": [0.5, 0.4, 0.3],
        "image_std": [0.2, 0.25, 0.3],
        "image_processor_type": "BitImageProcessor",
        "rescale_factor": 1 / 255,
        "size": {"shortest_edge": 36},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


def write_text(
    folder: Path,
    model: type[PreTrainedModel],
    config: PretrainedConfig,
    special: tuple[str, str, str, str],
) -> Path:
    """Write an encoder of texts with a tokenizer of `WORDS`; `special`: begin, pad, end, other."""
    _save(folder, model, config)
    begin, pad, end, unknown = special
    vocabulary = {token: number for number, token in enumerate((*special, *WORDS))}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=unknown))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single=f"{begin} $A {end}",
        special_tokens=[(begin, vocabulary[begin]), (end, vocabulary[end])],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token=begin,
        pad_token=pad,
        sep_token=end,
        unk_token=unknown,
    ).save_pretrained(folder)
    return folder


def _save(folder: Path, model: type[PreTrainedModel], config: PretrainedConfig) -> None:
    torch.manual_seed(0)
    model(config).save_pretrained(folder)


AUDIO: Mapping[str, Callable[[Path], Path]] = {
    "wav2vec2": lambda folder: write_audio(folder, Wav2Vec2Model, Wav2Vec2Config(**SOUND)),
    "wav2vec2-large": lambda folder: write_audio(
        folder, Wav2Vec2Model, Wav2Vec2Config(**LARGE_SOUND)
    ),
    "hubert": lambda folder: write_audio(folder, HubertModel, HubertConfig(**SOUND)),
    "wavlm": lambda folder: write_audio(folder, WavLMModel, WavLMConfig(**SOUND)),
}

VISION: Mapping[str, Callable[[Path], Path]] = {
    "clip": lambda folder: write_vision(
        folder, CLIPModel, CLIPConfig(text_config=CLIP_TEXT, vision_config=CLIP_VISION)
    ),
    "clip-vision": lambda folder: write_vision(
        folder, CLIPVisionModel, CLIPVisionConfig(**CLIP_VISION)
    ),
    "dinov2": lambda folder: write_vision(
        folder, Dinov2Model, Dinov2Config(**TRANSFORMER, **PICTURES)
    ),
}

TEXT: Mapping[str, Callable[[Path], Path]] = {
    "roberta": lambda folder: write_text(
        folder,
        RobertaModel,
        RobertaConfig(**TRANSFORMER, vocab_size=32, max_position_embeddings=18, type_vocab_size=1),
        ("<s>", "<pad>", "</s>", "<unk>"),
    ),
    "deberta-v2": lambda folder: write_text(
        folder,
        DebertaV2Model,
        DebertaV2Config(**DEBERTA_V3),
        ("[CLS]", "[PAD]", "[SEP]", "[UNK]"),
    ),
}

CHECKPOINTS: Mapping[str, Mapping[str, Callable[[Path], Path]]] = {
    "audio": AUDIO,
    "vision": VISION,
    "text": TEXT,
}
"""What writes a checkpoint of each architecture into a folder, by the modality that it reads."""
