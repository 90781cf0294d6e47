"""Every system of the studies, at all scales, on a GPU where there is none."""

from dataclasses import fields
from typing import Any, get_args

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.system_costs import ROWS, TASK, WIDTHS, without_weights
from corpora.batches.batch import Batch, HandcraftedBatch, KindOfBatch
from corpora.batches.transfer import moved
from corpora.recipes.handcrafted import HANDCRAFTED
from corpora.recipes.pictures import RECIPES
from models.build import build
from models.configs.base import SystemConfig
from orchestrator.training.reference_clip import feature_clip, picture_clip
from search_spaces.catalogue import find_study
from search_spaces.terms import Scale
from tests.fake_gpu import GPU, fake_gpu

CONFIGS = {
    f"{name}-{scale}": without_weights(config).model
    for scale in get_args(Scale)
    for name, config in find_study("systems").configs("iemocap", scale).items()
}


def two_utterances(recipe: str) -> Batch | HandcraftedBatch:
    labels = torch.zeros(1, TASK.num_emotions)
    if recipe == HANDCRAFTED:
        return twice(feature_clip(ROWS, WIDTHS, labels))
    return twice(picture_clip(RECIPES[recipe], labels))


def twice(batch: KindOfBatch) -> KindOfBatch:
    values = [(field.name, getattr(batch, field.name)) for field in fields(batch)]
    both: dict[str, Any] = {
        name: value * 2 if isinstance(value, tuple) else torch.cat([value, value])
        for name, value in values
    }
    return type(batch)(**both)


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_system_of_the_studies_runs_on_a_gpu_without_a_wait(config: SystemConfig) -> None:
    with torch.device("meta"):
        model = build(config, TASK)
    model.to_empty(device="cpu")  # no number is drawn, for none is read
    batch = two_utterances(config.recipe)
    with fake_gpu():
        on_gpu = moved(batch, GPU)
        logits = model.to(GPU)(on_gpu)
        loss = binary_cross_entropy_with_logits(logits, on_gpu.labels)
    assert (loss.device, logits.device) == (GPU, GPU)
