"""Do compiled convolutions, and CUDA graphs of them, save time? Le's model, bf16."""

import time
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.drawn_batch import rounded_up
from benchmarks.gpu_parts.figure import Figure, Setting
from benchmarks.gpu_parts.trainee import (
    LE_NAME,
    Trainee,
    batch_sizes,
    config_of,
    drawn,
    our_trainee,
)
from benchmarks.gpu_parts.variants import MULTIPLE, worth
from corpora.batches.batch import Batch
from corpora.batches.transfer import moved
from models.encoders.packed import PackedBranch

NUM_BATCHES = 3
"""The batches have different numbers of pictures, as in training."""

TIMED_S, SHORT_TIMED_S = 1.0, 0.1


def measure_compiled(setting: Setting) -> Iterator[Figure]:
    """Compile the backbones for any number of pictures."""
    yield _compare("compiled backbones", {"dynamic": True}, setting)


def measure_graphs(setting: Setting) -> Iterator[Figure]:
    """Record the backbones as CUDA graphs, one for each rounded number of pictures."""
    options = {"mode": "reduce-overhead", "dynamic": False} if setting.on_gpu else {}
    yield _compare("CUDA graphs of the backbones", options, setting)


def _compare(name: str, options: dict[str, Any], setting: Setting) -> Figure:
    config = config_of(LE_NAME, setting)
    size = batch_sizes(config, setting)[-1]
    batches = [
        moved(rounded_up(drawn(config, size, seed=seed), MULTIPLE), setting.device)
        for seed in range(NUM_BATCHES)
    ]
    min_s = TIMED_S if setting.on_gpu else SHORT_TIMED_S
    eager = our_trainee(config, "bf16", setting.device).time(batches[0], min_s=min_s).median
    trainee = our_trainee(config, "bf16", setting.device)
    for branch in trainee.state.model.modules():
        if isinstance(branch, PackedBranch):
            # On a CPU, Inductor would take longer to compile than everything else together.
            branch.backbone.compile(**({} if setting.on_gpu else {"backend": "eager"}), **options)
    start_s = _first_steps_s(trainee, batches, setting) - NUM_BATCHES * eager
    compiled = trainee.time(batches[0], min_s=min_s).median
    remark = worth(eager - compiled, max(0.0, start_s))
    return Figure(f"{LE_NAME}: {name}", eager / compiled, "x", remark=remark)


def _first_steps_s(trainee: Trainee, batches: list[Batch], setting: Setting) -> float:
    """Return the total time of the first step on each batch."""
    start = time.perf_counter()
    for batch in batches:
        trainee.step(batch)
    if setting.on_gpu:
        torch.cuda.synchronize(setting.device)
    return time.perf_counter() - start
