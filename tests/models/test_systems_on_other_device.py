"""The contract of every system on a device of its own, with gradients."""

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import clip_grad_norm_
from torch.optim import Adam

from tests.models.baselines_factory import to_device
from tests.models.systems import ROWS
from tests.other_device import OTHER, WaitError, without_waits

ONE_OF_EACH = {type(row.config): row for row in reversed(ROWS.values())}
WITHOUT_LSTM = {
    system.__name__: row
    for system, row in ONE_OF_EACH.items()
    if not any(isinstance(part, nn.LSTM) for part in row.model().modules())
}
"""PyTorch's LSTM is of one piece on such devices, and the CPU has no such piece."""


def trained(row, device):
    """Train two steps; return what comes of each parameter."""
    model, batch = row.model().to(device), to_device(row.batch(), device)
    optimizer = Adam([p for p in model.parameters() if p.requires_grad], fused=True)
    labels = torch.eye(3, row.task.num_emotions).to(device)
    torch.manual_seed(0)
    with sdpa_kernel(SDPBackend.MATH), without_waits():
        for _ in range(2):
            optimizer.zero_grad(set_to_none=True)
            binary_cross_entropy_with_logits(model(batch), labels).backward()
            clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
    return {name: value.to("cpu") for name, value in model.state_dict().items()}


@pytest.mark.parametrize("row", WITHOUT_LSTM.values(), ids=WITHOUT_LSTM.keys())
def test_every_system_trains_there_as_on_the_cpu_and_never_waits(row):
    there, here = trained(row, OTHER), trained(row, torch.device("cpu"))
    assert all(torch.equal(there[name], here[name]) for name in here)


@pytest.mark.parametrize("wait", [torch.Tensor.item, torch.Tensor.cpu, torch.Tensor.nonzero])
def test_waits_are_found(wait):
    there = torch.ones(2).to(OTHER).sum()
    with without_waits(), pytest.raises(WaitError):
        wait(there)
    wait(there)


def test_tensors_of_two_devices_do_not_meet():
    with pytest.raises(RuntimeError, match="same device"):
        torch.ones(2).to(OTHER) + torch.ones(2)


def test_a_copy_to_the_device_that_blocks_is_found():
    with without_waits():
        torch.ones(2).to(OTHER, non_blocking=True)
        with pytest.raises(WaitError):
            torch.ones(2).to(OTHER)
