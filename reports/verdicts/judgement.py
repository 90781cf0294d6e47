"""Verdicts on a study's claims, from its trials."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Literal

import numpy as np

from corpora.source.names import SYNTHETIC_NAMES
from reports.scores.cells import Cell, Outcome, find_cell
from reports.scores.redrawn import RedrawnScores
from reports.scores.trials import TrialScores
from reports.statistics.compatibility import compatible, smallest_best_of
from reports.statistics.sequential import cutoff
from reports.statistics.verdicts import FEWEST_SEEDS, Evidence, Verdict, judge
from reports.verdicts.evidence import (
    Compared,
    compare,
    describe_absence,
    find_outcome,
    vary_test_set,
    weigh,
)
from reports.verdicts.here import ask_here
from reports.verdicts.in_sequence import gap_at, judge_in_sequence
from reports.verdicts.reasons import (
    describe_briefly,
    describe_costs,
    describe_gaps,
    describe_value,
    project_seeds,
)
from search_spaces.claim import Claim, PrintedValue
from search_spaces.metrics.registry import find_metric
from search_spaces.paper_claims import claims_about
from search_spaces.study import Study

Word = Verdict | Literal["COMPATIBLE", "INCOMPATIBLE", "REPORTED"]

SAMENESS: dict[Verdict, Verdict] = {"HOLDS": "EQUIVALENT", "REVERSED": "FAILS"}
"""The verdicts on a claim that rows are the same, by what the tests show of margin - |gap|."""

LEVEL = 0.025
"""The one-sided level of all claims of a table together."""


@dataclass(frozen=True)
class Judged:
    """A claim with two verdicts: on this test split, and `beyond` it, with the test set varied too.

    `beyond` is None if the second verdict is impossible. `reason` puts into words what the verdict
    is based on: `compared`, or the `cell` of a claim about one value; `brief` says it in fewer.
    `projected_seeds` is the number of seeds that would probably decide an open claim. `absent`
    holds the corpora that the claim is about and that have no trials at its scale.
    """

    claim: Claim
    verdict: Word
    beyond: Verdict | None
    reason: str
    brief: str = ""
    absent: tuple[str, ...] = ()
    compared: tuple[Compared, ...] = ()
    cell: Cell | None = None
    projected_seeds: int | None = None

    @property
    def has_folds(self) -> bool:
        """Whether rows are compared over folds, so that no number of seeds can be projected."""
        return any(one.folds for one in self.compared)

    @property
    def num_seeds(self) -> int | None:
        """The fewest seeds of any comparison, or pairs of seed and fold; None without any."""
        if self.cell is not None:
            return self.cell.num_scores
        return min((len(one.seeds) for one in self.compared if one.gap), default=None)


def judge_claims(
    study: Study,
    outcomes: Sequence[Outcome],
    trial_scores: TrialScores | None,
    asked_of: Sequence[Outcome] | None = None,
) -> list[Judged]:
    """Judge all claims of a study; the claims of one table are one family.

    What the papers' claims compare is asked of other corpora too (`reports.verdicts.here`); the
    questions of a corpus come last, and are a family of their own.

    Args:
        study: The study.
        outcomes: The results of its trials, one outcome for each corpus.
        trial_scores: The scores of these trials; None if others made the scores, which are in the
            cells of the outcomes then. There is no verdict beyond this split without predictions.
        asked_of: The outcomes of which such questions are asked, by default all.

    Raises:
        StudyError: If a paper's claim has no row or column in the study.
        LedgerError: If predictions are damaged or missing.
    """
    redrawn = None if trial_scores is None else RedrawnScores(trial_scores)
    asked = ask_here(study, outcomes if asked_of is None else asked_of)
    claims = (*claims_about(study, [one.corpus for one in outcomes]), *asked)
    judged = [_weigh_claim(claim, outcomes, trial_scores, redrawn) for claim in claims]
    tables: dict[str, dict[tuple[int, ...], list[int]]] = {}
    for number, one in enumerate(judged):
        if _is_testable(one):
            tables.setdefault(one.claim.family, {}).setdefault(_looks_of(one), []).append(number)
    for by_looks in tables.values():
        num_claims = sum(map(len, by_looks.values()))
        for looks, numbers in by_looks.items():
            group = [judged[number] for number in numbers]
            level = (
                LEVEL * len(group) / num_claims
            )  # fixed and adaptive claims share the level of a table
            ends = _judge_adaptive(group, looks, level) if looks else _judge_fixed(group, level)
            for number, end in zip(numbers, ends, strict=True):
                judged[number] = end
    return judged


def count_rows_of_all_pairs(claims: Sequence[Claim]) -> int | None:
    """Count the rows whose pairs, each once, are what a family of claims compares by one score.

    Returns:
        The number of rows; None if it is another family, or has only one pair.
    """
    compared = [one for claim in claims for one in claim.comparisons]
    pairs = {frozenset((one.row, one.rival)) for one in compared}
    num_rows = len(frozenset().union(*pairs))
    is_plain = all(
        claim.kind != "same" and len(claim.comparisons) == 1 and not claim.comparisons[0].allowance
        for claim in claims
    )
    is_all = len(pairs) == len(claims) == comb(num_rows, 2) > 1
    return num_rows if is_plain and is_all and len({one.score for one in compared}) == 1 else None


def _looks_of(judged: Judged) -> tuple[int, ...]:
    """Return the looks that all corpora with adaptive seeds of a claim have in common."""
    adaptive = [set(one.looks) for one in judged.compared if one.looks]
    return tuple(sorted(set.intersection(*adaptive))) if adaptive else ()


def _weigh_claim(
    claim: Claim,
    outcomes: Sequence[Outcome],
    trial_scores: TrialScores | None,
    redrawn: RedrawnScores | None,
) -> Judged:
    """Collect the evidence for a claim; the verdict follows when its family is judged."""
    undecided = Judged(claim, "UNTESTABLE", None, claim.untestable)
    if claim.untestable:
        return undecided
    if claim.kind == "complexity":
        return _report_costs(claim, outcomes)
    absent = [corpus for corpus in claim.corpora if not find_outcome(outcomes, claim, corpus)]
    undecided = replace(undecided, absent=tuple(absent))
    if claim.value is not None:
        return _judge_value(undecided, claim.value, outcomes, trial_scores)
    compared = tuple(compare(one, claim, outcomes, trial_scores) for one in claim.comparisons)
    problems = dict.fromkeys(one.problem for one in compared if one.problem)
    if not problems and redrawn is not None:
        compared = tuple(vary_test_set(one, claim, outcomes, redrawn) for one in compared)
    return replace(undecided, compared=compared, reason="; ".join(problems))


def _is_testable(judged: Judged) -> bool:
    """Whether every comparison of a claim has a gap."""
    return bool(judged.compared) and all(one.gap is not None for one in judged.compared)


def _evidence(judged: Judged, *, beyond: bool) -> Evidence | None:
    """Combine the evidence of a claim's parts; None if a comparison has no gap."""
    gaps = {one.comparison: one.gap_beyond if beyond else one.gap for one in judged.compared}
    found = {one: gap for one, gap in gaps.items() if gap is not None}
    if len(found) < len(gaps):
        return None
    return weigh(judged.claim, found)


