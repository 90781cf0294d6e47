from typing import Any

import pytest
import torch
from torch import Tensor

from orchestrator.trial.snapshots import Snapshots

CPU = torch.device("cpu")


def test_copy_is_equal_and_outlasts_changes() -> None:
    weight, rates = torch.arange(6.0).reshape(2, 3).t(), [0.1, 0.2]
    state = {"model": {"w": weight}, "groups": [{"lr": rates, "betas": (0.9, 0.99)}], "epoch": 3}
    copy = Snapshots(CPU).take(state, constant=())
    assert copy["model"]["w"].equal(weight)
    weight.zero_()
    rates[0] = 7
    assert copy["model"]["w"].sum() == 15
    assert copy["groups"] == [{"lr": [0.1, 0.2], "betas": (0.9, 0.99)}]
    assert copy["epoch"] == 3


def test_next_copy_takes_the_memory_of_the_last_one() -> None:
    snapshots, weight = Snapshots(CPU), torch.ones(3)
    first = snapshots.take({"w": weight}, constant=())["w"]
    second = snapshots.take({"w": weight + 1}, constant=())["w"]
    assert first.data_ptr() == second.data_ptr()
    assert second.tolist() == [2, 2, 2]


def test_what_never_changes_is_not_copied() -> None:
    best, weight = torch.ones(3), torch.zeros(3)
    copy = Snapshots(CPU).take({"best": best, "w": weight}, constant=[best])
    assert copy["best"] is best
    assert copy["w"] is not weight


def test_copy_for_which_memory_does_not_suffice_leaves_none() -> None:
    snapshots = Snapshots(CPU)
    huge: dict[str, Any] = {"small": torch.ones(3), "huge": torch.ones(1).expand(2**50)}
    with pytest.raises(RuntimeError, match="memory"):
        snapshots.take(huge, constant=())
    again: Tensor = snapshots.take({"small": torch.zeros(3)}, constant=())["small"]
    assert again.tolist() == [0, 0, 0]
