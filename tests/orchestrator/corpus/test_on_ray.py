import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from orchestrator.corpus.on_ray import Workers, count_workers
from orchestrator.errors import ClusterError

ROOT = Path(__file__).parents[3]


def node(*, alive: bool = True, **resources: float) -> dict[str, Any]:
    return {"Alive": alive, "Resources": {"memory": 2.0**33, **resources}}


@pytest.mark.parametrize(
    ("nodes", "num_parts", "expected"),
    [
        ([node(CPU=8)], 3, Workers(3, 0)),
        ([node(CPU=2)], 20, Workers(2, 0)),
        ([node(CPU=2), node(CPU=4)], 20, Workers(6, 0)),
        ([node(CPU=16, GPU=8)], 1, Workers(1, 1)),
        ([node(CPU=16, GPU=8)], 3, Workers(3, 1)),
        ([node(CPU=16, GPU=8)], 9, Workers(9, 0.5)),
        ([node(CPU=16, GPU=3)], 8, Workers(8, 0.3333)),
        ([node(CPU=16, GPU=1)], 20, Workers(8, 0.125)),
        ([node(CPU=4, GPU=1)], 20, Workers(4, 0.125)),
        ([node(CPU=1, GPU=8)], 20, Workers(1, 0.125)),
        # A head without GPU does not take part, nor what is gone.
        ([node(CPU=64), node(CPU=4, GPU=1)], 20, Workers(4, 0.125)),
        ([node(CPU=16, GPU=8, alive=False), node(CPU=2)], 20, Workers(2, 0)),
        # The cores of one machine are of no use to the GPU of another.
        ([node(CPU=64, GPU=1), node(CPU=1, GPU=1)], 9, Workers(9, 0.125)),
        ([node(CPU=64, GPU=1), node(CPU=1, GPU=1)], 4, Workers(4, 0.3333)),
    ],
)
def test_workers_have_a_core_each_and_a_gpu_or_a_part_of_one(
    nodes: list[dict[str, Any]], num_parts: int, expected: Workers
) -> None:
    assert count_workers(nodes, num_parts) == expected


@pytest.mark.parametrize(
    ("nodes", "problem"),
    [
        ([], "none of 0 machines has what a worker needs: a core; start"),
        ([node(CPU=0)], "none of 1 machines has what a worker needs: a core; start"),
        ([node(CPU=8), node(GPU=1)], "none of 2 machines .* a core and a part of a GPU; start"),
    ],
)
def test_cluster_without_a_place_is_told(nodes: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(ClusterError, match=problem):
        count_workers(nodes, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("num_gpus", "num_parts", "num_workers", "per_gpu"),
    [(8, 3, 3, 1), (3, 8, 8, 3), (1, 20, 8, 8), (8, 1, 1, 1)],
)
def test_ray_gives_each_worker_one_gpu_to_see(
    tmp_path: Path, num_gpus: int, num_parts: int, num_workers: int, per_gpu: int
) -> None:
    """Ray believes in GPUs that are not there. A worker that is slow to start may get no part."""
    believed = {"RAY_OVERRIDE_RESOURCES": json.dumps({"CPU": 8, "GPU": num_gpus})}
    program = [sys.executable, "-m", "tests.orchestrator.noting_maker"]
    done = subprocess.run(
        [*program, str(tmp_path), str(num_parts)],
        cwd=ROOT,
        env=os.environ | believed,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    notes = json.loads(done.stdout)
    assert len(notes) == num_parts
    gpu_of = {note["worker"]: note["gpus"] for note in notes}
    assert 0 < len(gpu_of) <= num_workers
    assert max(Counter(gpu_of.values()).values()) <= per_gpu
    assert set(gpu_of.values()) <= {str(gpu) for gpu in range(num_gpus)}
