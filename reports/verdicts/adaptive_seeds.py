"""Adaptive seeds: rows get the seeds of the next look only while an open claim compares them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.ledger.planned import Planned, elsewhere, read_planned
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from reports.verdicts.in_sequence import next_look
from reports.verdicts.judgement import Judged, judge_claims


@dataclass(frozen=True)
class Extension:
    """The open claims of a study, and how many seeds each row gets to decide them."""

    study: str
    open_claims: tuple[str, ...]
    num_seeds: Mapping[str, int]


def judge_planned(planned: Planned, trial_scores: TrialScores) -> list[Judged]:
    """Judge a study's claims by its trials on this corpus and on all others where it is planned.

    What papers compare is asked of this corpus alone.
    """
    others = elsewhere(planned, read_planned(trial_scores.ledger))
    outcomes = [collect_outcome(one, trial_scores) for one in (planned, *others)]
    return judge_claims(planned.study, outcomes, trial_scores, asked_of=outcomes[:1])


def extend(planned: Planned, trial_scores: TrialScores) -> Extension:
    """Give the seeds of the next look to the rows that open claims compare on this corpus."""
    num_seeds = {row: len(keys) for row, keys in planned.keys.items()}
    extended = dict(num_seeds)
    open_claims = []
    for judged in judge_planned(planned, trial_scores):
        rows = _rows_here(judged, planned)
        if judged.verdict != "UNDECIDED" or not rows:
            continue
        look = next_look(min(num_seeds[row] for row in rows), planned.looks)
        if look is None or _waits(judged, planned, look):
            continue
        open_claims.append(judged.claim.id)
        extended |= {row: max(look, extended[row]) for row in rows}
    return Extension(planned.study.name, tuple(open_claims), extended)


def _waits(judged: Judged, planned: Planned, look: int) -> bool:
    """Whether a claim also compares another corpus that does not have the seeds of the look yet."""
    others = [one for one in judged.compared if one.corpus != planned.corpus]
    return any(len(one.seeds) < look for one in others)


def _rows_here(judged: Judged, planned: Planned) -> list[str]:
    if judged.claim.scale not in (None, planned.scale):
        return []
    here = (planned.corpus, planned.family)
    compared = [one for one in judged.claim.comparisons if one.score.corpus in here]
    return list(dict.fromkeys(name for one in compared for name in (one.row, one.rival)))


def describe_open(extensions: Sequence[Extension]) -> str:
    """Say which claims get more seeds."""
    names = [name for extension in extensions for name in extension.open_claims]
    return f"More seeds for the open claims: {', '.join(names)}"
