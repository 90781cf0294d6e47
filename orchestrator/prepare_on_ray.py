"""Preparation on Ray Data: the parts of a corpus, spread over all cores of a machine or cluster.

A worker decodes on a core of its own and finds faces on its share of a GPU, where there is one.
"""

import logging
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray
import ray.data
from numpy.typing import NDArray
from ray.exceptions import RayActorError
from ray.util.annotations import RayDeprecationWarning

from corpora.prepare import PartMaker, Parts, Runner
from orchestrator.ray_session import ray_session

MAX_WORKERS_PER_GPU = 8
"""Each holds a CUDA context and a detector, well below 1 GiB together."""

MAKER_FILE = "maker.pickle"

MAX_LOST_WORKERS = 3
"""How often the missing parts are begun again after a worker was killed."""


def runner_on_ray(storage: Path, address: str | None = None) -> Runner:
    """Return what makes parts on Ray, which starts when there is a part to be made.

    Args:
        storage: The storage folder; all machines see it, and the media, in the same place.
        address: Of a cluster that runs; by default this machine works alone.
    """
    return lambda maker, parts: _run(storage, address, maker, parts)


def _run(storage: Path, address: str | None, maker: PartMaker, parts: Parts) -> Iterator[int]:
    """Make parts; when a worker is lost, go on with those that are missing."""
    if not parts:
        return
    told: set[int] = set()
    with ray_session(storage, address=address):
        for num_lost in range(MAX_LOST_WORKERS + 1):
            try:
                for number in _make({n: parts[n] for n in parts if n not in told}, maker):
                    told.add(number)
                    yield number
            except RayActorError:
                if num_lost == MAX_LOST_WORKERS:
                    raise
            written = maker.parts.finished() & parts.keys()
            yield from written - told
            told |= written
            if told == parts.keys():
                return


def _make(parts: Parts, maker: PartMaker) -> Iterator[int]:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    num_cpus, num_gpus = (int(ray.cluster_resources().get(kind, 0)) for kind in ("CPU", "GPU"))
    num_workers = min(num_cpus, len(parts))
    if num_gpus:
        num_workers = min(num_workers, num_gpus * MAX_WORKERS_PER_GPU)
    maker.folder.mkdir(parents=True, exist_ok=True)
    maker_file = maker.folder / MAKER_FILE  # word vectors may be too much for an argument
    maker_file.write_bytes(pickle.dumps(maker))
    # One block a part, made here: the workers hold every core, none is left for other tasks.
    items = [
        {"number": number, "utterances": pickle.dumps(utterances)}
        for number, utterances in parts.items()
    ]
    to_do = ray.data.from_items(items, override_num_blocks=len(items))
    with warnings.catch_warnings():
        # `_run` restarts what is lost. Ray Data has no other way to say so, and when it restarts
        # actors itself, Ray's core writes an error about each of them on the terminal.
        warnings.simplefilter("ignore", RayDeprecationWarning)
        written = to_do.map_batches(
            _Worker,
            fn_constructor_args=(str(maker_file),),
            batch_size=1,
            concurrency=num_workers,
            num_cpus=1,
            num_gpus=num_gpus / num_workers if num_gpus else 0,
            max_restarts=0,
        )
    for row in written.iter_rows():
        yield int(row["number"])


class _Worker:
    """One process that makes parts."""

    def __init__(self, maker_file: str) -> None:
        import torch

        torch.set_num_threads(1)
        self._maker: PartMaker = pickle.loads(Path(maker_file).read_bytes())

    def __call__(self, batch: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        for number, utterances in zip(batch["number"], batch["utterances"], strict=True):
            self._maker.make(int(number), pickle.loads(utterances))
        return {"number": batch["number"]}
