"""What machines cost, by the price table of the file that started the cluster."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.cluster.machines import gpu_kind_of
from orchestrator.errors import PriceError
from orchestrator.forecast.timetable import Timetable
from search_spaces.change import describe_faults

HEAD_FILE = Path("~/ray_bootstrap_config.yaml")
"""Where `ray up` puts the cluster file, with its defaults, on the head."""

Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class _Part(BaseModel):
    """A part of a cluster file; what is Ray's alone is left unread."""

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
    """Dollars an hour of the head, and of a worker, which has `num_gpus`; None if that is not said.

    Of several types of workers it is the one whose GPUs are dearest, by one each where that is not
    said. An idle worker is given back after `idle_h`. `by_kind` has the same two of the kinds of
    GPU that types of workers name.
    """

    file: Path
    head: float
    worker: float
    num_gpus: int | None
    idle_h: float
    by_kind: Mapping[str, tuple[float, int | None]] = field(default_factory=dict)


def find_prices(cluster_file: Path | None) -> Prices | None:
    """Read the price table of a cluster file; by default of the one whose head this machine is.

    Returns:
        None if this machine is no head, or that of a cluster whose file has no prices.

    Raises:
        PriceError: If the file cannot be read, was named and has no prices, or has wrong ones.
    """
    file = cluster_file or HEAD_FILE.expanduser()
    if cluster_file is None and not file.is_file():
        return None
    content = _read(file)
    table = content.metadata.dollars_an_hour
    if table is None and cluster_file is None:
        return None
    types = content.available_node_types
    if not types:
        raise PriceError(
            f"cluster file '{file}' names no types of machines (available_node_types) that could "
            "have prices; leave it out"
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
    """Count the GPUs of a machine on which trials train: each takes a core too."""
    return int(min(resources.get("GPU", 0), resources.get("CPU", math.inf)))


def prices_on(gpu_kind: str | None, prices: Prices, nodes: Iterable[Mapping[str, Any]]) -> Prices:
    """Take for a worker one with a kind of GPU, if its file names it; the dearest if it does not.

    Args:
        gpu_kind: The kind; None where GPUs are all of one.
        prices: What a file says.
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
    """Take the number of GPUs of a worker from the machines there are, if its file says none.

    Where they differ it is the least: GPUs are then dearest.

    Args:
        prices: What a file says.
        nodes: The machines, as `ray.nodes` lists them.
    """
    there = [_count_used(node["Resources"]) for node in nodes if node["Alive"]]
    if prices.num_gpus is not None or not any(there):
        return prices
    return replace(prices, num_gpus=min(num for num in there if num))


def dollars_of(timetable: Timetable, prices: Prices, *, on_gpu: bool) -> float:
    """Return what a sweep costs.

    Workers are paid from its start until they have been idle for so long that they are given back,
    the head for the length of the sweep alone. What workers take to boot is not known.

    Args:
        timetable: When devices are held: GPUs, or whole machines.
        prices: What machines cost; a worker whose GPUs are not known has one.
        on_gpu: Whether the devices are GPUs.
    """
    num_devices = prices.num_gpus or 1 if on_gpu else 1
    num_workers = math.ceil(timetable.num_devices / num_devices)
    workers_h = timetable.held_s / 3600 / num_devices + num_workers * prices.idle_h
    return workers_h * prices.worker + timetable.wall_s / 3600 * prices.head


def _read(file: Path) -> _ClusterFile:
    """Read what concerns prices.

    Raises:
        PriceError: If it cannot be read, or a part of it is not what it should be.
    """
    try:
        return _ClusterFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PriceError(f"cluster file '{file}' cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(describe_faults(error))
        raise PriceError(
            f"cluster file '{file}': {faults}; a price is dollars an hour of one machine, "
            "such as 0.35"
        ) from error


def _describe_table(node_types: Iterable[str]) -> str:
    """Say what a price table must hold."""
    prices = ", ".join(f"{name}: 0.35" for name in node_types)
    return (
        "the price of each of its node types, in dollars an hour of one machine; at its top level "
        f"write, with your own prices: metadata: {{dollars_an_hour: {{{prices}}}}}"
    )
