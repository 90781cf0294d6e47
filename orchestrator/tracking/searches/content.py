"""The content of the runs of a search and its candidates: plain data from the search's result."""

from collections.abc import Mapping
from pathlib import Path

from orchestrator.tracking.content import (
    CANDIDATE,
    MAX_TAG,
    MAX_VIEW,
    REPEAT,
    SEARCH,
    Point,
    safe_name,
)
from reports.ledger.search_result import (
    Candidate,
    CandidateState,
    ObjectiveName,
    SearchResult,
    search_folder,
)
from reports.search.best import costs, find_winner, rank_importances
from search_spaces.space import SYSTEM

SEARCH_ID, TRIAL_KEY, STATE = "search_id", "trial", "state"
"""Tags of a candidate: its search, its trial, and how it ended."""

STOPPED_AT, BEST = "stopped_at_epoch", "best"
"""Tags of candidates that were stopped early, and of those that are best or on the front."""

STATES: Mapping[CandidateState, str] = {"stopped": "stopped early"}
"""How a tag names the state of a candidate, if other than the result does."""

STATUSES: Mapping[CandidateState, str] = {
    "finished": "FINISHED",
    "stopped": "KILLED",
    "failed": "FAILED",
}
"""The status of a run, by how its candidate ended."""

PULLED = frozenset({".csv", ".json", ".pdf", ".png", ".tex"})
WRITTEN = PULLED | {".py"}
"""The endings of the files that a search leaves for its user; its journal is not among them."""


class MirroredSearch:
    """A search, as its parent run shows it; `view` is the name of the view of its candidates."""

    def __init__(self, result: SearchResult) -> None:
        self.result = result
        self.key = search_key(result)
        self.view = safe_name(self.key)[:MAX_VIEW].rstrip("/")
        self.tags = {
            "kind": SEARCH,
            "search": result.name,
            SEARCH_ID: result.id,
            "space": result.space,
            "corpus": result.corpus,
            "scale": result.scale,
            "title": result.title,
            "sampler": result.sampler,
            "objectives": ", ".join(objective.name for objective in result.objectives),
        }

    @property
    def name(self) -> str:
        """The name of the search's run; objectives are named if there are several, as is chance."""
        result = self.result
        more: list[str] = ["f1", *costs(result)] if costs(result) else []
        more += [result.sampler] if result.sampler != "tpe" else []
        return " ".join(["search", result.space, result.corpus, result.scale, *more])

    def of_trial(self, key: str) -> list[Candidate]:
        """List the candidates that share a trial, or what repeats a candidate with it."""
        return [candidate for candidate in self.result.attempts if candidate.key == key]

    def tags_of(self, candidate: Candidate) -> dict[str, str]:
        """Return the tags that describe a candidate, however it ends."""
        return {
            "kind": REPEAT if candidate.seed else CANDIDATE,
            "search": self.result.name,
            SEARCH_ID: self.result.id,
            "candidate": str(candidate.number),
            **({"seed": str(candidate.seed)} if candidate.seed else {}),
            SYSTEM: candidate.system,
            "corpus": self.result.corpus,
            "scale": self.result.scale,
            TRIAL_KEY: candidate.key,
        }

    def params_of(self, candidate: Candidate) -> dict[str, str]:
        """Return the drawn values of a candidate, and its system if the space has several."""
        system = {SYSTEM: candidate.system} if len(self.result.baselines) > 1 else {}
        return system | {field: str(value) for field, value in candidate.values.items()}


def search_key(result: SearchResult) -> str:
    """Return the key of a search's run."""
    return f"search/{result.name}/{result.id}"


def candidate_key(result: SearchResult, candidate: Candidate) -> str:
    """Return the key of a candidate's run; that of a repeat ends with its seed."""
    repeat = f"/seed-{candidate.seed}" if candidate.seed else ""
    return f"{search_key(result)}/{candidate.number}{repeat}"


def candidate_name(candidate: Candidate) -> str:
    """Return the name of a candidate's run."""
    return f"candidate {candidate.number}" + (f" s{candidate.seed}" if candidate.seed else "")


def state_tags(candidate: Candidate) -> dict[str, str]:
    """Return the tags that say how a candidate ended."""
    return {
        STATE: STATES.get(candidate.state, candidate.state),
        **({STOPPED_AT: str(candidate.num_epochs)} if candidate.state == "stopped" else {}),
        **({"from_ledger": "true"} if candidate.from_ledger else {}),
    }


def objective_metric(name: ObjectiveName) -> str:
    """Name the metric of an objective; views plot it against params and other objectives."""
    return f"objective_{name}"


def objective_points(candidate: Candidate, time_ms: int) -> list[Point]:
    """Return the objectives of a candidate; none unless it is finished."""
    return [Point(objective_metric(n), v, time_ms, 0) for n, v in candidate.scores.items()]


def f1_points(candidate: Candidate, known_steps: set[int], time_ms: int) -> list[Point]:
    """Return the validation F1 of the epochs of a candidate that were not logged yet."""
    return [
        Point("valid_f1", f1, time_ms, step)
        for step, f1 in candidate.valid_f1.items()
        if step not in known_steps
    ]


def result_tags(result: SearchResult) -> dict[str, str]:
    """Return the tags for the progress of a search, and for its winner if it has one."""
    num = dict.fromkeys(("finished", "stopped", "failed"), 0)
    for candidate in result.candidates:
        if candidate.state in num:
            num[candidate.state] += 1
    tags = {f"num_{state}": str(number) for state, number in num.items()}
    winner = find_winner(result)
    if winner is not None:
        values = ", ".join(f"{field}: {value}" for field, value in winner.values.items())
        tags |= {
            "winner": str(winner.number),
            "winner_system": winner.system,
            "winner_values": values[:MAX_TAG],
        }
    return {"num_candidates": str(len(result.candidates)), **tags}


def result_points(result: SearchResult, time_ms: int) -> list[Point]:
    """Return the objectives of the winner, and the importance of each field for each objective.

    A winner that is stated also has means and standard deviations over its fresh seeds.
    """
    winner = find_winner(result)
    scores = {} if winner is None else winner.scores
    stated = result.winner
    estimates = {} if stated is None else {"valid": stated.valid, "test": stated.test}
    return [
        *(Point(f"winner_{name}", score, time_ms, 0) for name, score in scores.items()),
        *(
            Point(f"winner_{split}_f1_{name}", value, time_ms, 0)
            for split, estimate in estimates.items()
            for name, value in (("mean", estimate.mean), ("std", estimate.std))
        ),
        *(
            Point(safe_name(f"importance_{objective.name}/{field}"), importance, time_ms, 0)
            for objective in result.objectives
            for field, importance in rank_importances(result, objective.name).items()
        ),
    ]


def files_of_search(result: SearchResult, storage: Path) -> dict[str, bytes]:
    """Read the result, tables and figures of a search, and its winner's study, by file name."""
    files = sorted(search_folder(result.name, storage).glob("*"))
    return {path.name: path.read_bytes() for path in files if path.suffix in WRITTEN}
