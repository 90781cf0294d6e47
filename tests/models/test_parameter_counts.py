"""Counts at the paper's sizes, on the meta device. Origin: summed by hand from the architecture."""

from typing import Any

import pytest
import torch
from torchvision.models import vgg

from models.build import build
from models.configs.le import (
    VGG19,
    AudioConfig,
    ClsHead,
    ConcatFusion,
    EarlyFusion,
    EmotionDecoder,
    LeConfig,
    LeTextConfig,
    NoFusion,
    TransformerFusion,
    VisionConfig,
)
from models.configs.text import AlbertSizes
from models.encoders.vgg import Vgg
from search_spaces.change import apply_change
from search_spaces.studies.le2023 import RELEASED
from search_spaces.trial import TrialConfig
from tests.models.factories import TASK

RANDOM_TEXT = LeTextConfig(weights="random", sizes=AlbertSizes())


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(autouse=True)
def _on_meta():
    with torch.device("meta"):
        yield


@pytest.mark.parametrize(
    ("depths", "total"),
    [
        ((1, 1, 1, 1), 62_526_726),
        ((1, 1, 2, 2), 65_420_550),
        ((2, 2, 2, 2), 68_050_694),
        ((2, 2, 4, 4), 73_838_342),
        ((4, 4, 4, 4), 79_098_630),
        ((4, 4, 6, 6), 84_886_278),
    ],
    ids=lambda value: "".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_full_model_has_the_expected_parameters(depths, total):
    vision, audio, fusion, decoder = depths
    config = LeConfig(
        text=RANDOM_TEXT,
        vision=VisionConfig(depth=vision),
        audio=AudioConfig(depth=audio),
        fusion=TransformerFusion(depth=fusion),
        head=EmotionDecoder(depth=decoder),
    )
    assert count(build(config, TASK)) == total


def linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def small_cnn(in_channels: int) -> int:
    """Count a 5 x 5 convolution, five pairs of 3 x 3 ones, and a batch norm after each."""
    pairs = [(64, 64), (64, 64), (64, 128), (128, 256), (256, 512)]
    threes = [(a, b) for into, out in pairs for a, b in ((into, out), (out, out))]
    return linear(25 * in_channels, 64) + 2 * 64 + sum(linear(9 * a, b) + 2 * b for a, b in threes)


def test_released_model_has_the_expected_parameters():
    config = apply_change(TrialConfig(model=LeConfig(text=RANDOM_TEXT)), RELEASED).model
    model: Any = build(config, TASK)
    encoder, decoder, cls, embeddings = 1_315_072, 1_578_752, 256, 6 * 256
    branches = {
        "text": 11_683_584 + linear(768, 512) + linear(512, 256),
        "audio": small_cnn(1) + linear(512 * 8 * 2, 1024) + linear(1024, 256) + 2 * encoder + cls,
        "vision": small_cnn(3) + linear(512 * 3 * 3, 1024) + linear(1024, 256) + 2 * encoder + cls,
    }
    assert {name: count(branch) for name, branch in model.branches.items()} == branches
    assert count(model.fusion) == 2 * encoder + cls
    assert count(model.head) == 2 * decoder + embeddings + 6 * 256 + 6
    assert count(model) == 46_498_182
    kept = [p for p in model.head.parameters() if not p.requires_grad]
    assert sum(p.numel() for p in kept) == embeddings


def test_released_early_fusion_is_one_linear_layer():
    config = LeConfig(text=RANDOM_TEXT, fusion=ConcatFusion(), head=ClsHead())
    model: Any = build(config, TASK)
    assert count(model.fusion) == 0
    assert count(model.head) == linear(3 * 256, 6)


def test_released_unimodal_text_is_projected_first():
    config = LeConfig(
        text=RANDOM_TEXT,
        modalities=("text",),
        fusion=NoFusion(projects_text=True),
        head=ClsHead(),
    )
    expected = 11_683_584 + linear(768, 512) + linear(512, 256) + linear(256, 6)
    assert count(build(config, TASK)) == expected


def test_unimodal_text_is_albert_and_one_linear_layer():
    config = LeConfig(text=RANDOM_TEXT, modalities=("text",), fusion=NoFusion(), head=ClsHead())
    model: Any = build(config, TASK)
    assert count(model.branches.text) == 11_683_584
    assert count(model) == 11_683_584 + 768 * 6 + 6


def test_early_fusion_head_reads_three_states():
    config = LeConfig(text=RANDOM_TEXT, fusion=EarlyFusion(), head=ClsHead())
    model = build(config, TASK)
    assert count(model.fusion) == 768 * 256 + 256
    assert count(model.head) == 256 * 6 + 6


@pytest.mark.parametrize(
    ("batch_norm", "total"), [(False, 20_024_384), (True, 20_035_392)], ids=["plain", "bn"]
)
def test_vgg19_has_the_parameters_of_torchvision(batch_norm, total):
    ours = Vgg(in_channels=3, base_channels=64, convs_per_group=VGG19, batch_norm=batch_norm)
    theirs = vgg.make_layers(vgg.cfgs["E"], batch_norm=batch_norm)
    assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]
    assert count(ours) == total
