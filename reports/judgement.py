"""Verdicts on a study's claims, from its trials."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from reports.adaptive import Closed, gap_at, judge_in_sequence
from reports.cells import Cell, Outcome
from reports.evidence import (
    Compared,
    compare,
    describe_absence,
    find_cell,
    find_outcome,
    vary_test_set,
    weigh,
)
from reports.redrawn import RedrawnScores
from reports.statistics.compatibility import compatible, smallest_best_of
from reports.statistics.power import seeds_needed
from reports.statistics.verdicts import FEWEST_SEEDS, Evidence, Verdict, judge
from reports.trial_scores import TrialScores
from search_spaces.claim import Claim, PrintedValue
from search_spaces.paper_claims import claims_of
from search_spaces.study import Study

Word = Verdict | Literal["COMPATIBLE", "INCOMPATIBLE", "REPORTED"]

LEVEL = 0.025
"""One-sided, of all claims of a table together."""


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict on this test split, and one that varies the test set as well.

    `beyond` is None where that second question cannot be asked. `reason` says in words what the
    verdict rests on: `compared`, or the `cell` of a claim about one value. `projected_seeds` is how
    many would probably decide an open claim.
    """

    claim: Claim
    verdict: Word
    beyond: Verdict | None
    reason: str
    compared: tuple[Compared, ...] = ()
    cell: Cell | None = None
    projected_seeds: int | None = None

    @property
    def num_seeds(self) -> int | None:
        """The fewest seeds of what was compared, None if nothing was."""
        if self.cell is not None:
            return self.cell.num_scores
        return min((len(one.seeds) for one in self.compared if one.gap), default=None)


def judge_claims(
    study: Study, outcomes: Sequence[Outcome], trial_scores: TrialScores
) -> list[Judged]:
    """Judge all claims of a study, those of one table together.

    Args:
        study: The study.
        outcomes: What its trials have given, one for each corpus.
        trial_scores: The scores of those trials.

    Raises:
        StudyError: If a paper's claim has no row or column in the study.
        LedgerError: If predictions are damaged or missing.
    """
    redrawn = RedrawnScores(trial_scores)
    judged = [_weigh_claim(claim, outcomes, trial_scores, redrawn) for claim in claims_of(study)]
    looks = next((outcome.looks for outcome in outcomes if outcome.looks), ())
    for family in dict.fromkeys(one.claim.family for one in judged):
        tested = [
            number
            for number, one in enumerate(judged)
            if one.claim.family == family and _is_testable(one)
        ]
        members = [judged[number] for number in tested]
        if looks:
            ends = judge_in_sequence([(one.claim, one.compared) for one in members], looks, LEVEL)
            for number, end in zip(tested, ends, strict=True):
                judged[number] = _with_end(judged[number], end, len(members))
            continue
        on_split = judge([_evidence(one, beyond=False) for one in members], LEVEL)
        beyond = judge([_evidence(one, beyond=True) for one in members], LEVEL)
        for number, verdict, wider in zip(tested, on_split, beyond, strict=True):
            judged[number] = _with_verdict(judged[number], verdict, wider, len(members))
    return judged


def _weigh_claim(
    claim: Claim,
    outcomes: Sequence[Outcome],
    trial_scores: TrialScores,
    redrawn: RedrawnScores,
) -> Judged:
    """Collect what the trials say about a claim; its family judges it."""
    undecided = Judged(claim, "UNTESTABLE", None, claim.untestable)
    if claim.untestable:
        return undecided
    if claim.kind == "complexity":
        return _report_costs(claim, outcomes)
    if claim.value is not None:
        return _judge_value(claim, claim.value, outcomes, trial_scores)
    compared = tuple(compare(one, claim, outcomes, trial_scores) for one in claim.comparisons)
    problems = dict.fromkeys(one.problem for one in compared if one.problem)
    if not problems:
        compared = tuple(vary_test_set(one, claim, outcomes, redrawn) for one in compared)
    return replace(undecided, compared=compared, reason="; ".join(problems))


def _is_testable(judged: Judged) -> bool:
    """Whether all that a claim compares has a gap."""
    return bool(judged.compared) and all(one.gap is not None for one in judged.compared)


def _evidence(judged: Judged, *, beyond: bool) -> Evidence | None:
    """Weigh a claim's parts, None if one of its comparisons cannot be made."""
    gaps = {one.comparison: one.gap_beyond if beyond else one.gap for one in judged.compared}
    found = {one: gap for one, gap in gaps.items() if gap is not None}
    if len(found) < len(gaps):
        return None
    return weigh(judged.claim, found)


def _with_verdict(judged: Judged, verdict: Verdict, beyond: Verdict, num_claims: int) -> Judged:
    return replace(
        judged,
        verdict=verdict,
        beyond=None if beyond == "UNTESTABLE" else beyond,
        reason=_describe_gaps(judged.compared),
        projected_seeds=_project(judged, num_claims) if verdict == "UNDECIDED" else None,
    )


