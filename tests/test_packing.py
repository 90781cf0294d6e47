"""A machine whose memory takes fewer trials than its cores would: real Ray, real measuring."""

import threading
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

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
from orchestrator.plan.plan import make_plan, missing_trials
from orchestrator.sweep.tune import train_assignments
from reports.ledger.ledger import Ledger
from reports.ledger.probe import FOLDER
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
