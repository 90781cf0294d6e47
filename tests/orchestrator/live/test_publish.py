import time
from pathlib import Path

import pytest

from orchestrator.live import publish
from orchestrator.live.publish import published, read_states
from orchestrator.storage.driver import this_driver
from orchestrator.storage.leases import live_name
from orchestrator.storage.objects import FolderStore, store_of
from tests.orchestrator.live.live_bench import LiveBench

MAX_WAIT_S = 20.0


def test_state_is_in_the_storage_while_the_sweep_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "FOLDER_S", 0.01)
    bench, store = LiveBench("a"), store_of(tmp_path)
    with published(bench.live, tmp_path, "alpha:1:2", lambda: 3):
        until = time.monotonic() + MAX_WAIT_S
        while not (states := read_states(store)) and time.monotonic() < until:
            time.sleep(0.01)
        (state,) = states
        assert (state.driver, state.names) == ("alpha:1:2", ("small",))
        assert state.num_waiting_for_mlflow == 3
    assert read_states(store) == []


def test_state_of_a_driver_that_ended_here_is_removed(tmp_path: Path) -> None:
    host, process, start = this_driver().rsplit(":", 2)
    dead, elsewhere = f"{host}:{process}:{int(start) + 1}", "alpha:1:2"
    store, bench = FolderStore(tmp_path), LiveBench("a")
    for driver in (dead, elsewhere):
        state = bench.live.state(driver).model_dump_json()
        store.write(live_name(driver), state.encode())
    store.write(live_name("other:1:1"), b"{}")  # another version's
    with published(bench.live, tmp_path, this_driver(), lambda: 0):
        pass
    assert [state.driver for state in read_states(store)] == [elsewhere]


def test_storage_that_fails_does_not_end_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "FOLDER_S", 0.01)
    (tmp_path / "sweeps").write_text("a file stands where the folder should be")
    asked: list[int] = []

    def count() -> int:
        asked.append(1)
        return 0

    with published(LiveBench("a").live, tmp_path, "alpha:1:2", count):
        until = time.monotonic() + MAX_WAIT_S
        while len(asked) < 3 and time.monotonic() < until:
            time.sleep(0.01)
    assert len(asked) >= 3  # it was tried again after it failed
