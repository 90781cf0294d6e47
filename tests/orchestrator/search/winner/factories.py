"""A search all of whose candidates have ended, and trials that nobody trained."""

from pathlib import Path

from corpora.preparation.known import know_corpus
from orchestrator.search.goal import SearchGoal
from orchestrator.search.points import Points
from orchestrator.search.search import Search, open_search
from orchestrator.search.winner.repeats import Repeats
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.record import Record
from reports.ledger.search_result import SearchResult
from search_spaces.trial import Trial
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.search.factories import F1, SPACE, finished
from tests.reports.factories import make_split, write_trial

NUM_CANDIDATES = 5
FIRST = (0.5, 0.7, 0.6, 0.4)
"""The validation F1 of the candidates with the first seed."""


def begin(storage: Path, num_seeds: int) -> Search:
    """Open a search all of whose candidates have ended: the last was stopped early."""
    points = Points(SPACE, know_corpus(CORPUS, storage), "tiny")
    goal = SearchGoal((F1,), NUM_CANDIDATES, seed=0, stops_early=True, num_seeds=num_seeds)
    search = open_search(points, goal, storage=storage)
    for f1 in FIRST:
        asked = search.log.ask(NUM_CANDIDATES)
        if asked is not None:
            search.log.finish(asked.number, {"f1": f1})
    if search.log.ask(NUM_CANDIDATES) is not None:
        search.log.stop(len(FIRST), {1: 0.9})
    return search


def open_repeats(search: Search) -> tuple[Repeats, list[SearchResult]]:
    changes: list[SearchResult] = []
    return Repeats(search, search.result(), on_change=changes.append), changes


def train(storage: Path, trial: Trial, f1: float) -> Record:
    """Finish a trial with this validation F1."""
    ledger = Ledger(storage)
    written = write_trial(ledger, trial, make_split(trial.seed, 2))
    record = finished(trial, (f1,))
    sha256 = {"predictions_sha256": written.result.predictions_sha256}
    record = record.model_copy(update={"result": record.result.model_copy(update=sha256)})
    (ledger.folder(trial.key) / RECORD_FILE).unlink()
    ledger.write(record)
    return record
