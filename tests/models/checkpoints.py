"""Checkpoints of tests, small, and no default in any value; configs that read them."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AlbertConfig as HubAlbertConfig
from transformers import AlbertModel, BertModel
from transformers import BertConfig as HubBertConfig

from models.configs.le import LeConfig, LeTextConfig
from models.configs.text import BertConfig
from models.configs.xia import XiaConfig
from tests.models import factories, xia_factory
from tests.models.factories import VOCABULARY
from tests.models.test_vggish import published
from tests.models.xia_factory import AUDIO, FULL, VISION

SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}
BASE_CHANNELS = 2


def write_albert(folder: Path) -> Path:
    torch.manual_seed(0)
    AlbertModel(HubAlbertConfig(**SIZES, embedding_size=8)).save_pretrained(folder)
    (folder / "tokenizer.json").write_text("{}")
    return folder


def write_bert(folder: Path) -> Path:
    torch.manual_seed(0)
    BertModel(HubBertConfig(**SIZES)).save_pretrained(folder)
    (folder / "tokenizer.json").write_text("{}")
    return folder


def saved_text(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model.safetensors")


def with_albert(folder: Path | str, **fields: Any) -> LeConfig:
    text = LeTextConfig(weights=str(folder), projection_hidden=16, **fields)
    return factories.change(factories.TINY, text=text)


def with_bert(folder: Path | str) -> XiaConfig:
    return xia_factory.change(FULL, text=BertConfig(weights=str(folder), max_tokens=64))


def write_conv(folder: Path) -> Path:
    """Write a VGGish and a ResNet18."""
    torch.save(published(), folder / "vggish.pth")
    torch.save(draw_resnet(), folder / "resnet18.pth")
    return folder


def draw_resnet() -> dict[str, Tensor]:
    """Draw the state dict of a narrow ResNet18 with its classifier, in torchvision's layout."""
    generator = torch.Generator().manual_seed(0)
    shapes: dict[str, tuple[int, ...]] = {
        "conv1.weight": (2, 3, 7, 7),
        "bn1": (2,),
        "fc.weight": (10, 16),
        "fc.bias": (10,),
    }
    before = 2
    for stage, after in enumerate((2, 4, 8, 16), start=1):
        for block in range(2):
            name = f"layer{stage}.{block}"
            shapes |= {f"{name}.conv1.weight": (after, before, 3, 3), f"{name}.bn1": (after,)}
            shapes |= {f"{name}.conv2.weight": (after, after, 3, 3), f"{name}.bn2": (after,)}
            if before != after:
                shapes[f"{name}.downsample.0.weight"] = (after, before, 1, 1)
                shapes[f"{name}.downsample.1"] = (after,)
            before = after
    state: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        if name.endswith(("weight", "bias")):
            state[name] = torch.randn(shape, generator=generator)
        else:  # a batch norm
            for part in ("weight", "bias", "running_mean", "running_var"):
                state[f"{name}.{part}"] = torch.rand(shape, generator=generator)
            state[f"{name}.num_batches_tracked"] = torch.tensor(7)
    return state


def with_conv(resnet_file: Path | str, vggish_file: Path | str) -> XiaConfig:
    """Config of the whole model, on the checkpoints of tests."""
    audio = AUDIO.model_copy(
        update={
            "weights": str(vggish_file),
            "pool": (1, 1),
            "hidden": 8,
            "embedding": 6,
            "frozen": ("conv1", "conv2"),
        }
    )
    vision = VISION.model_copy(
        update={
            "weights": str(resnet_file),
            "base_channels": BASE_CHANNELS,
            "frozen": ("conv1", "conv2", "conv3"),
        }
    )
    return xia_factory.change(FULL, audio=audio, vision=vision)
