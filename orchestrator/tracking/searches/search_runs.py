"""Parent runs, one for each search: its result so far, its progress, and finally its figures."""

import time
from collections.abc import Iterable
from pathlib import Path

from orchestrator.addresses.pages import VIEW
from orchestrator.tracking.content import sha256_of_all
from orchestrator.tracking.parent_runs import DESCRIPTION, ParentRuns, hash_tag
from orchestrator.tracking.run_index import RunIndex
from orchestrator.tracking.searches.content import (
    MirroredSearch,
    files_of_search,
    result_points,
    result_tags,
)
from orchestrator.tracking.searches.page import describe, write_views
from reports.ledger.search_result import RESULT_FILE, SearchResult

FILES = "files"
"""The tag with the names of a search's files, and a part of the name of that with their hash."""


class SearchRuns(ParentRuns[MirroredSearch]):
    """The parent runs of the searches that are mirrored."""

    def __init__(self, index: RunIndex, storage: Path) -> None:
        super().__init__(index)
        self._storage = storage

    def follow(self, results: Iterable[SearchResult]) -> list[MirroredSearch]:
        """Mirror these searches from now on, with their current results."""
        searches = [MirroredSearch(result) for result in results]
        self.followed |= {search.key: search for search in searches}
        return searches

    def open(self, search: MirroredSearch) -> None:
        """Set a search's run to RUNNING, with a heartbeat."""
        run = self.run_of(search)
        if not self._index.is_mine(run):
            self._index.take_over(run, beat=True)

    def close(self, search: MirroredSearch) -> None:
        """Log a search's result and progress, and end its run unless another driver uses it."""
        run, result = self.run_of(search), search.result
        files = files_of_search(result, self._storage)
        tags = {**self._keep(run, FILES, files), FILES: " ".join(files)}
        scores = {hash_tag("scores"): sha256_of_all({RESULT_FILE: files.get(RESULT_FILE, b"")})}
        if not scores.items() <= run.tags.items():
            points = result_points(result, int(1000 * time.time()))
            run = self._index.log(run, points=points, params={}, tags=scores)
        for name, view in write_views(search).items():
            self._index.client.set_experiment_tag(f"{VIEW}{name}", view)
        tags |= {
            **result_tags(result),
            DESCRIPTION: describe(search, self._place_of(run, tags)),
        }
        self._end(run, tags, is_complete=result.is_complete)
