"""Small files that the program writes, with bits flipped: what is read of them never changes."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.corruption import FAULTS, flip_each_bit
from corpora.parsing.sealed import sealed
from corpora.store.folders import MANIFEST_FILE, recipe_folder
from corpora.store.remarked import write_remarked
from orchestrator.failures.failure import failure_of
from orchestrator.failures.notes import notes_in
from orchestrator.storage.leases import live_name
from orchestrator.storage.objects import store_of
from reports.ledger.probe import remember_probe
from reports.ledger.search_result import search_folder, write_result
from search_spaces.study import RowRef
from tests.corpora.manifest_factory import make_manifest
from tests.orchestrator.live.live_bench import LiveBench
from tests.orchestrator.probe_factory import make_probe
from tests.orchestrator.upkeep.factories import finish_seeds
from tests.reports.factories import make_trial
from tests.reports.floor_factory import write_linear
from tests.reports.search.factories import make_search

EVERY = 61
"""One bit of so many is flipped: `python -m benchmarks.corruption` flips each."""


def lay(storage: Path) -> None:
    finish_seeds(storage, (0,))
    write_linear(storage, 4)
    remember_probe(make_probe(make_trial(), 10.0, device="CPU"), storage)
    notes_in(storage).add(make_trial(3), RowRef("depth", "2-2"), failure_of("training", "no"))
    state = LiveBench("a").live.state("alpha:1:2")
    store_of(storage).write(live_name("alpha:1:2"), sealed(state))
    result = make_search()
    write_result(result, search_folder(result.name, storage))
    folder = recipe_folder(storage, "mine", "le")
    folder.mkdir(parents=True)
    (folder / MANIFEST_FILE).write_bytes(sealed(make_manifest()))
    write_remarked(folder, ())


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Counter[str]]:
    storage = tmp_path_factory.mktemp("laid") / "storage"
    lay(storage)
    found: dict[str, Counter[str]] = {}
    for name, outcome, number in flip_each_bit(storage, EVERY, max_bytes=2**17):
        found.setdefault(name, Counter())[outcome] += number
    return found


def test_no_flipped_bit_changes_what_is_read(outcomes: Mapping[str, Counter[str]]) -> None:
    faults = {name: {f: n[f] for f in FAULTS if n[f]} for name, n in outcomes.items()}
    assert not {name: kinds for name, kinds in faults.items() if kinds}


def test_each_kind_of_small_file_is_read(outcomes: Mapping[str, Counter[str]]) -> None:
    tops = {Path(name).parts[0] for name in outcomes}
    assert tops == {
        *("corpora", "failures", "floors", "plans", "probes", "searches", "sweeps", "trials")
    }
    assert all(number.total() > 1 for number in outcomes.values())
