import pytest
import torch
from torch import nn

from models.parts.outputs import outputs_of


def test_outputs_of_every_run_are_collected_in_order() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    batches = [torch.randn(4, 2), torch.randn(1, 2)]
    with outputs_of({"hidden": model[1]}) as outputs:
        logits = [model(batch) for batch in batches]
    expected = [model[0](batch).relu() for batch in batches]
    assert all(map(torch.equal, outputs["hidden"], expected))
    assert not any(output.requires_grad for output in outputs["hidden"])
    assert all(
        torch.equal(before, model(batch)) for before, batch in zip(logits, batches, strict=True)
    )


def test_nobody_listens_after_an_error() -> None:
    layer = nn.Linear(2, 3)
    with pytest.raises(RuntimeError, match="shapes"), outputs_of({"layer": layer}):
        layer(torch.zeros(1, 5))
    assert not layer._forward_hooks
