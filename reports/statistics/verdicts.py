"""Verdicts: from the p-values of a family of claims to one word each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.statistics.multiplicity import holm, shaffer

Verdict = Literal[
    "UNTESTABLE", "REVERSED", "EQUIVALENT", "FAILS", "HOLDS-WEAKER", "HOLDS", "UNDECIDED"
]

FEWEST_SEEDS = 3
"""With fewer seeds a claim is UNTESTABLE."""


@dataclass(frozen=True)
class Evidence:
    """The p-values of one claim for four hypotheses, each about the whole claim.

    Attributes:
        p_not_above_zero: For H0: gap <= 0. If it is small, the direction of the claim holds.
        p_not_below_zero: For H0: gap >= 0. If it is small, the opposite direction holds.
        p_not_below_margin: For H0: gap >= margin. If it is small, the gap is less than claimed.
        p_not_equivalent: For H0: |gap| >= margin, by two one-sided tests (TOST; Schuirmann 1987).
            If it is small, every gap of the claim lies within the margin on both sides.
    """

    p_not_above_zero: float
    p_not_below_zero: float
    p_not_below_margin: float
    p_not_equivalent: float


def conjoin(evidence: Sequence[Evidence]) -> Evidence:
    """Combine the evidence of a claim that needs all of its components; see `at_least`."""
    return at_least(len(evidence), evidence)


def at_least(number: int, evidence: Sequence[Evidence]) -> Evidence:
    """Combine the evidence of a claim that needs any `number` of its components.

    This is a partial conjunction. Let the claim need u of m components, and let p_(i) be the i-th
    smallest p-value of the components:

        u components show the claim:              (m - u + 1) p_(u)
        m - u + 1 components refute it:           u p_(m - u + 1)

    Each value is capped at 1 (Benjamini & Heller, Biometrics 2008, Bonferroni's form; valid under
    any dependence of the components). For u = m the values are max p, the intersection-union test,
    and m min p: all components must be above 0, but a single one below its margin makes the claim
    weaker.

    Equivalence is that of all components, however many the claim needs: max p. The result is
    evidence too, so claims can be nested.

    Raises:
        ValueError: If `number` is not between 1 and the number of components.
    """
    num_components = len(evidence)
    if not 1 <= number <= num_components:
        raise ValueError(
            f"a claim cannot need {number} of {num_components} components; give a number from 1 "
            f"to {num_components}"
        )
    refuting = num_components - number + 1
    return Evidence(
        p_not_above_zero=_partial(number, [e.p_not_above_zero for e in evidence]),
        p_not_below_zero=_partial(refuting, [e.p_not_below_zero for e in evidence]),
        p_not_below_margin=_partial(refuting, [e.p_not_below_margin for e in evidence]),
        p_not_equivalent=max(e.p_not_equivalent for e in evidence),
    )


def judge(
    family: Sequence[Evidence | None], level: float = 0.025, num_rows: int | None = None
) -> list[Verdict]:
    """Judge the claims of one family, such as a paper's table.

    Each of the four hypotheses is tested at this level over the whole family, with Holm's
    adjustment. If the claims compare each pair of some rows, the two hypotheses about 0 are those
    of a two-sided test at twice the level, with Shaffer's adjustment. The verdict of a claim is the
    first that fits, in the order of `Verdict`:

        REVERSED: gap >= 0 is rejected
        EQUIVALENT: |gap| >= margin is rejected, gap <= 0 is not
        FAILS: gap >= margin is rejected, gap <= 0 is not
        HOLDS-WEAKER: gap >= margin and gap <= 0 are rejected
        HOLDS: gap <= 0 is rejected
        UNDECIDED: no hypothesis is rejected

    If seeds are adaptive, judge each claim alone, with `cutoff(...)` of
    `reports.statistics.sequential` as the level.

    Args:
        family: The evidence of each claim. A claim whose evidence is None is UNTESTABLE and does
            not count in the adjustment.
        level: One-sided.
        num_rows: The number of rows if the family is one claim for each pair of them.

    Returns:
        The verdicts, in the family's order.
    """
    tested = [evidence for evidence in family if evidence is not None]
    p_values = zip(
        *_adjust_directions(tested, num_rows),
        holm([evidence.p_not_below_margin for evidence in tested]),
        holm([evidence.p_not_equivalent for evidence in tested]),
        strict=True,
    )
    verdicts = (first_that_fits(*(p < level for p in claim)) for claim in p_values)
    return ["UNTESTABLE" if evidence is None else next(verdicts) for evidence in family]


def _adjust_directions(
    tested: Sequence[Evidence], num_rows: int | None
) -> tuple[list[float], list[float]]:
    """Adjust the p of gap >= 0 and of gap <= 0 for a family."""
    below = [evidence.p_not_below_zero for evidence in tested]
    above = [evidence.p_not_above_zero for evidence in tested]
    if num_rows is None:
        return holm(below), holm(above)
    two_sided = shaffer([min(1.0, 2 * min(p)) for p in zip(below, above, strict=True)], num_rows)
    halves = [(p / 2, b < a) for p, b, a in zip(two_sided, below, above, strict=True)]
    return (
        [half if is_below else 1.0 for half, is_below in halves],
        [1.0 if is_below else half for half, is_below in halves],
    )


def first_that_fits(
    below_zero: bool, above_zero: bool, below_margin: bool, within_margin: bool
) -> Verdict:
    """Return the verdict from what the tests show about the gap.

    A gap between 0 and the margin lies within the margin too. So EQUIVALENT yields to HOLDS-WEAKER,
    which could never occur otherwise.
    """
    if below_zero:
        return "REVERSED"
    if within_margin and not above_zero:
        return "EQUIVALENT"
    if below_margin:
        return "HOLDS-WEAKER" if above_zero else "FAILS"
    return "HOLDS" if above_zero else "UNDECIDED"


def _partial(number: int, p_values: Sequence[float]) -> float:
    """Combine p-values into the p of H0: fewer than `number` of their hypotheses are false."""
    return min(1.0, (len(p_values) - number + 1) * sorted(p_values)[number - 1])
