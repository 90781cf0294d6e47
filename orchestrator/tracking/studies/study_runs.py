"""Parent runs, one for each study on a corpus: its plan, its progress, and finally its results."""

import time
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from orchestrator.addresses.pages import VIEW
from orchestrator.storage.folder import tables_folder
from orchestrator.tracking.client import Run
from orchestrator.tracking.content import (
    MirroredStudy,
    has_former_name,
    sha256_of_all,
    study_name,
    tables_of,
)
from orchestrator.tracking.parent_runs import DESCRIPTION, ParentRuns, hash_tag
from orchestrator.tracking.run_index import RunIndex
from orchestrator.tracking.studies.page import (
    RESULTS_FILE,
    describe,
    draw_pictures,
    points_of_rows,
    write_results,
    write_views,
)
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores

PLAN_FILE = "plan.json"
TABLES_FOLDER, FIGURES_FOLDER = "tables", "figures"


class StudyRuns(ParentRuns[MirroredStudy]):
    """The parent runs of the studies that are mirrored."""

    def __init__(
        self, index: RunIndex, storage: Path, asked: Container[tuple[str, str]] = ()
    ) -> None:
        """Mirror none yet; `asked` are the trials to finish: a study's name, and a key."""
        super().__init__(index, RESULTS_FILE)
        self._asked = asked
        self._storage = storage

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
        run = self._index.take_over(self.run_of(study), beat=True)
        self._index.log_tags(run, self._keep(run, "plan", _plan_files(study)))

    def close(self, study: MirroredStudy) -> None:
        """Log a study's results and progress, and end its run unless another driver uses it.

        Raises:
            LedgerError: If a record or its predictions are damaged; the rest was logged.
        """
        run = self.run_of(study)
        if has_former_name(run.tags):
            run = self._index.rename(run, study_name(study.tags))
        tables = self._tables_of(study)
        tags = {
            **self._keep(run, "plan", _plan_files(study)),
            **self._keep(run, "tables", tables, TABLES_FOLDER),
            **self._keep(run, "results", write_results(study, tables)),
        }
        for name, view in write_views(study).items():
            self._index.client.set_experiment_tag(f"{VIEW}{name}", view)
        runs = [found for key in study.rows_by_key if (found := self._index.find(key))]
        finished = {one.tags["key"]: one for one in runs if one.status == "FINISHED"}
        tags |= {
            DESCRIPTION: describe(study, self._place_of(run, tags), runs, tables),
            "num_trials": str(len(study.rows_by_key)),
            "num_finished": str(len(finished)),
        }
        asked = {key for key in study.rows_by_key if (study.planned.study.name, key) in self._asked}
        is_complete = (asked or study.rows_by_key.keys()) <= finished.keys()
        self._end(run, tags, is_complete=is_complete)
        self._keep_scores(study, list(finished.values()))

    def _tables_of(self, study: MirroredStudy) -> dict[str, bytes]:
        place = study.planned.study.name, study.planned.corpus, study.planned.scale
        return tables_of(tables_folder(self._storage, *place))

    def _keep_scores(self, study: MirroredStudy, finished: Sequence[Run]) -> None:
        """Log a study's scores as metrics and draw its figures, unless that was done of the same.

        Raises:
            LedgerError: If a record or its predictions are damaged.
        """
        run = self.run_of(study)
        records = {one.tags["key"]: one.tags.get("record_sha256", "").encode() for one in finished}
        tags = {hash_tag("scores"): sha256_of_all({**records, **_plan_files(study)})}
        if not records or tags.items() <= run.tags.items():
            return
        trial_scores = TrialScores(Ledger(self._storage))
        outcome = collect_outcome(study.planned, trial_scores)
        pictures = draw_pictures(study.planned.study, outcome, trial_scores)
        self._index.client.upload(run, pictures, FIGURES_FOLDER)
        points = points_of_rows(study.planned.study, outcome, int(1000 * time.time()))
        self._index.log(run, points=points, params={}, tags=tags)


def _plan_files(study: MirroredStudy) -> dict[str, bytes]:
    return {PLAN_FILE: study.planned.model_dump_json(indent=1).encode()}
