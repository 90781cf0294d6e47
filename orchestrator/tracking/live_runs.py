"""What happens to a trial while it trains, on whichever runs show it: each epoch is logged once."""

import time
from collections import Counter

from orchestrator.tracking.client import Run
from orchestrator.tracking.content import EPOCH_METRIC, points_of, step_of
from orchestrator.tracking.run_index import RunIndex
from reports.ledger.record import Epoch

FAILURE = "failure"
"""The tag that says why a run failed."""


class LiveRuns:
    """The runs of trials that train now, and the epochs that MLflow has of them."""

    def __init__(self, index: RunIndex) -> None:
        self._index = index
        self._steps: dict[str, set[int]] = {}
        self._num_retries: Counter[str] = Counter()

    def start(self, run: Run) -> None:
        """Set a run to RUNNING, as ours."""
        if not self._index.is_mine(run):
            self._index.take_over(run)

    def epoch_done(self, run: Run, epoch: Epoch) -> None:
        """Log an epoch, unless the run has it."""
        if step_of(epoch) not in self.known_steps(run):
            self._index.client.log(run, points=points_of(epoch, int(1000 * time.time())))
            self.known_steps(run).add(step_of(epoch))

    def fail(self, run: Run, reason: str) -> None:
        """End a run as failed, with the reason as a tag."""
        self._index.end(self._index.log_tags(run, {FAILURE: first_line(reason)}), "FAILED")

    def retry(self, run: Run, reason: str) -> None:
        """Log why a trial was started again, and how often by this driver."""
        self._num_retries[run.id] += 1
        tags = {"num_retries": str(self._num_retries[run.id]), "retried": first_line(reason)}
        self._index.log_tags(run, tags)

    def note_new(self, run: Run) -> None:
        """Note that a run is new, so it has no epochs."""
        self._steps[run.id] = set()

    def known_steps(self, run: Run) -> set[int]:
        """Return the steps of a run's epochs, including those that an earlier driver logged."""
        if run.id not in self._steps:
            self._steps[run.id] = self._index.client.steps(run, EPOCH_METRIC)
        return self._steps[run.id]

    def forget(self, run: Run) -> None:
        """Forget the epochs of a run that has ended."""
        self._steps.pop(run.id, None)


def first_line(text: str) -> str:
    """Return the first line of a reason: a trace may follow."""
    return text.partition("\n")[0]
