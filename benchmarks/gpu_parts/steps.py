"""How fast is a training step of the three systems, compared with the peak of the device?"""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.drawn_batch import padded
from benchmarks.gpu_parts.figure import Figure, Setting
from benchmarks.gpu_parts.peak import DTYPES, matmul_peak
from benchmarks.gpu_parts.trainee import (
    BATCH_SIZE,
    LE_NAME,
    SYSTEMS,
    Trainee,
    batch_sizes,
    config_of,
    our_trainee,
    plain_trainee,
    sent,
)
from corpora.batches.batch import Batch
from orchestrator.training.precision import Precision

TARGET_SHARE = 0.45
"""The share of the bf16 peak that Le's model must reach with batches of 32."""

TIMED_S, SHORT_TIMED_S = 1.5, 0.1


def measure(setting: Setting) -> Iterator[Figure]:
    """Measure the peaks, then each system beside a plain program; write a trace of each.

    Our steps use bf16, packed pictures and fused Adam. The plain program uses float32 (without TF32
    also in convolutions), pictures padded to the longest utterance, and PyTorch's default Adam.
    """
    peaks = {precision: matmul_peak(precision, setting) for precision in DTYPES}
    for precision, peak in peaks.items():
        yield Figure(f"matmul peak, {precision}", peak / 1e12, "TFLOP/s")
    for system in SYSTEMS:
        config = config_of(system, setting)
        for size in batch_sizes(config, setting):
            name, batch = f"{system}, batches of {size}", sent(config, size, setting.device)
            ours = our_trainee(config, "bf16", setting.device)
            yield from _figures(f"{name}, ours", ours, batch, peaks, setting)
            if size == batch_sizes(config, setting)[-1]:
                _write_trace(ours, batch, setting, system)
            del ours
            torch.backends.cudnn.allow_tf32 = False
            plain = plain_trainee(config, setting.device)
            yield from _figures(f"{name}, plain", plain, padded(batch), peaks, setting)
            torch.backends.cudnn.allow_tf32 = True
            del plain


def _figures(
    name: str, trainee: Trainee, batch: Batch, peaks: dict[Precision, float], setting: Setting
) -> Iterator[Figure]:
    num_flops = trainee.count_flops(batch)
    measured = trainee.time(batch, min_s=TIMED_S if setting.on_gpu else SHORT_TIMED_S)
    share = num_flops / measured.median / peaks[trainee.precision]
    has_target = name == f"{LE_NAME}, batches of {BATCH_SIZE}, ours"
    yield Figure(
        f"{name}: step", 1e3 * measured.median, "ms", remark=f"{num_flops / 1e9:,.0f} GFLOP"
    )
    yield Figure(f"{name}: utterances", len(batch.labels) / measured.median, "1/s")
    yield Figure(
        f"{name}: share of the {trainee.precision} peak",
        share,
        "",
        target=f"at least {TARGET_SHARE}" if has_target else "",
        holds=setting.judged(share >= TARGET_SHARE) if has_target else None,
    )


def _write_trace(trainee: Trainee, batch: Batch, setting: Setting, system: str) -> None:
    """Write a trace of two steps, in Chrome's format."""
    activities = [ProfilerActivity.CPU]
    if setting.on_gpu:
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as profiler:
        for _ in range(2):
            trainee.step(batch)
        if setting.on_gpu:
            torch.cuda.synchronize(setting.device)
    profiler.export_chrome_trace(str(trace_file(setting, system)))


def trace_file(setting: Setting, system: str) -> Path:
    """Return the path of a system's trace."""
    return setting.traces.with_name(f"{setting.traces.name}-{system.lower()}-trace.json")
