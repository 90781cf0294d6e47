"""Which claims the planned seeds can decide: power, before anything is trained.

The printed gap is taken as the true one, and the paired t test of `reports.verdicts.judgement` as
the test.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from corpora.source.names import SYNTHETIC
from reports.ledger.planned import Planned
from reports.scores.cells import Outcome, collect_outcome
from reports.scores.trials import TrialScores
from reports.statistics.power import POWER
from reports.statistics.sequential import cutoff
from reports.statistics.verdicts import FEWEST_SEEDS
from reports.verdicts.chance import Chance, Spread, find_spreads
from reports.verdicts.evidence import describe_absence, find_outcome
from reports.verdicts.judgement import LEVEL
from reports.verdicts.printed_gap import printed_gap
from search_spaces.claim import Claim, Comparison, Score
from search_spaces.paper_claims import claims_of
from search_spaces.study import Study


@dataclass(frozen=True)
class Prospect:
    """What can be expected of a claim.

    Attributes:
        claim: The claim.
        problem: Why it will be UNTESTABLE, empty if it will not.
        holding: To find it true: that of the comparison on which this hangs. None if the claim has
            a problem, or is about one value or a cost: no power is needed there.
        failing: To find its gaps below the margin, likewise.
    """

    claim: Claim
    problem: str = ""
    holding: Chance | None = None
    failing: Chance | None = None

    @property
    def gap(self) -> float | None:
        """The printed gap on which it hangs, a fraction; None if there is none."""
        return self.holding.distance if self.holding else None

    @property
    def chance(self) -> Chance | None:
        """That of the verdict which the printed gaps speak for."""
        return self.failing if self.gap is not None and self.gap <= 0 else self.holding

    @property
    def power(self) -> float | None:
        """The probability of that verdict, if the printed gaps are the true ones."""
        return self.chance.power if self.chance else None

    @property
    def is_decidable(self) -> bool:
        """Whether that is .8 or more."""
        return self.power is not None and self.power >= POWER


def foresee(study: Study, planned: Sequence[Planned], trial_scores: TrialScores) -> list[Prospect]:
    """Say of each claim of a study what its planned trials can decide.

    The level is the claim's own share of that of its table, as if no other claim were decided;
    where seeds are adaptive it is that of the last look.

    Args:
        study: The study.
        planned: The study as it is planned now, then where else it was planned before.
        trial_scores: Those of the trials that are finished: they tell the spread.

    Raises:
        StudyError: If a paper's claim has no row or column in the study.
        LedgerError: If a record or its predictions are damaged or missing.
    """
    claims = claims_of(study)
    expected = [_expect(one) for one in planned]
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
    """Take what is planned as an outcome of which nothing is known yet."""
    return Outcome(
        planned.corpus, planned.family, planned.scale, planned.keys, {}, (), planned.looks
    )


def _find_problem_here(claim: Claim, expected: Sequence[Outcome]) -> str:
    """Say why a claim will be UNTESTABLE, or has nothing to do with what is planned now."""
    scores = [one.score for one in claim.comparisons] + ([claim.value.score] if claim.value else [])
    is_here = any(find_outcome(expected[:1], claim, score.corpus) for score in scores)
    return _find_problem(claim, expected if is_here else expected[:1])


def _find_problem(claim: Claim, expected: Sequence[Outcome]) -> str:
    """Say why a claim will be UNTESTABLE, all of it."""
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
    """Say which trials are not planned that a claim needs."""
    outcome = find_outcome(expected, claim, score.corpus)
    if outcome is None:
        return describe_absence(claim, score.corpus)
    num_seeds = _num_seeds(outcome, row, rival)
    few = num_seeds < FEWEST_SEEDS
    return f"{num_seeds} of at least {FEWEST_SEEDS} seeds" if few else ""


def _has_costs(claim: Claim, expected: Sequence[Outcome]) -> bool:
    return any(
        claim.scale in (None, outcome.scale) and outcome.corpus != SYNTHETIC for outcome in expected
    )


def _num_seeds(outcome: Outcome, *rows: str) -> int:
    """Count the seeds that rows will share in the end."""
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
    """Find what a claim hangs on, at its share of the level."""
    chances = {}
    for one in claim.comparisons:
        outcome = find_outcome(expected, claim, one.score.corpus)
        if outcome is not None:
            level = cutoff(outcome.looks[-1], share, outcome.looks) if outcome.looks else share
            num_seeds = _num_seeds(outcome, one.row, one.rival)
            chances[one] = Chance(one, printed_gap(study, one), spreads[one], num_seeds, level)
    return Prospect(claim, holding=_to_hold(claim, chances), failing=_to_fail(claim, chances))


def _to_hold(claim: Claim, chances: Mapping[Comparison, Chance]) -> Chance:
    """Find the gap that must be above 0 last, for as many parts as are needed to be so.

    Each is tested at the most cautious level of the partial conjunction, as in
    `reports.statistics.verdicts.at_least`.
    """
    needed, refuting = _numbers(claim)
    weakest = [
        min((_with_level(chances[one], refuting) for one in part), key=_promise)
        for part in claim.parts
    ]
    return sorted(weakest, key=_promise, reverse=True)[needed - 1]


def _to_fail(claim: Claim, chances: Mapping[Comparison, Chance]) -> Chance:
    """Find the gap that must be below the margin last, for the claim to fail; likewise."""
    needed, refuting = _numbers(claim)
    likeliest = [
        max((_below(chances[one], claim.margin, needed * len(part)) for one in part), key=_promise)
        for part in claim.parts
    ]
    return sorted(likeliest, key=_promise, reverse=True)[refuting - 1]


def _numbers(claim: Claim) -> tuple[int, int]:
    """Count the parts that a claim needs, and those that refute it."""
    needed = claim.at_least or len(claim.parts)
    return needed, len(claim.parts) - needed + 1


def _with_level(chance: Chance, num_tests: int) -> Chance:
    return replace(chance, level=chance.level / num_tests)


def _below(chance: Chance, margin: float, num_tests: int) -> Chance:
    """Turn the chance to find a gap above 0 into that to find it below the margin."""
    distance = None if chance.distance is None else margin - chance.distance
    return replace(_with_level(chance, num_tests), distance=distance)


def _promise(chance: Chance) -> float:
    """Order chances by their power; those without any stand below, by what they could find."""
    return -chance.smallest_gap if chance.power is None else chance.power
