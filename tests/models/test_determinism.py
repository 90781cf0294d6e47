"""What `--deterministic` needs of the models: operations that PyTorch can do in a fixed order."""

import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d, interpolate
from torch.utils._python_dispatch import TorchDispatchMode

from tests.models.systems import ROWS
from tests.models.test_systems import backward

WITHOUT_ORDER = {
    *("avg_pool3d_backward", "_adaptive_avg_pool2d_backward", "_adaptive_avg_pool3d_backward"),
    *("adaptive_max_pool2d_backward", "adaptive_max_pool3d_backward"),
    *("fractional_max_pool2d_backward", "fractional_max_pool3d_backward"),
    *("max_unpool2d", "max_unpool3d"),
    *("upsample_linear1d_backward", "upsample_bilinear2d_backward"),
    *("upsample_bicubic2d_backward", "upsample_trilinear3d_backward"),
    *("reflection_pad1d_backward", "reflection_pad2d_backward", "reflection_pad3d_backward"),
    *("nll_loss_forward", "nll_loss2d_forward", "_ctc_loss_backward"),
    *("_embedding_bag_dense_backward", "put", "put_", "histc", "bincount", "median", "nanmedian"),
    *("grid_sampler_2d_backward", "grid_sampler_3d_backward"),
    *("scatter_reduce", "scatter_reduce_", "index_reduce", "index_reduce_"),
}
"""What raises on a GPU, by the docstring of `torch.use_deterministic_algorithms` (PyTorch 2.14)."""


class Operations(TorchDispatchMode):
    """Notes the names of all operations that PyTorch is asked for."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def operations_of(step):
    with Operations() as seen:
        step()
    return seen.names


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_no_system_does_what_has_no_order_on_a_gpu(row):
    names = operations_of(lambda: backward(row.model(), row.batch()))
    assert any(name.endswith("backward") for name in names)
    assert not names & WITHOUT_ORDER


@pytest.mark.parametrize(
    "step",
    [
        lambda x: adaptive_avg_pool2d(x, 2).sum().backward(),
        lambda x: interpolate(x, size=7, mode="bilinear").sum().backward(),
        lambda x: x.flatten().median(0).values,
    ],
)
def test_operations_without_order_are_seen(step):
    assert operations_of(lambda: step(torch.rand(1, 2, 5, 5, requires_grad=True))) & WITHOUT_ORDER
