"""The contract of every system on a GPU: nothing is left on the CPU, and nothing waits."""

from dataclasses import replace

import pytest
import torch
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
)
from torch.nn.functional import binary_cross_entropy_with_logits

from models.parts.weighing import weights_of
from tests.fake_gpu import GPU, fake_gpu
from tests.models.baselines_factory import to_device
from tests.models.systems import ROWS

every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())


@every_row
def test_every_system_runs_on_a_gpu_without_a_wait(row):
    batch, model = row.batch(), row.model()
    with fake_gpu():
        model.to(GPU)
        with weights_of(model) as weights:
            logits = model(to_device(batch, GPU))
        loss = binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
    assert (loss.device, logits.device) == (GPU, GPU)
    assert all(weight.device == GPU for weight in weights.values())


def test_inputs_that_were_left_on_the_cpu_are_found():
    row = ROWS["le-fusion_decoder"]
    batch, model = row.batch(), row.model()
    with fake_gpu(), pytest.raises(RuntimeError, match="device"):
        model.to(GPU)(replace(to_device(batch, GPU), faces=batch.faces.clone()))


@pytest.mark.parametrize("wait", [torch.Tensor.item, torch.Tensor.nonzero, bool])
def test_waits_are_found(wait):
    with (
        fake_gpu(),
        pytest.raises((DataDependentOutputException, DynamicOutputShapeException)),
    ):
        wait(torch.ones((), device=GPU).sum())
