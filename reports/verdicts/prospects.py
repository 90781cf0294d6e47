"""Which claims the planned seeds can decide: the power of their tests, before any training.

The printed gap is taken as the true gap. The test is the paired t test of
`reports.verdicts.judgement`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from corpora.source.names import SYNTHETIC_NAMES
from reports.ledger.planned import Planned
from reports.scores.cells import Outcome, collect_outcome
from reports.scores.trials import TrialScores
from reports.statistics.power import POWER
from reports.statistics.sequential import cutoff
from reports.statistics.verdicts import FEWEST_SEEDS
from reports.verdicts.chance import Chance, Spread, find_spreads
from reports.verdicts.evidence import describe_absence, find_outcome
from reports.verdicts.here import ask_here
from reports.verdicts.judgement import LEVEL
from reports.verdicts.printed_gap import printed_gap
from search_spaces.claim import Claim, Comparison, Score
from search_spaces.paper_claims import claims_about
from search_spaces.study import Study


@dataclass(frozen=True)
class Prospect:
    """What can be expected of a claim.

    Attributes:
        claim: The claim.
        problem: Why the claim will be UNTESTABLE; empty if it will not.
        holding: The chance to find the claim true, which is that of its critical comparison. None
            if the claim has a problem, or if it is about one value or a cost and needs no power.
        failing: The chance to find its gaps below the margin, of the critical comparison too. None
            also if the claim says that rows are the same.
        power_if_same: The probability of EQUIVALENT if all true gaps are 0: that of the comparison
            where it is lowest, which a claim about several does not exceed. None if the claim has
            no test, or no margin.
    """

    claim: Claim
    problem: str = ""
    holding: Chance | None = None
    failing: Chance | None = None
    power_if_same: float | None = None

    @property
    def gap(self) -> float | None:
        """The printed gap of the critical comparison, a fraction; None if there is none."""
        return self.holding.distance if self.holding else None

    @property
    def chance(self) -> Chance | None:
        """The chance of the verdict that the printed gaps support."""
        if self.failing is not None and self.gap is not None and self.gap <= 0:
            return self.failing
        return self.holding

    @property
    def power(self) -> float | None:
        """The probability of this verdict, if the printed gaps are the true ones."""
        return self.chance.power if self.chance else None

    @property
    def is_decidable(self) -> bool:
        """Whether this probability is .8 or more."""
        return self.power is not None and self.power >= POWER


def foresee(study: Study, planned: Sequence[Planned], trial_scores: TrialScores) -> list[Prospect]:
    """Say for each claim of a study whether its planned trials can decide it.

    What the papers compare, asked of the corpus of the current plan, comes last.

    The level of a claim is its own share of its table's level, as if no other claim were decided.
    If the seeds are adaptive, it is the level of the last look.

    Args:
        study: The study.
        planned: The study as it is planned now, then its plans on other corpora or scales.
        trial_scores: The scores of the finished trials; the spread is estimated from them.

    Raises:
        StudyError: If a paper's claim has no row or column in the study.
        LedgerError: If a record or its predictions are damaged or missing.
    """
    expected = [_expect(one) for one in planned]
    stated = claims_about(study, [one.corpus for one in expected])
    claims = (*stated, *ask_here(study, expected[:1]))
    sizes = Counter(c.family for c in claims if c.parts and not _find_problem(c, expected))
    problems = {claim.id: _find_problem_here(claim, expected) for claim in claims}
    tested = [claim for claim in claims if claim.parts and not problems[claim.id]]
    if not tested:
        return [Prospect(claim, problems[claim.id]) for claim in claims]
    outcomes = [collect_outcome(one, trial_scores) for one in planned]
    spreads = find_spreads(tested, outcomes, trial_scores)
    return [
        _weigh(claim, study, expected, spreads, LEVEL / sizes[claim.family])
        if claim in tested
        else Prospect(claim, problems[claim.id])
        for claim in claims
    ]


def _expect(planned: Planned) -> Outcome:
    """Turn a planned study into an outcome without any results."""
    return Outcome(
        planned.corpus, planned.family, planned.scale, planned.keys, {}, (), planned.looks
    )


def _find_problem_here(claim: Claim, expected: Sequence[Outcome]) -> str:
    """Say why a claim will be UNTESTABLE, or that the current plan does not concern it."""
    is_here = any(find_outcome(expected[:1], claim, corpus) for corpus in claim.corpora)
    return _find_problem(claim, expected if is_here else expected[:1])


def _find_problem(claim: Claim, expected: Sequence[Outcome]) -> str:
    """Say why a claim will be UNTESTABLE, with all reasons."""
    if claim.untestable:
        return claim.untestable
    if claim.kind == "complexity":
        return "" if _has_costs(claim, expected) else "no trials on a corpus of the paper"
    needs = [(one.score, one.row, one.rival) for one in claim.comparisons]
    if claim.value is not None:
        needs.append((claim.value.score, claim.value.row, claim.value.row))
    problems = [_find_absence(claim, *need, expected) for need in needs]
    return "; ".join(problem for problem in dict.fromkeys(problems) if problem)


def _find_absence(
    claim: Claim, score: Score, row: str, rival: str, expected: Sequence[Outcome]
) -> str:
    """Say which trials a claim needs that are not planned."""
    outcome = find_outcome(expected, claim, score.corpus)
    if outcome is None:
        return describe_absence(claim, score.corpus)
    num_seeds = _num_seeds(outcome, row, rival)
    few = num_seeds < FEWEST_SEEDS
    return f"{num_seeds} of at least {FEWEST_SEEDS} seeds" if few else ""


def _has_costs(claim: Claim, expected: Sequence[Outcome]) -> bool:
    return any(
        claim.scale in (None, outcome.scale) and outcome.corpus not in SYNTHETIC_NAMES
        for outcome in expected
    )


def _num_seeds(outcome: Outcome, *rows: str) -> int:
    """Count the seeds that the rows will have in common at the end."""
    if outcome.looks:
        return outcome.looks[-1]
    return min(len(outcome.planned.get(row, ())) for row in rows)


def _weigh(
    claim: Claim,
    study: Study,
    expected: Sequence[Outcome],
    spreads: Mapping[Comparison, Spread],
    share: float,
) -> Prospect:
    """Find the critical comparisons of a claim, at its share of the level."""
    chances = {}
    for one in claim.comparisons:
        outcome = find_outcome(expected, claim, one.score.corpus)
        if outcome is not None:
            level = cutoff(outcome.looks[-1], share, outcome.looks) if outcome.looks else share
            num_seeds = _num_seeds(outcome, one.row, one.rival)
            chances[one] = Chance(one, printed_gap(study, one), spreads[one], num_seeds, level)
    within = {one: _within(chance, claim.margin) for one, chance in chances.items()}
    power_if_same = min(one.power or 0.0 for one in within.values()) if claim.margin else None
    if claim.kind == "same":
        return Prospect(claim, holding=_to_hold(claim, within), power_if_same=power_if_same)
    return Prospect(
        claim,
        holding=_to_hold(claim, chances),
        failing=_to_fail(claim, chances),
        power_if_same=power_if_same,
    )


def _to_hold(claim: Claim, chances: Mapping[Comparison, Chance]) -> Chance:
    """Find the critical comparison for the claim to hold.

    Of the parts, ordered by their power, the claim needs the first `needed`. The critical one is
    the last of these. Each gap is tested at the most cautious level of the partial conjunction, as
    in `reports.statistics.verdicts.at_least`.
    """
    needed, refuting = _numbers(claim)
    weakest = [
        min((_with_level(chances[one], refuting) for one in part), key=_promise)
        for part in claim.parts
    ]
    return sorted(weakest, key=_promise, reverse=True)[needed - 1]


def _to_fail(claim: Claim, chances: Mapping[Comparison, Chance]) -> Chance:
    """Find the critical comparison for the claim to fail, in the same way."""
    needed, refuting = _numbers(claim)
    likeliest = [
        max((_below(chances[one], claim.margin, needed * len(part)) for one in part), key=_promise)
        for part in claim.parts
    ]
    return sorted(likeliest, key=_promise, reverse=True)[refuting - 1]


def _numbers(claim: Claim) -> tuple[int, int]:
    """Count the parts that a claim needs, and the parts that suffice to refute it."""
    needed = claim.at_least or len(claim.parts)
    return needed, len(claim.parts) - needed + 1


def _with_level(chance: Chance, num_tests: int) -> Chance:
    return replace(chance, level=chance.level / num_tests)


def _below(chance: Chance, margin: float, num_tests: int) -> Chance:
    """Turn the chance to find a gap above 0 into the chance to find it below the margin."""
    distance = None if chance.distance is None else margin - chance.distance
    return replace(_with_level(chance, num_tests), distance=distance)


def _within(chance: Chance, margin: float) -> Chance:
    """Turn the chance to find a gap into that to show a gap of 0 to be within the margin."""
    return replace(chance, distance=0.0, margin=margin)


def _promise(chance: Chance) -> float:
    """Order chances by power; chances without power come below, ordered by smallest gap."""
    return -chance.smallest_gap if chance.power is None else chance.power
