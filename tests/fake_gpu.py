"""A GPU where there is none: tensors that say `cuda` and hold no numbers.

On such tensors a CPU tensor that meets one of the GPU raises, and so does all that would wait for
the GPU, as it cannot say a number. Nothing is computed, and gradients cannot flow: for that, see
`tests.other_device`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch._subclasses import FakeTensorMode
from torch._subclasses.fake_tensor import unset_fake_temporarily

from models.encoders import lstm

GPU = torch.device("cuda", 0)


@contextmanager
def fake_gpu() -> Iterator[None]:
    """Let every tensor that is made be a fake; those made before may be used.

    PyTorch asks the driver whether cuDNN suits an LSTM: so here it does without. And it reads, on
    the CPU, how many utterances have each step, which no fake can say: they are counted outside.
    """
    count = lstm.batch_sizes

    def count_outside(lengths: Any) -> torch.Tensor:
        with unset_fake_temporarily():
            return count(lengths)

    with (
        torch.backends.cudnn.flags(enabled=False),
        patch.object(lstm, "batch_sizes", count_outside),
        FakeTensorMode(allow_non_fake_inputs=True),
    ):
        yield