def _judge_fixed(group: Sequence[Judged], level: float) -> list[Judged]:
    """Judge the claims of one table whose number of seeds is fixed."""
    num_rows = count_rows_of_all_pairs([one.claim for one in group])
    on_split = judge([_evidence(one, beyond=False) for one in group], level, num_rows)
    beyond = judge([_evidence(one, beyond=True) for one in group], level, num_rows)
    return [
        _with_verdict(one, verdict, wider, level / len(group))
        for one, verdict, wider in zip(group, on_split, beyond, strict=True)
    ]


def _judge_adaptive(group: Sequence[Judged], looks: tuple[int, ...], level: float) -> list[Judged]:
    """Judge the claims of one table whose seeds are adaptive.

    The verdict beyond this split is tested at each claim's own share of alpha, and only if all
    comparisons ended at the same look.
    """
    ends = judge_in_sequence([(one.claim, one.compared) for one in group], looks, level)
    found = []
    for one, end in zip(group, ends, strict=True):
        if end is None:
            found.append(replace(one, reason="the seeds do not reach the first look"))
            continue
        own = cutoff(end.look, level / len(group), looks)
        is_whole = all(len(compared.seeds) == end.look for compared in one.compared)
        (beyond,) = judge([_evidence(one, beyond=True) if is_whole else None], own)
        at_end = replace(one, compared=tuple(_until(end.look, c) for c in one.compared))
        told = _with_verdict(at_end, end.verdict, beyond, level / len(group), 1 - 2 * own)
        reason, brief = (f"{text}, adaptive seeds" for text in (told.reason, told.brief))
        found.append(replace(told, compared=one.compared, reason=reason, brief=brief))
    return found


