"""Preparation on Ray Data: it makes the parts of a corpus on all cores of a machine or cluster.

A worker decodes on its own core, and finds faces on its share of a GPU if there is one.
"""

import logging
import pickle
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import ray
import ray.data
from numpy.typing import NDArray
from ray.exceptions import RayActorError
from ray.util.annotations import RayDeprecationWarning

from corpora.preparation.prepare import PartMaker, Parts, Runner
from orchestrator.cluster.machines import part_of_gpu
from orchestrator.cluster.ray_session import ray_session
from orchestrator.cluster.resources import list_nodes
from orchestrator.errors import ClusterError

MAX_WORKERS_PER_GPU = 8
"""Each worker needs a CUDA context and a detector, together well below 1 GiB."""

MAKER_FILE = "maker.pickle"

MAX_LOST_WORKERS = 3
"""How often to start the missing parts again after a worker was killed."""


class Workers(NamedTuple):
    """How many processes make parts, and the fraction of a GPU that each takes."""

    number: int
    gpu: float


def runner_on_ray(storage: Path, address: str | None = None) -> Runner:
    """Return a function that makes parts on Ray; Ray starts only if there is a part to make.

    Args:
        storage: The storage folder; all machines see it, and the media, at the same paths.
        address: The address of a running cluster; by default, this machine works alone.
    """
    return lambda maker, parts: _run(storage, address, maker, parts)


def _run(storage: Path, address: str | None, maker: PartMaker, parts: Parts) -> Iterator[int]:
    """Make parts; if a worker is lost, continue with the missing parts."""
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
    workers = count_workers(list_nodes(), len(parts))
    maker.folder.mkdir(parents=True, exist_ok=True)
    maker_file = maker.folder / MAKER_FILE  # word vectors may be too large for an argument
    maker_file.write_bytes(pickle.dumps(maker))
    # Make one block for each part here: the workers hold all cores, so no task could make them.
    items = [
        {"number": number, "utterances": pickle.dumps(utterances)}
        for number, utterances in parts.items()
    ]
    to_do = ray.data.from_items(items, override_num_blocks=len(items))
    with warnings.catch_warnings():
        # `_run` restarts lost workers. Ray Data has no other way to turn its own restarts off, with
        # which Ray's core prints an error about each lost actor.
        warnings.simplefilter("ignore", RayDeprecationWarning)
        written = to_do.map_batches(
            _Worker,
            fn_constructor_args=(str(maker_file),),
            batch_size=1,
            concurrency=workers.number,
            num_cpus=1,
            num_gpus=workers.gpu,
            max_restarts=0,
        )
    for row in written.iter_rows():
        yield int(row["number"])


def count_workers(nodes: Iterable[Mapping[str, Any]], num_parts: int) -> Workers:
    """Return how many workers make parts: one for each part if possible, each on its own core.

    If any machine has a GPU, only machines with a GPU take part. A few workers get a GPU each; more
    workers share them, at most `MAX_WORKERS_PER_GPU` on each.

    Args:
        nodes: The machines, as `ray.nodes` lists them.
        num_parts: How many parts to make.

    Raises:
        ClusterError: If no machine has the resources of a worker.
    """
    there = [node["Resources"] for node in nodes if node["Alive"]]
    machines = [(int(one.get("CPU", 0)), int(one.get("GPU", 0))) for one in there]
    on_gpu = any(num_gpus for _, num_gpus in machines)

    def count_places(per_gpu: int) -> int:
        return sum(min(num_cores, num_gpus * per_gpu) for num_cores, num_gpus in machines)

    fewest = (num for num in range(1, MAX_WORKERS_PER_GPU) if count_places(num) >= num_parts)
    per_gpu = next(fewest, MAX_WORKERS_PER_GPU)
    num_places = count_places(per_gpu) if on_gpu else sum(num_cores for num_cores, _ in machines)
    if not num_places:
        raise ClusterError(
            f"none of {len(there)} machines has what a worker needs: a core"
            f"{' and a part of a GPU' if on_gpu else ''}; start a machine that has it, or prepare "
            "on one machine, without --address"
        )
    return Workers(min(num_parts, num_places), part_of_gpu(per_gpu) if on_gpu else 0.0)


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
