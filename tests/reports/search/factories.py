"""Results of searches that nobody ran."""

from typing import Any

from reports.ledger.search_result import Candidate, SearchResult
from search_spaces.change import Change

RATE = 0.1 + 0.2 * 1e-3
"""A learning rate that only all its digits tell."""

LE_CHANGE: Change = {
    "model.audio.depth": 3,
    "model.fusion": {"kind": "bottleneck", "num_tokens": 8, "depth": 2},
    "model.head": {"kind": "cls"},
    "training.learning_rate": RATE,
}
XIA_CHANGE: Change = {
    "model.audio.sem_after": ["conv4"],
    "model.cross": {"kind": "joint", "depth": 2},
}


def make_candidate(number: int, f1: float | None = None, **changes: Any) -> Candidate:
    """Make a candidate of Le et al.'s system; it is finished if it has an F1."""
    given: dict[str, Any] = {
        "number": number,
        "system": "le",
        "values": {"fusion": "bottleneck", "training.learning_rate": RATE},
        "change": LE_CHANGE,
        "state": "failed" if f1 is None else "finished",
        "key": f"key-{number}",
        "scores": {} if f1 is None else {"f1": f1},
        "num_epochs": 8,
    }
    return Candidate.model_validate(given | changes)


def make_costly(number: int, f1: float, parameters: float, **changes: Any) -> Candidate:
    """Make a finished candidate that has a cost too."""
    return make_candidate(
        number, scores={"f1": f1, "parameters": parameters}, state="finished"
    ).model_copy(update=changes)


STOPPED = make_candidate(3, state="stopped", num_epochs=2, last_f1=0.25)
FAILED = make_candidate(4, failure="RuntimeError: no [/b] luck\nand a trace")
XIA = make_candidate(
    2,
    0.5,
    system="xia",
    values={"sem": "on", "sem_points": "conv4"},
    change=XIA_CHANGE,
    from_ledger=True,
)


def make_result(
    *candidates: Candidate, costs: tuple[str, ...] = (), **changes: Any
) -> SearchResult:
    """Make the result of a search for F1, and for low `costs` besides."""
    given: dict[str, Any] = {
        "space": "architecture",
        "title": "Architecture & rates",
        "corpus": "synthetic",
        "scale": "tiny",
        "objectives": [{"name": name} for name in ("f1", *costs)],
        "baselines": {
            "le": "search_spaces.systems.le:LE",
            "xia": "search_spaces.systems.xia:XIA",
        },
        "candidates": candidates,
        "num_asked": len(candidates),
    }
    return SearchResult.model_validate(given | changes)


def make_search(**changes: Any) -> SearchResult:
    """Make a search for F1 in which everything happened; candidate 1 is the best of three."""
    best = make_candidate(1, 0.625, is_best=True)
    return make_result(make_candidate(0, 0.375), best, XIA, STOPPED, FAILED, **changes)


def make_front(**changes: Any) -> SearchResult:
    """Make a search for F1 and few parameters; candidates 2, 0 and 3 are the front."""
    candidates = (
        make_costly(0, 0.5, 2e6, is_best=True),
        make_costly(1, 0.375, 3e6),
        make_costly(2, 0.75, 68_050_694, is_best=True),
        make_costly(3, 0.25, 1e4, is_best=True),
        STOPPED.model_copy(update={"number": 4}),
    )
    return make_result(*candidates, costs=("parameters",), **changes)
