"""Who watches the trials of a sweep: the terminal, MLflow, the notes on failures, `status`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console

from orchestrator.cluster.session import TrainingSession
from orchestrator.failures.failure import FailedTrial
from orchestrator.failures.notes import notes_in
from orchestrator.live.failure_notes import NotingFailures
from orchestrator.live.progress import SweepProgress
from orchestrator.live.publish import published
from orchestrator.live.sweep import Header, LiveSweep
from orchestrator.live.time_left import TimeLeft
from orchestrator.tracking.mirror import MlflowMirror
from orchestrator.trial.watcher import Watcher
from search_spaces.study import RowRef
from search_spaces.trial import Trial


class Watched(NamedTuple):
    """The watchers of a sweep, and the failures that they have seen, by key."""

    watchers: tuple[Watcher, ...]
    failures: Mapping[str, FailedTrial]


@contextmanager
def watching(
    session: TrainingSession,
    header: Header,
    missing: Mapping[str, tuple[Trial, RowRef]],
    mirror: MlflowMirror,
    console: Console,
    *,
    trial_s: Mapping[str, float] | None = None,
) -> Iterator[Watched]:
    """Watch the training of trials inside the block.

    Args:
        session: Where they train.
        header: What the sweep is.
        missing: The trials by key, with the row of each, in their order.
        mirror: Mirrors them to MLflow.
        console: Where to print.
        trial_s: What each trial was forecast to take in seconds.
    """
    rows = {key: row.row for key, (_, row) in missing.items()}
    trials = {key: trial for key, (trial, _) in missing.items()}
    live = LiveSweep(header, rows.__getitem__, TimeLeft(trials, rows, trial_s))
    live.is_stopping = lambda: session.signals.seen is not None
    noting = NotingFailures(notes_in(session.storage), lambda key: missing[key][1])
    driver = session.leases.driver
    with (
        published(live, session.storage, driver, lambda: mirror.num_waiting),
        SweepProgress(console, live) as progress,
    ):
        yield Watched((live, progress, noting, mirror), noting.failures)
