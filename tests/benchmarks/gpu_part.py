"""Parts that end in every way, for `test_gpu`."""

import time
from collections.abc import Iterator

import torch

from benchmarks.gpu_parts.figure import Figure, Setting

FIGURE = Figure("answer", 42.0, "", target="42", holds=True)


def works(setting: Setting) -> Iterator[Figure]:
    yield FIGURE


def fails(setting: Setting) -> Iterator[Figure]:
    yield FIGURE
    raise RuntimeError("no luck")


def says_whether_it_may_use_a_gpu(setting: Setting) -> Iterator[Figure]:
    yield Figure("GPUs are out of reach", float(torch.cuda._is_in_bad_fork()), "")


def hangs(setting: Setting) -> Iterator[Figure]:
    yield FIGURE
    time.sleep(600)
