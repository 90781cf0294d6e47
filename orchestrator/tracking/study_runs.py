"""Parent runs, one for each study on a corpus: its plan, its progress, and finally its tables."""

import time
from collections.abc import Container, Iterable
from pathlib import Path

from orchestrator.storage.driver import this_driver
from orchestrator.storage.folder import tables_folder
from orchestrator.tracking.client import Run
from orchestrator.tracking.content import MirroredStudy, sha256_of_all, tables_of
from orchestrator.tracking.orphans import BEAT_S, HEARTBEAT
from orchestrator.tracking.run_index import RunIndex
from orchestrator.trial.code_version import code_version
from reports.ledger.planned import Planned

PLAN_FILE = "plan.json"
TABLES_FOLDER = "tables"


class StudyRuns:
    """The parent runs of the studies that are mirrored."""

    def __init__(
        self, index: RunIndex, storage: Path, asked: Container[tuple[str, str]] = ()
    ) -> None:
        """Mirror none yet; `asked` are the trials to finish: a study's name, and a key."""
        self._index = index
        self._asked = asked
        self._storage = storage
        self._heartbeat = HEARTBEAT + this_driver()
        self._beat_at = time.monotonic()
        self.followed: dict[str, MirroredStudy] = {}

    def follow(self, planned: Iterable[Planned]) -> list[MirroredStudy]:
        """Mirror these studies from now on, with their current plans."""
        studies = [MirroredStudy(one) for one in planned]
        self.followed |= {study.key: study for study in studies}
        return studies

    def of_trial(self, key: str) -> list[MirroredStudy]:
        """List the mirrored studies that a trial belongs to."""
        return [study for study in self.followed.values() if key in study.rows_by_key]

    def open(self, study: MirroredStudy) -> None:
        """Set a study's run to RUNNING, with a heartbeat and the plan."""
        self._index.take_over(self.run_of(study), beat=True)
        self._keep_plan(study)

    def run_of(self, study: MirroredStudy) -> Run:
        """Find or create a study's run."""
        tags = {
            **study.tags,
            "code_version": code_version(),
            self._heartbeat: f"{time.time():.0f}",
        }
        return self._index.find_or_create(study.key, study.planned.study.name, tags)

    def beat(self) -> None:
        """Send a heartbeat of this driver, if it is time to."""
        if time.monotonic() - self._beat_at < BEAT_S:
            return
        self._beat_at = time.monotonic()
        for study in self.followed.values():
            run = self._index.find(study.key)
            if run is not None and run.status == "RUNNING":
                self._index.log_tags(run, {self._heartbeat: f"{time.time():.0f}"})

    def close(self, study: MirroredStudy) -> None:
        """Log a study's progress, upload its tables, end its run unless another driver uses it."""
        self._keep_plan(study)
        self._keep_tables(study)
        runs = {key: self._index.find(key) for key in study.rows_by_key}
        finished = {key for key, run in runs.items() if run and run.status == "FINISHED"}
        counts = {"num_trials": str(len(runs)), "num_finished": str(len(finished))}
        run = self._index.log_tags(self.run_of(study), counts)
        run = self._index.drop_tags(run, self._heartbeat)
        asked = {key for key in runs if (study.planned.study.name, key) in self._asked}
        is_complete = (asked or runs.keys()) <= finished
        status = "FINISHED" if is_complete else "KILLED"
        is_ours_to_end = run.status == "RUNNING" and not self._index.is_shared(run)
        if run.status != status and (is_complete or is_ours_to_end):
            self._index.end(run, status)

    def _keep_plan(self, study: MirroredStudy) -> None:
        files = {PLAN_FILE: study.planned.model_dump_json(indent=1).encode()}
        self._keep(study, files, None)

    def _keep_tables(self, study: MirroredStudy) -> None:
        planned = study.planned
        folder = tables_folder(self._storage, planned.study.name, planned.corpus, planned.scale)
        if files := tables_of(folder):
            self._keep(study, files, TABLES_FOLDER)

    def _keep(self, study: MirroredStudy, files: dict[str, bytes], folder: str | None) -> None:
        """Upload files, unless the run has the same files; a tag holds their hash."""
        run = self.run_of(study)
        tags = {f"{folder or 'plan'}_sha256": sha256_of_all(files)}
        if not tags.items() <= run.tags.items():
            self._index.client.upload(run, files, folder)
            self._index.log_tags(run, tags)
