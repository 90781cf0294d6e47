"""What machines cost, from the price table of the file that started the cluster."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpora.parsing.errors import ParseError
from corpora.parsing.paths import expand_home
from corpora.parsing.yaml_text import parse_yaml
from orchestrator.cluster.machines import gpu_kind_of
from orchestrator.errors import PriceError
from orchestrator.forecast.timetable import Timetable
from search_spaces.change import describe_faults

HEAD_FILE = Path("~/ray_bootstrap_config.yaml")
"""The cluster file, completed with defaults, as `ray up` copies it to the head."""

Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class _Part(BaseModel):
    """A part of a cluster file; fields that only Ray needs are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Metadata(_Part):
    dollars_an_hour: dict[str, Amount] | None = None


class _NodeType(_Part):
    resources: dict[str, Amount] = {}


class _ClusterFile(_Part):
    head_node_type: str = ""
    available_node_types: dict[str, _NodeType] = {}
    idle_timeout_minutes: Amount = 5
    metadata: _Metadata = _Metadata()


@dataclass(frozen=True)
class Prices:
    """Dollars per hour of the head and of a worker with `num_gpus` GPUs, None if not known.

    If there are several types of workers, it is the one with the most expensive GPUs; a type that
    does not say how many it has counts as one GPU. An idle worker is released after `idle_h`.
    `by_kind` has the price and the number of GPUs of a worker for each kind of GPU that the types
    of workers name.
    """

    file: Path
    head: float
    worker: float
    num_gpus: int | None
    idle_h: float
    by_kind: Mapping[str, tuple[float, int | None]] = field(default_factory=dict)


def find_prices(cluster_file: Path | None) -> Prices | None:
    """Read the price table of a cluster file, by default that of the cluster of this head.

    Returns:
        The prices; None if the user named no file, and this machine is not a head or the file of
        its cluster has no prices.

    Raises:
        PriceError: If the file cannot be read, if it has invalid prices, or if the user named it
            and it has none.
    """
    file = cluster_file or expand_home(HEAD_FILE)
    if cluster_file is None and not file.is_file():
        return None
    content = _read(file)
    table = content.metadata.dollars_an_hour
    if table is None and cluster_file is None:
        return None
    types = content.available_node_types
    if not types:
        raise PriceError(
            f"cluster file '{file}' names no types of machines (available_node_types), so it "
            "cannot have prices; leave it out"
        )
    if table is None or table.keys() != types.keys():
        raise PriceError(f"cluster file '{file}' needs {_describe_table(types)}")
    by_kind: dict[str | None, list[tuple[float, int | None]]] = {}
    for name, node_type in types.items():
        if name != content.head_node_type:
            worker = table[name], _count_used(node_type.resources) or None
            by_kind.setdefault(gpu_kind_of(node_type.resources), []).append(worker)
    price, num_gpus = _dearest(worker for workers in by_kind.values() for worker in workers)
    return Prices(
        file=file,
        head=table.get(content.head_node_type, 0.0),
        worker=price,
        num_gpus=num_gpus,
        idle_h=content.idle_timeout_minutes / 60,
        by_kind={kind: _dearest(workers) for kind, workers in by_kind.items() if kind},
    )


def _dearest(workers: Iterable[tuple[float, int | None]]) -> tuple[float, int | None]:
    return max(workers, key=lambda worker: worker[0] / (worker[1] or 1), default=(0.0, None))


def _count_used(resources: Mapping[str, float]) -> int:
    """Count the GPUs of a machine on which trials can train: each trial also takes a core."""
    return int(min(resources.get("GPU", 0), resources.get("CPU", math.inf)))


def prices_on(gpu_kind: str | None, prices: Prices, nodes: Iterable[Mapping[str, Any]]) -> Prices:
    """Return the prices with a worker of a kind of GPU.

    If the file does not name the kind, the worker stays the most expensive one.

    Args:
        gpu_kind: The kind; None if all GPUs are of one kind.
        prices: The prices from a file.
        nodes: The machines, as `ray.nodes` lists them.
    """
    if gpu_kind is None:
        return with_gpus_of(prices, nodes)
    worker, num_gpus = prices.by_kind.get(gpu_kind, (prices.worker, prices.num_gpus))
    return with_gpus_of(
        replace(prices, worker=worker, num_gpus=num_gpus),
        [node for node in nodes if gpu_kind_of(node["Resources"]) == gpu_kind],
    )


def with_gpus_of(prices: Prices, nodes: Iterable[Mapping[str, Any]]) -> Prices:
    """If the file does not give a worker's number of GPUs, take it from the running machines.

    If the machines differ, take the smallest number: a GPU is then most expensive.

    Args:
        prices: The prices from a file.
        nodes: The machines, as `ray.nodes` lists them.
    """
    there = [_count_used(node["Resources"]) for node in nodes if node["Alive"]]
    if prices.num_gpus is not None or not any(there):
        return prices
    return replace(prices, num_gpus=min(num for num in there if num))


def dollars_of(timetable: Timetable, prices: Prices, *, on_gpu: bool) -> float:
    """Return what a sweep costs.

    A worker costs money from the start of the sweep until it has been idle long enough to be
    released. The head costs money only for the length of the sweep. The boot time of workers is not
    known, and left out.

    Args:
        timetable: When devices are held: GPUs, or whole machines.
        prices: What machines cost; a worker counts as one GPU if its number is not known.
        on_gpu: Whether the devices are GPUs.
    """
    num_devices = prices.num_gpus or 1 if on_gpu else 1
    num_workers = math.ceil(timetable.num_devices / num_devices)
    workers_h = timetable.held_s / 3600 / num_devices + num_workers * prices.idle_h
    return workers_h * prices.worker + timetable.wall_s / 3600 * prices.head


def _read(file: Path) -> _ClusterFile:
    """Read the parts of a cluster file that concern prices.

    Raises:
        PriceError: If the file cannot be read, or a part of it is invalid.
    """
    try:
        return _ClusterFile.model_validate(parse_yaml(file.read_bytes()))
    except (OSError, ParseError) as error:
        raise PriceError(f"cluster file '{file}' cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(describe_faults(error))
        raise PriceError(
            f"cluster file '{file}': {faults}; a price is in dollars an hour for one machine, "
            "such as 0.35"
        ) from error


def _describe_table(node_types: Iterable[str]) -> str:
    """Say what a price table must contain."""
    prices = ", ".join(f"{name}: 0.35" for name in node_types)
    return (
        "a price for each of its node types, in dollars an hour for one machine; at its top level "
        f"write, with your own prices: metadata: {{dollars_an_hour: {{{prices}}}}}"
    )
