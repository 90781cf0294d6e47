"""How much time does a sweep cost beyond the training of its trials?

Sweeps a study on the synthetic corpus in an empty ledger, watched by progress and MLflow as the
command line does it, each sweep in a fresh process:

    overhead per trial = (wall time of the sweep * slots - sum of the trials' training_s) / trials

    python -m benchmarks.orchestration_overhead STORAGE

Loading our code and Ray, and mirroring that goes on after the sweep, are told apart: they are paid
once a command, outside `orchestrator.tune.sweep`.
"""

import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from orchestrator.corpus_setup import SYNTHETIC, ensure_corpus, identify_corpus
from orchestrator.plan import default_scale, make_plan
from orchestrator.progress import SweepProgress
from orchestrator.run_studies import missing_trials
from orchestrator.storage import default_tracking_uri, open_storage
from orchestrator.tracking import MlflowMirror
from reports.ledger import Ledger
from reports.record import Epoch, Record
from search_spaces.catalogue import STUDIES, find_study
from search_spaces.trial import Trial

CORPORA = "corpora"
"""The folder of a storage folder that sweeps share."""


class Stopwatch:
    """A watcher that notes when each trial started first and when it finished."""

    def __init__(self) -> None:
        self.started_at: dict[str, float] = {}
        self.finished_at: dict[str, float] = {}
        self.records: list[Record] = []

    def started(self, trial: Trial) -> None:
        """Note the time."""
        self.started_at.setdefault(trial.key, time.perf_counter())

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Do nothing."""

    def finished(self, record: Record) -> None:
        """Note the time, and keep the record."""
        self.finished_at[record.key] = time.perf_counter()
        self.records.append(record)

    def failed(self, trial: Trial, reason: str) -> None:
        """End the benchmark: nothing can be said about a sweep with failures.

        Raises:
            RuntimeError: Always.
        """
        raise RuntimeError(f"trial {trial.key} failed: {reason}")


@dataclass(frozen=True)
class Sweep:
    """What one sweep took.

    `ray_start_s` lasts until the first trial is started, `ray_stop_s` from the end of the last one.
    All `*_slot_s` are summed over slots or trials: `trials_slot_s` is the time that trials took in
    their workers, training included; `worker_slot_s` what they waited for a worker to start and to
    load our code; `idle_slot_s` what slots stood empty at the end because nothing was left.
    """

    num_slots: int
    num_trials: int
    load_s: float
    wall_s: float
    ray_start_s: float
    ray_stop_s: float
    mirror_s: float
    training_slot_s: float
    trials_slot_s: float
    worker_slot_s: float
    idle_slot_s: float

    @property
    def overhead_s(self) -> float:
        """The overhead per trial."""
        return (self.wall_s * self.num_slots - self.training_slot_s) / self.num_trials
