from typing import Any

import pytest

from orchestrator.cluster.resources import ASK_S, ClusterResources


def test_cluster_is_asked_again_only_after_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{"CPU": 2.0}, {"CPU": 4.0}])
    monkeypatch.setattr("ray.cluster_resources", lambda: next(answers))
    now = 0.0
    cluster = ClusterResources(clock=lambda: now)
    assert cluster.now() == {"CPU": 2.0}
    now = ASK_S / 2
    assert cluster.now() == {"CPU": 2.0}
    now = ASK_S
    assert cluster.now() == {"CPU": 4.0}


def test_resources_of_one_kind_of_gpu_are_those_of_its_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def node(num_gpus: float, kind: str, *, alive: bool = True) -> dict[str, Any]:
        resources = {"CPU": 8.0, "GPU": num_gpus, f"accelerator_type:{kind}": 1.0}
        return {"Alive": alive, "Resources": resources}

    nodes = [node(4, "A100"), node(2, "A100"), node(4, "A100", alive=False), node(1, "T4")]
    monkeypatch.setattr("ray.nodes", lambda: nodes)
    monkeypatch.setattr("ray.cluster_resources", lambda: {"GPU": 7.0})
    cluster = ClusterResources(clock=lambda: 0.0)
    assert cluster.now("A100") == {"CPU": 16.0, "GPU": 6.0, "accelerator_type:A100": 2.0}
    assert cluster.now("T4")["GPU"] == 1
    assert cluster.now() == {"GPU": 7.0}
    nodes.clear()
    assert cluster.now("A100")["GPU"] == 6  # asked a moment ago
