"""Moving batches from the host's memory to the device that computes with them, without a wait."""

import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache

import torch
from torch import Tensor

from corpora.batches.batch import KindOfBatch
from corpora.batches.read_ahead import read_ahead

MAX_THREADS = 8


def on_device(
    collected: Iterator[KindOfBatch],
    device: torch.device,
    finish: Callable[[KindOfBatch], KindOfBatch],
) -> Iterator[KindOfBatch]:
    """Yield batches that are collected in the host's memory, moved to a device and finished there.

    For a GPU a thread collects, copies and finishes the next batch while the last one is used. The
    thread has a stream of its own, and neither thread waits for the device.
    """
    if is_gpu(device):
        return _beside_training(collected, device, finish)
    return (finish(moved(batch, device)) for batch in collected)


def is_gpu(device: torch.device) -> bool:
    """Tell whether batches have to be copied to a device."""
    return device.type == "cuda"


def num_threads(device: torch.device) -> int:
    """Say how many threads may decode the pictures of a device's batches.

    With a GPU, one for each core that this process may use: training leaves the cores idle.
    Processes that share the GPU can take turns, because a thread without work takes no core. On the
    CPU, as many threads as PyTorch may use.
    """
    if is_gpu(device):
        return min(len(os.sched_getaffinity(0)), MAX_THREADS)
    return torch.get_num_threads()


def moved(batch: KindOfBatch, device: torch.device) -> KindOfBatch:
    """Copy all of a batch but its lengths; a copy from pinned memory does not wait."""
    return _changed(batch, lambda values: values.to(device, non_blocking=True))


def _beside_training(
    collected: Iterator[KindOfBatch],
    device: torch.device,
    finish: Callable[[KindOfBatch], KindOfBatch],
) -> Iterator[KindOfBatch]:
    stream = _stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))  # wrote what `finish` reads

    def make_next() -> tuple[KindOfBatch, torch.cuda.Event] | None:
        with torch.cuda.stream(stream):
            batch = next(collected, None)
            if batch is None:
                return None
            return finish(moved(_pinned(batch), device)), stream.record_event()

    for batch, is_there in read_ahead(iter(make_next, None)):
        training = torch.cuda.current_stream(device)
        training.wait_event(is_there)
        for name in _copied_fields(batch):  # no memory is reused before training has read it
            getattr(batch, name).record_stream(training)
        yield batch


@cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """Return the one stream of this process for copies.

    PyTorch reuses freed memory only on the stream that allocated it. With a new stream for each
    pass over a corpus, the memory that the last pass freed would stay unused.
    """
    return torch.cuda.Stream(device)


def _pinned(batch: KindOfBatch) -> KindOfBatch:
    return _changed(batch, lambda values: values.contiguous().pin_memory())


def _changed(batch: KindOfBatch, change: Callable[[Tensor], Tensor]) -> KindOfBatch:
    copied = _copied_fields(batch)
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return type(batch)(**values | {name: change(values[name]) for name in copied})


def _copied_fields(batch: KindOfBatch) -> list[str]:
    """Name all fields of a batch but its lengths."""
    lengths = set(batch.LENGTHS.values())
    return [field.name for field in fields(batch) if field.name not in lengths]