def _until(look: int, compared: Compared) -> Compared:
    """Leave out the seeds after a look."""
    seeds = compared.seeds[:look]
    return replace(
        compared,
        gap=gap_at(look, compared),
        differences=compared.differences[:look],
        diverged=tuple(seed for seed in compared.diverged if seed in seeds),
        collapsed=tuple(seed for seed in compared.collapsed if seed in seeds),
    )


def _with_verdict(
    judged: Judged, verdict: Verdict, beyond: Verdict, level: float, confidence: float = 0.95
) -> Judged:
    """Add verdicts and reasons; `level`, the claim's own share, serves to project its seeds."""
    is_open = verdict == "UNDECIDED"
    if judged.claim.kind == "same":
        verdict, beyond = (SAMENESS.get(word, word) for word in (verdict, beyond))
    return replace(
        judged,
        verdict=verdict,
        beyond=None if beyond == "UNTESTABLE" else beyond,
        reason=describe_gaps(judged.claim, judged.compared, confidence),
        brief=describe_briefly(judged.claim, judged.compared, confidence),
        projected_seeds=project_seeds(judged.claim, judged.compared, level) if is_open else None,
    )


def _judge_value(
    undecided: Judged,
    value: PrintedValue,
    outcomes: Sequence[Outcome],
    trial_scores: TrialScores | None,
) -> Judged:
    """Compare our scores with a printed value that has no spread."""
    claim = undecided.claim
    outcome = find_outcome(outcomes, claim, value.score.corpus)
    if outcome is None:
        return replace(undecided, reason=describe_absence(claim, value.score.corpus))
    cell = find_cell(outcome, value.row, value.score, trial_scores)
    if cell.num_scores < FEWEST_SEEDS:
        reason = f"'{value.row}' has {cell.num_scores} of at least {FEWEST_SEEDS} seeds"
        return replace(undecided, reason=reason)
    if cell.why_void:
        reason = f"nothing to compare: '{value.row}': {cell.why_void}"
        return replace(undecided, reason=reason)
    if cell.test_share:
        reason = "a printed value is that of all folds, of which there is only one set"
        return replace(undecided, reason=reason)
    factor = 100 if value.unit == "percent" else 1
    decimals = len(value.text.partition(".")[2])
    scores = np.array([one.score for one in cell.scores])
    published = float(value.text) / factor
    num_diverged = sum(one.fault == "diverged" for one in cell.scores)
    fits = compatible(scores, published, 0.5 * 10.0**-decimals / factor)
    sign = find_metric(cell.metric).sign
    best_of = smallest_best_of(sign * scores, sign * published)
    return replace(
        undecided,
        verdict="COMPATIBLE" if fits else "INCOMPATIBLE",
        reason=describe_value(
            cell,
            value,
            best_of,
            num_diverged,
            whose="the given" if outcome.is_given else "ours",
        ),
        cell=cell,
    )


def _report_costs(claim: Claim, outcomes: Iterable[Outcome]) -> Judged:
    """Report the parameters and multiply-accumulates of the row that a claim is about."""
    results = [
        outcome.records[key].result
        for outcome in outcomes
        if claim.scale in (None, outcome.scale) and outcome.corpus not in SYNTHETIC_NAMES
        for key in outcome.planned.get(claim.costs_of, ())
        if key in outcome.records
    ]
    if not results:
        scale = f" at the {claim.scale} scale" if claim.scale else ""
        reason = f"no finished trial of '{claim.costs_of}'{scale} on a corpus of the paper"
        return Judged(claim, "UNTESTABLE", None, reason)
    return Judged(claim, "REPORTED", None, describe_costs(claim.costs_of, results[0]))
