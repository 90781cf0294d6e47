"""One search: a space on a corpus at a scale, for some objectives, and its state."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora.errors import did_you_mean
from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed
from orchestrator.search.goal import SearchGoal
from orchestrator.search.importance import measure_importances
from orchestrator.search.journal.open import open_journal
from orchestrator.search.log import SearchLog
from orchestrator.search.points import Points
from orchestrator.storage.patience import PATIENCE
from orchestrator.storage.publish import fetch_file
from reports.ledger.search_result import (
    FOLDER,
    RESULT_FILE,
    Candidate,
    Objective,
    SamplerName,
    SearchResult,
    name_search,
    search_folder,
)
from search_spaces.errors import StudyError


@dataclass(frozen=True)
class Search:
    """A search, kept in `folder`, until it has enough candidates.

    With `num_seeds` above 1, it then chooses its winner by that many seeds.
    """

    storage: Path
    folder: Path
    points: Points
    objectives: tuple[Objective, ...]
    num_candidates: int
    sampler: SamplerName
    log: SearchLog
    num_seeds: int

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
        """Collect the result so far.

        Raises:
            OSError: If the bucket that the storage mirrors was unreachable for too long.
        """
        return PATIENCE.at_start(self._result)

    def _result(self) -> SearchResult:
        importances, why_none = measure_importances(self.log.study, self.objectives)
        measured = {"importances": importances, "no_importances": why_none}
        return self.snapshot(self.candidates).model_copy(update=measured)

    def snapshot(self, candidates: Sequence[Candidate]) -> SearchResult:
        """Collect the result for these candidates, without the importance of fields."""
        space = self.points.space
        return SearchResult(
            space=space.name,
            title=space.title,
            corpus=self.points.corpus.name,
            scale=self.points.scale,
            objectives=self.objectives,
            baselines=space.systems,
            change=space.change,
            candidates=tuple(candidates),
            num_asked=self.num_candidates,
            sampler=self.sampler,
            id=self.log.id,
            num_seeds=self.num_seeds,
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
            or if its journal in the bucket is not shared yet.
    """
    name = _name(points, goal)
    log = PATIENCE.at_start(_open_log, points, goal, name, storage)
    return Search(
        storage,
        search_folder(name, storage),
        points,
        goal.objectives,
        goal.num_candidates,
        goal.sampler,
        log,
        goal.num_seeds,
    )


def find_rival(points: Points, goal: SearchGoal, name: str, *, storage: Path) -> SearchResult:
    """Read the search that another one is to be compared with.

    Raises:
        OSError: If the bucket that the storage mirrors was unreachable for too long.
        StudyError: If there is none of that name, or if the two have no F1 in common to compare:
            other utterances, models of another scale, or a cost that draws candidates too.
    """
    folder = storage / FOLDER
    fetch_file(storage, folder / name / RESULT_FILE)
    known = sorted(path.parent.name for path in folder.glob(f"*/{RESULT_FILE}"))
    if name not in known:
        raise StudyError(
            f"there is no search '{name}' in '{folder}' to compare with; "
            f"{did_you_mean(name, known)}choose from {', '.join(known) or 'none yet'}"
        )
    path = folder / name / RESULT_FILE
    try:
        rival = parse_sealed(path.read_bytes(), SearchResult)
    except ParseError as error:
        raise StudyError(
            f"'{path}' is damaged ({error}); the command of that search writes it again"
        ) from error
    faults = [
        *(["it is this search"] if name == _name(points, goal) else []),
        *([f"it is on corpus '{rival.corpus}'"] if rival.corpus != points.corpus.name else []),
        *([f"it is at scale '{rival.scale}'"] if rival.scale != points.scale else []),
        *(["a cost is among its objectives"] if len(rival.objectives) > 1 else []),
        *(["a cost is among the objectives here"] if len(goal.objectives) > 1 else []),
    ]
    if faults:
        raise StudyError(
            f"search '{name}' cannot be compared with '{_name(points, goal)}': "
            f"{', '.join(faults)}; name another search for F1 alone on corpus "
            f"'{points.corpus.name}' at scale '{points.scale}'"
        )
    return rival


def _name(points: Points, goal: SearchGoal) -> str:
    space, corpus = points.space.name, points.corpus.name
    return name_search(space, corpus, points.scale, goal.objectives, goal.sampler)


def _open_log(points: Points, goal: SearchGoal, name: str, storage: Path) -> SearchLog:
    return SearchLog(
        open_journal(name, storage),
        points.space,
        points.scale,
        goal.objectives,
        identity=points.identity,
        seed=goal.seed,
        sampler=goal.sampler,
    )
