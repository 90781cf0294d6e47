"""One search: a space on a corpus at a scale, for some objectives, and its state."""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.search.goal import SearchGoal
from orchestrator.search.importance import measure_importances
from orchestrator.search.log import SearchLog
from orchestrator.search.points import Points
from orchestrator.storage.mirror import place_of
from orchestrator.storage.publish import claim_folder
from reports.ledger.search_result import Candidate, Objective, SearchResult
from search_spaces.errors import StudyError

SEARCHES = "searches"


@dataclass(frozen=True)
class Search:
    """A search, kept in `folder`, until it has enough candidates."""

    storage: Path
    folder: Path
    points: Points
    objectives: tuple[Objective, ...]
    num_candidates: int
    log: SearchLog

    @property
    def name(self) -> str:
        """The name of the search, unique in the storage."""
        return self.folder.name

    @property
    def is_complete(self) -> bool:
        """Whether the search has all its candidates, and the end of each is logged."""
        return self.log.is_complete(self.num_candidates)

    @property
    def candidates(self) -> list[Candidate]:
        """The candidates so far."""
        return self.log.candidates(self.points.key_of)

    def result(self) -> SearchResult:
        """Collect the result so far."""
        importances, why_none = measure_importances(self.log.study, self.objectives)
        space = self.points.space
        return SearchResult(
            space=space.name,
            title=space.title,
            corpus=self.points.corpus.name,
            scale=self.points.scale,
            objectives=self.objectives,
            baselines=space.systems,
            change=space.change,
            candidates=tuple(self.candidates),
            importances=importances,
            no_importances=why_none,
            num_asked=self.num_candidates,
        )


def open_search(
    points: Points,
    goal: SearchGoal,
    *,
    storage: Path,
) -> Search:
    """Continue a search, or start it.

    Raises:
        LedgerError: If its stored state is damaged.
        OSError: If the bucket that the storage mirrors was unreachable for too long.
        StudyError: If the search was started with another space, other baselines or another corpus,
            or by another machine that uses the same bucket.
    """
    names = [objective.name for objective in goal.objectives]
    name = "-".join([points.space.name, points.corpus.name, points.scale, *names])
    folder = storage / SEARCHES / name
    _claim(storage, folder)
    log = SearchLog(
        folder,
        points.space,
        points.scale,
        goal.objectives,
        identity=points.identity,
        seed=goal.seed,
    )
    return Search(storage, folder, points, goal.objectives, goal.num_candidates, log)


def _claim(storage: Path, folder: Path) -> None:
    """Make sure that no other machine owns the search: our journal would replace its journal."""
    owner = claim_folder(storage, folder)
    if owner is not None:
        place = f"{place_of(storage)}/{folder.relative_to(storage).as_posix()}"
        raise StudyError(
            f"search '{place}' belongs to machine '{owner}', which started it and keeps its "
            "journal; continue it there or give the space another name. If that machine no longer "
            "exists, remove that folder of the bucket: finished trials stay in the ledger"
        )
