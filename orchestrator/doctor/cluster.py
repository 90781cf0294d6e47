"""Ray: whether it can be loaded, and whether a cluster can be joined. It is loaded apart."""

import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel

from orchestrator.doctor.apart import ApartError, call_apart
from orchestrator.doctor.finding import Finding, Wanted

LOAD_LIMIT_S, JOIN_LIMIT_S = 60.0, 60.0


class RayFacts(BaseModel, frozen=True):
    """The version of Ray here, and what a cluster has."""

    version: str
    num_machines: int = 0
    num_cpus: float = 0
    num_gpus: float = 0


def ask_ray(address: str) -> RayFacts:
    """Load Ray, and join the cluster at the address, if there is one; this runs apart."""
    from orchestrator.cluster.ray_session import ray_session
    from orchestrator.cluster.resources import count_resources, list_nodes

    here = version("ray")
    if not address:
        return RayFacts(version=here)
    with tempfile.TemporaryDirectory() as folder, ray_session(Path(folder), address=address):
        there = count_resources()
        return RayFacts(
            version=here,
            num_machines=sum(bool(node["Alive"]) for node in list_nodes()),
            num_cpus=there.get("CPU", 0),
            num_gpus=there.get("GPU", 0),
        )


def look_at_ray(wanted: Wanted) -> Iterator[Finding]:
    """Load Ray, and join the cluster that is wanted."""
    address = wanted.address or ""
    limit_s = JOIN_LIMIT_S if address else LOAD_LIMIT_S
    try:
        facts = call_apart(f"{__name__}:ask_ray", address, RayFacts, limit_s=limit_s)
    except ApartError as error:
        yield _fault(address, str(error))
        return
    text = f"Ray {facts.version}"
    if address:
        text += (
            f"; the cluster at '{address}' has machines: {facts.num_machines}, cores: "
            f"{facts.num_cpus:g}, GPUs: {facts.num_gpus:g}"
        )
    yield Finding(subject="ray", level="ok", text=text)


def _fault(address: str, error: str) -> Finding:
    if not address:
        text, advice = f"Ray cannot be loaded: {error}", "install requirements.lock again"
    else:
        text = error if address in error else f"the cluster at '{address}': {error}"
        advice = "start it with `ray start` (docs/clusters.md); without --address this machine "
        advice += "trains alone"
    return Finding(subject="ray", level="problem", text=text, advice=advice)
