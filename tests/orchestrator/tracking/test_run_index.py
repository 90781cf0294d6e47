from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.tracking import run_index
from orchestrator.tracking.client import Client, Run
from orchestrator.tracking.run_index import RunIndex

TAGS = {"kind": "trial"}


class Bench:
    """Indexes of one MLflow, and how many requests it answered."""

    def __init__(self, uri: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._uri = uri
        self._folder = folder
        self._monkeypatch = monkeypatch
        self.num_answers = 0

    def index(self, driver: str) -> RunIndex:
        self._monkeypatch.setattr(run_index, "this_driver", lambda: driver)
        client = Client(self._uri, self._count)
        client.open_experiment(self._folder)
        # A lock of its own: machines that mirror a bucket share none.
        return RunIndex(client, self._folder / driver.replace("/", "-") / "lock")

    def num_requests(self, index: RunIndex, key: str, *, began_here: bool = True) -> int:
        before = self.num_answers
        index.find_or_create(key, key, TAGS, began_here=began_here)
        return self.num_answers - before

    def num_runs(self) -> int:
        client = Client(self._uri)
        client.open_experiment(self._folder)
        return len(client.runs())

    def _count(self) -> None:
        self.num_answers += 1


@pytest.fixture
def bench(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(uri, tmp_path, monkeypatch)


def test_who_creates_alone_looks_for_no_run(bench: Bench) -> None:
    index = bench.index("a/1/1")
    # Who was last, now we are, all runs, is it still we, create.
    assert bench.num_requests(index, "first") == 5
    assert [bench.num_requests(index, key) for key in ("second", "third")] == [2, 2]
    assert bench.num_requests(index, "first") == 0
    # Who was last, its key, create, who was last.
    assert bench.num_requests(index, "elsewhere", began_here=False) == 4
    assert bench.num_requests(index, "fourth") == 2


def test_two_who_create_by_turns_find_what_the_other_created(bench: Bench) -> None:
    ours, theirs = bench.index("a/1/1"), bench.index("b/1/1")
    for number in range(4):
        for index in (ours, theirs) if number % 2 else (theirs, ours):
            index.find_or_create(f"{number}", "", TAGS, began_here=True)
    assert bench.num_runs() == 4


def test_run_created_between_reading_and_creating_is_found(bench: Bench) -> None:
    ours, theirs = bench.index("a/1/1"), bench.index("b/1/1")
    for index in (ours, theirs):
        index.find_or_create("known", "", TAGS, began_here=True)
    theirs.find_or_create("1", "", TAGS, began_here=True)
    ours.find_or_create("2", "", TAGS, began_here=True)
    ours.find_or_create("1", "", TAGS, began_here=True)
    theirs.find_or_create("2", "", TAGS, began_here=True)
    assert bench.num_runs() == 3


def test_another_who_comes_while_we_read_is_noticed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = bench.index("a/1/1"), bench.index("b/1/1")
    read = ours.read

    def read_slowly() -> None:
        read()
        theirs.find_or_create("1", "", TAGS, began_here=True)

    monkeypatch.setattr(ours, "read", read_slowly)
    ours.find_or_create("2", "", TAGS, began_here=True)
    ours.find_or_create("1", "", TAGS, began_here=True)
    theirs.find_or_create("2", "", TAGS, began_here=True)
    assert bench.num_runs() == 2


def test_driver_that_begins_again_looks_for_what_may_have_been_heard_late(bench: Bench) -> None:
    bench.index("a/1/1").find_or_create("1", "", TAGS, began_here=True)
    again = bench.index("a/1/1")
    again.find_or_create("2", "", TAGS, began_here=True)
    again.client.create("heard late", {"key": "3"})
    again.find_or_create("3", "", TAGS, began_here=True)
    assert bench.num_runs() == 3


@pytest.mark.parametrize("began_at_ours", [True, False])
def test_another_who_comes_while_we_create_makes_no_double(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, began_at_ours: bool
) -> None:
    """A run arrives after another read all: we had asked who was last before that."""
    ours, theirs = bench.index("a/1/1"), bench.index("b/1/1")
    ours.find_or_create("known", "", TAGS, began_here=True)
    create = ours.client.create

    def create_late(name: str, tags: Mapping[str, str]) -> Run:
        theirs.find_or_create("other", "", TAGS, began_here=True)
        return create(name, tags)

    monkeypatch.setattr(ours.client, "create", create_late)
    late = ours.find_or_create("late", "", TAGS, began_here=began_at_ours)
    assert theirs.find("late") is None
    assert theirs.find_or_create("late", "", TAGS, began_here=not began_at_ours).id == late.id
    assert bench.num_runs() == 3
