"""Counts at the paper's sizes, on the meta device. Origin: summed by hand from the architecture."""

import pytest
import torch
from torch import nn

from models.builders.xia import build_xia
from models.configs.text import BertConfig, BertSizes
from models.configs.xia import XiaAudioConfig, XiaConfig, XiaVisionConfig
from models.task import Task
from tests.models.factories import TASK

PAPER = XiaConfig(
    text=BertConfig(weights="random", sizes=BertSizes()),
    audio=XiaAudioConfig(weights="random", frozen=()),
    vision=XiaVisionConfig(weights="random", frozen=()),
)


def count(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


@pytest.fixture(scope="module")
def model():
    with torch.device("meta"):
        return build_xia(PAPER, TASK)


def sems(model, modality):
    groups = model.branches[modality].backbone.groups
    return [groups[name].enhance for name in getattr(PAPER, modality).sem_after]


def test_text_is_bert(model):
    assert count(model.branches["text"]) == 109_482_240


def test_audio_is_vggish(model):
    backbone = model.branches["audio"].backbone
    assert count(backbone) - count(*sems(model, "audio")) == 72_141_184


def test_vision_is_resnet18(model):
    backbone = model.branches["vision"].backbone
    assert count(backbone) - count(*sems(model, "vision")) == 11_176_512


def test_enhancement_has_the_expected_parameters(model):
    modules = [*sems(model, "audio"), *sems(model, "vision")]
    without_norm = [count(module) - count(module.norm) for module in modules]
    assert without_norm == [229_888, 1_312_768] * 2
    assert count(*(module.norm for module in modules)) == 373_760


def test_cross_modal_encoder_has_the_expected_parameters(model):
    projections = [model.branches[name].projection for name in ("audio", "vision")]
    assert count(model.cross, *projections) == 174_848


def test_decisions_and_their_fusion_have_the_expected_parameters(model):
    assert (count(model.decide), count(model.fusion)) == (58_706, 42)


def test_full_model_has_the_parameters_of_the_paper_without_embeddings(model):
    embeddings = model.branches["text"].backbone.model.embeddings
    total, without = count(model), count(model) - count(embeddings)
    assert (total, without) == (196_492_604, 172_655_420)
    assert without == pytest.approx(173e6, rel=0.01)  # the paper's 173 M


def test_number_of_emotions_is_that_of_the_task():
    with torch.device("meta"):
        model = build_xia(PAPER, Task(emotions=("anger", "joy")))
    assert isinstance(model.fusion.score, nn.Linear)
    assert model.fusion.score.in_features == 2
