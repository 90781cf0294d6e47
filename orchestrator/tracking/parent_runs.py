"""Parent runs: what those of studies and of searches have in common."""

import time
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

from orchestrator.addresses.pages import RunPlace
from orchestrator.storage.driver import this_driver
from orchestrator.tracking.client import Run
from orchestrator.tracking.content import sha256_of_all
from orchestrator.tracking.orphans import BEAT_S, HEARTBEAT
from orchestrator.tracking.run_index import RunIndex
from orchestrator.trial.code_version import code_version

DESCRIPTION = "mlflow.note.content"
"""MLflow's own tag for the description of a run, in Markdown."""


class Parent(Protocol):
    """A study or a search, as its run shows it; `key` names the run."""

    key: str
    tags: dict[str, str]

    @property
    def name(self) -> str:
        """The name of the run."""


P = TypeVar("P", bound=Parent)


class ParentRuns(Generic[P]):
    """The runs of the studies, or of the searches, that are mirrored.

    `results_file` is the file of a run that its page shows first, if it has one.
    """

    def __init__(self, index: RunIndex, results_file: str = "") -> None:
        self._index = index
        self._results_file = results_file
        self._heartbeat = HEARTBEAT + this_driver()
        self._beat_at = time.monotonic()
        self.followed: dict[str, P] = {}

    def run_of(self, parent: P) -> Run:
        """Find or create the run."""
        tags = {
            **parent.tags,
            "code_version": code_version(),
            self._heartbeat: f"{time.time():.0f}",
        }
        return self._index.find_or_create(parent.key, parent.name, tags)

    def place_of(self, parent: P) -> RunPlace:
        """Return where the run is, and its page of results if it has one."""
        return self._place_of(self.run_of(parent), {})

    def beat(self) -> None:
        """Send a heartbeat of this driver, if it is time to."""
        if time.monotonic() - self._beat_at < BEAT_S:
            return
        self._beat_at = time.monotonic()
        for parent in self.followed.values():
            run = self._index.find(parent.key)
            if run is not None and run.status == "RUNNING":
                self._index.log_tags(run, {self._heartbeat: f"{time.time():.0f}"})

    def _place_of(self, run: Run, new_tags: Mapping[str, str]) -> RunPlace:
        """Return where a run is, if it has some new tags besides its own."""
        file = self._results_file if hash_tag("results") in {**run.tags, **new_tags} else ""
        return RunPlace(self._index.client.experiment, run.id, file)

    def _keep(
        self, run: Run, name: str, files: dict[str, bytes], folder: str | None = None
    ) -> dict[str, str]:
        """Upload files, unless the run has the same files.

        Returns:
            The tag with their hash, to be logged after they were uploaded; none without files.
        """
        tags = {hash_tag(name): sha256_of_all(files)} if files else {}
        if not tags.items() <= run.tags.items():
            self._index.client.upload(run, files, folder)
        return tags

    def _end(self, run: Run, tags: Mapping[str, str], *, is_complete: bool) -> None:
        """Log the last tags, and end a run unless another driver uses it."""
        run = self._index.drop_tags(self._index.log_tags(run, tags), self._heartbeat)
        status = "FINISHED" if is_complete else "KILLED"
        is_ours_to_end = run.status == "RUNNING" and not self._index.is_shared(run)
        if run.status != status and (is_complete or is_ours_to_end):
            self._index.end(run, status)


def hash_tag(name: str) -> str:
    """Name the tag with the hash of what a run has; for scores, of what they were counted from."""
    return f"{name}_sha256"
