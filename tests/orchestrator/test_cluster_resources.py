import pytest

from orchestrator.cluster_resources import ASK_S, ClusterResources


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
