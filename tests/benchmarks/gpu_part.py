"""Parts that end in every way, for `test_gpu`."""

import time
from collections.abc import Iterator

from benchmarks.gpu_parts.figure import Figure, Setting

FIGURE = Figure("answer", 42.0, "", target="42", holds=True)


def works(setting: Setting) -> Iterator[Figure]:
    yield FIGURE


def fails(setting: Setting) -> Iterator[Figure]:
    yield FIGURE
    raise RuntimeError("no luck")


def hangs(setting: Setting) -> Iterator[Figure]:
    yield FIGURE
    time.sleep(600)
