"""A machine whose memory takes fewer trials than its cores would: real Ray, real measuring."""

import io
import threading
from contextlib import suppress
from pathlib import Path
from typing import cast

import psutil
import pytest
from rich.console import Console

from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.machines import Machines
from orchestrator.cluster.packing import find_capacity, pack
from orchestrator.cluster.session import training_session
from orchestrator.errors import FitError
from orchestrator.forecast.measure import measure
from orchestrator.plan.place import Place
from orchestrator.plan.plan import make_plan, missing_trials
from orchestrator.search import run_search
from orchestrator.search.goal import SearchGoal, SearchMeans
from orchestrator.search.points import Points
from orchestrator.search.sampling import draw_at_random
from orchestrator.sweep.tune import train_assignments
from orchestrator.tracking.mirror import MlflowMirror
from orchestrator.trial.watcher import Watcher
from reports.ledger.ledger import Ledger
from reports.ledger.probe import FOLDER
from reports.ledger.search_result import Objective, SearchResult, read_searches
from search_spaces.space import Choice, LogRange, Space
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.orchestrator.factories import small_study
from tests.running import is_trainer, records, wait_for

pytestmark = pytest.mark.slow

NUM_CORES, MEMORY_MIB = 3, 1900.0
"""A trial takes some 600 MiB beside mapped files: two fit with their margins."""


class Watch:
    """What the processes that measure and train took at most, together."""

    def __init__(self) -> None:
        self.most_at_once = 0
        self.peak_mib = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.1):
            sizes = sizes_mib()
            self.most_at_once = max(self.most_at_once, len(sizes))
            self.peak_mib = max(self.peak_mib, sum(sizes))


def sizes_mib() -> list[float]:
    """List what each process that measures or trains has of memory beside mapped files."""
    sizes = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if is_trainer(process) or process.name().startswith("ray::Prober"):
                memory = process.memory_info()
                sizes.append((memory.rss - memory.shared) / 2**20)
    return sizes


def test_trials_share_a_machine_by_the_memory_that_was_measured(tmp_path: Path) -> None:
    """None is killed or runs out of memory, and what cannot fit is refused before it starts."""
    source = read_clips(write_clip_folder(tmp_path / "clips", clip_lines(per_split=12)))
    prepare(source, [LE], name="mine", storage=tmp_path)
    known = know_corpus("mine", tmp_path)
    plan = make_plan(small_study(num_seeds=2), known, "tiny", None, Ledger(tmp_path))
    missing = missing_trials([plan])
    trials = [trial for trial, _ in missing.values()]
    machines = Machines(device="cpu", num_slots=NUM_CORES, memory_mib=MEMORY_MIB)
    with training_session(tmp_path, machines) as session:
        probes = measure(session, trials)
        capacity = find_capacity(session, probes)
        with pytest.raises(FitError, match="but a machine has 200 MiB"):
            pack(trials, probes, capacity._replace(memory_mib=200.0))
        shares = pack(trials, probes, capacity)
        assert not records(tmp_path)
        wait_for(lambda: not sizes_mib())  # killed probers go in their own time
        with Watch() as watch:
            train_assignments(
                session,
                [
                    Assignment(trial, row, share=shares[trial.key])
                    for trial, row in missing.values()
                ],
                watchers=[],
            )
    assert {share.num_at_once for share in shares.values()} == {2}
    assert watch.most_at_once == 2
    assert watch.peak_mib <= MEMORY_MIB
    found = records(tmp_path)
    assert found.keys() == missing.keys()
    assert not any(record.circumstances.micro_batches for record in found.values())
    assert {path.suffix for path in (tmp_path / FOLDER).iterdir()} == {".json"}


LARGE = "large"
SIZES = Space(
    name="sizes",
    title="Sizes",
    systems={"le": "search_spaces.systems.le:LE"},
    change={"training.max_epochs": 1},
    fields=(
        Choice(
            name="size",
            options={
                "small": {},
                LARGE: {
                    "model.vision.pool": [1, 1],
                    "model.vision.base_channels": 512,
                    "model.vision.convs_per_group": [8, 1, 1, 1, 1],
                },
            },
        ),
        LogRange(path="training.learning_rate", low=1e-4, high=1e-2),
    ),
)


class NoMirror(Watcher):
    """Takes the place of the mirror to MLflow, of which this is no test."""

    num_waiting = 0

    def follow_search(self, result: SearchResult) -> None:
        """Follow nothing."""


def test_candidate_that_was_underestimated_and_cannot_fit_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small one alone is measured. A large one hits the cap of its share, then of the machine."""
    monkeypatch.setattr(run_search, "NUM_RANDOM", 1)
    source = read_clips(write_clip_folder(tmp_path / "clips", clip_lines(per_split=12)))
    prepare(source, [LE], name="mine", storage=tmp_path)
    points = Points(SIZES, know_corpus("mine", tmp_path), "tiny")
    seed = next(
        seed
        for seed in range(99)
        if [one.point.values["size"] for one in draw_at_random(points, seed, range(3))]
        == ["small", LARGE, "small"]
    )
    machines = Machines(device="cpu", num_slots=2, memory_mib=MEMORY_MIB)
    console = Console(file=io.StringIO(), width=200)
    end = run_search.run_search(
        SIZES,
        Place("mine", "tiny", tmp_path),
        SearchGoal((Objective(name="f1"),), 3, seed, stops_early=False),
        SearchMeans(machines, "new", None, keeps_models=False),
        cast(MlflowMirror, NoMirror()),
        console,
    )
    assert end.num_failed == 0
    (result,) = read_searches(tmp_path)
    first, large, last = result.candidates
    assert "ran out of memory alone on a machine with 1,900 MiB" in large.failure
    assert (large.state, large.is_tried_again) == ("failed", False)
    assert records(tmp_path).keys() == {first.key, last.key}
    printed = cast(io.StringIO, console.file).getvalue()
    assert "measured: 1 architecture on" in printed
    assert "1 candidate estimated from them" in printed