def _with_end(judged: Judged, end: Closed | None, num_claims: int) -> Judged:
    """Take the verdict of adaptive seeds; with a test set that varies, where no seed came after."""
    if end is None:
        return replace(judged, reason="the seeds do not reach the first look")
    at_end = [_until(end.look, one) for one in judged.compared]
    evidence = _evidence(judged, beyond=True) if judged.num_seeds == end.look else None
    (beyond,) = judge([evidence], end.cutoff)
    return replace(
        judged,
        verdict=end.verdict,
        beyond=None if beyond == "UNTESTABLE" else beyond,
        reason=f"{_describe_gaps(at_end, 1 - 2 * end.cutoff)}, adaptive seeds",
        projected_seeds=_project(judged, num_claims) if end.verdict == "UNDECIDED" else None,
    )


def _until(look: int, compared: Compared) -> Compared:
    """Leave out what came after a look."""
    is_all = len(compared.differences) == look
    return replace(
        compared,
        gap=gap_at(look, compared),
        differences=compared.differences[:look],
        superiority=compared.superiority if is_all else None,
    )


def _project(judged: Judged, num_claims: int) -> int | None:
    """Project how many seeds would show every part that is needed, if the gaps are as they look.

    The level is the most cautious of Holm's, over the claims of the family and the parts of which
    any may be the ones that hold.
    """
    claim = judged.claim
    number = claim.at_least or len(claim.parts)
    level = LEVEL / num_claims / (len(claim.parts) - number + 1)
    needed = {
        one.comparison: None
        if one.effect_size is None
        else seeds_needed(abs(one.effect_size), level)
        for one in judged.compared
    }
    of_parts = [[needed[one] or math.inf for one in part] for part in claim.parts]
    projected = sorted(map(max, of_parts))[number - 1]
    return None if projected == math.inf else int(projected)


def _describe_gaps(compared: Sequence[Compared], level: float = 0.95) -> str:
    """Tell the gap, in points; of several the smallest, on which a conjunction hangs."""
    gaps = [(one.gap, one) for one in compared if one.gap is not None]
    gap, smallest = min(gaps, key=lambda one: one[0].mean)
    comparison = smallest.comparison
    low, high = gap.interval(level)
    text = f"{100 * gap.mean:+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}]"
    text += f" with {100 * comparison.allowance:.2f} allowed" if comparison.allowance else ""
    text += f", n = {gap.num_seeds}"
    if smallest.effect_size is not None:
        text += f", d_z = {smallest.effect_size:.1f}"
    if smallest.superiority is not None:
        text += f", P(better) = {smallest.superiority:.2f}"
    if len(gaps) == 1:
        return f"gap {text}"
    return f"smallest of {len(gaps)} gaps, to '{comparison.rival}', {text}"


def _judge_value(
    claim: Claim, value: PrintedValue, outcomes: Sequence[Outcome], trial_scores: TrialScores
) -> Judged:
    """Compare our scores with a printed value that has no spread."""
    undecided = Judged(claim, "UNTESTABLE", None, "")
    outcome = find_outcome(outcomes, claim, value.score.corpus)
    if outcome is None:
        return replace(undecided, reason=describe_absence(claim, value.score.corpus))
    cell = find_cell(outcome, value.row, value.score, trial_scores)
    if cell.num_scores < FEWEST_SEEDS:
        reason = f"'{value.row}' has {cell.num_scores} of at least {FEWEST_SEEDS} seeds"
        return replace(undecided, reason=reason)
    factor = 100 if value.unit == "percent" else 1
    decimals = len(value.text.partition(".")[2])
    scores = np.array(list(cell.by_seed.values()))
    published = float(value.text) / factor
    fits = compatible(scores, published, 0.5 * 10.0**-decimals / factor)
    return replace(
        undecided,
        verdict="COMPATIBLE" if fits else "INCOMPATIBLE",
        reason=_describe_value(cell, value, smallest_best_of(scores, published)),
        cell=cell,
    )


def _describe_value(cell: Cell, value: PrintedValue, best_of: int | None) -> str:
    factor = 100 if value.unit == "percent" else 1
    decimals = len(value.text.partition(".")[2])
    ours = " ± ".join(f"{factor * (part or 0):.{decimals}f}" for part in (cell.mean, cell.std))
    luck = {None: "no best of any number of runs reaches it", 1: "a usual run reaches it"}.get(
        best_of, f"expected from the best of {best_of}"
    )
    return f"ours {ours} (n = {cell.num_scores}), published {value.text}; {luck}"


def _report_costs(claim: Claim, outcomes: Iterable[Outcome]) -> Judged:
    """Tell the largest model's parameters and multiply-accumulates, as recorded."""
    results = [
        (row, outcome.records[key].result)
        for outcome in outcomes
        if claim.scale in (None, outcome.scale)
        for row, keys in outcome.planned.items()
        for key in keys
        if key in outcome.records
    ]
    if not results:
        scale = f" at the {claim.scale} scale" if claim.scale else ""
        return Judged(claim, "UNTESTABLE", None, f"no finished trial{scale}")
    row, largest = max(results, key=lambda one: one[1].num_parameters)
    text = f"largest model, '{row}': {largest.num_parameters / 1e6:.1f} M parameters"
    if largest.num_parameters_without_embeddings is not None:
        without = largest.num_parameters_without_embeddings
        text += f" ({without / 1e6:.1f} M without embeddings)"
    if largest.macs is not None:
        text += f", {largest.macs / 1e9:.2f} G multiply-accumulates on the reference clip"
    return Judged(claim, "REPORTED", None, text)
