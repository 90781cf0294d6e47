from dataclasses import astuple

import numpy as np
import pytest

from reports.statistics.verdicts import Evidence, Verdict, at_least, conjoin, judge

SURE, OPEN = 0.001, 0.4


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (Evidence(1 - SURE, SURE, SURE, SURE), "REVERSED"),
        (Evidence(OPEN, 1 - OPEN, SURE, SURE), "EQUIVALENT"),
        (Evidence(OPEN, 1 - OPEN, SURE, OPEN), "FAILS"),
        (Evidence(SURE, 1 - SURE, SURE, SURE), "HOLDS-WEAKER"),
        (Evidence(SURE, 1 - SURE, OPEN, 1.0), "HOLDS"),
        (Evidence(OPEN, 1 - OPEN, OPEN, 1.0), "UNDECIDED"),
        (None, "UNTESTABLE"),
    ],
)
def test_verdict_is_the_first_that_fits(evidence: Evidence | None, verdict: Verdict) -> None:
    assert judge([evidence]) == [verdict]


def test_level_is_not_reached_at_the_level() -> None:
    at, below = Evidence(0.025, 0.975, 1.0, 1.0), Evidence(0.0249, 0.975, 1.0, 1.0)
    assert judge([at]) == ["UNDECIDED"]
    assert judge([below]) == ["HOLDS"]
    assert judge([below], level=0.01) == ["UNDECIDED"]


def test_family_is_adjusted_by_holm_for_each_hypothesis() -> None:
    def holds(p: float) -> Evidence:
        return Evidence(p, 1.0, 1.0, 1.0)

    # .008 < .025/3, then .012 < .025/2, then .02 < .025; without the first, .012 > .025/3
    assert judge([holds(0.02), holds(0.008), holds(0.012)]) == ["HOLDS"] * 3
    assert judge([holds(0.02), holds(0.009), holds(0.012)]) == ["UNDECIDED"] * 3
    # p-values of another hypothesis take nothing from this one
    smaller = [Evidence(1.0, 1.0, p, 1.0) for p in (0.008, 0.012)]
    assert judge([*smaller, holds(0.008)]) == ["FAILS", "FAILS", "HOLDS"]


def test_all_pairs_of_rows_are_adjusted_by_shaffer() -> None:
    first, second = Evidence(0.008, 0.992, 1.0, 1.0), Evidence(0.985, 0.015, 1.0, 1.0)
    open_ = Evidence(0.4, 0.6, 1.0, 1.0)
    # .008 < .025/3; then one pair can still be equal: .015 < .025, where Holm has .025/2
    assert judge([first, second, open_], num_rows=3) == ["HOLDS", "REVERSED", "UNDECIDED"]
    third = Evidence(0.015, 0.985, 1.0, 1.0)
    assert judge([first, third, open_], num_rows=3) == ["HOLDS", "HOLDS", "UNDECIDED"]
    assert judge([first, third, open_]) == ["HOLDS", "UNDECIDED", "UNDECIDED"]


def test_untestable_claims_keep_their_place_and_cost_nothing() -> None:
    holds, open_ = Evidence(0.02, 1.0, 1.0, 1.0), Evidence(0.4, 1.0, 1.0, 1.0)
    assert judge([None, holds, None]) == ["UNTESTABLE", "HOLDS", "UNTESTABLE"]
    assert judge([open_, holds]) == ["UNDECIDED", "UNDECIDED"]


def test_no_claims_no_verdicts() -> None:
    assert judge([]) == []


def test_conjunction_is_intersection_union_and_is_refuted_by_one_component() -> None:
    both = conjoin([Evidence(0.001, 0.9, 0.3, 1.0), Evidence(0.02, 0.8, 0.01, 1.0)])
    assert astuple(both) == (0.02, pytest.approx(1.0), pytest.approx(0.02), 1.0)


def test_conjunction_is_weaker_if_one_component_is_below_its_margin() -> None:
    large, small = Evidence(SURE, 1.0, 0.9, 1.0), Evidence(SURE, 1.0, SURE, 1.0)
    assert judge([conjoin([large, small])]) == ["HOLDS-WEAKER"]
    assert judge([conjoin([large, large])]) == ["HOLDS"]
    unknown = Evidence(OPEN, 1.0, SURE, 1.0)  # below the margin, perhaps not above 0
    assert judge([conjoin([large, unknown])]) == ["FAILS"]


def test_at_least_some_is_benjamini_and_hellers_partial_conjunction() -> None:
    components = [
        Evidence(0.001, 0.3, 0.004, 1.0),
        Evidence(0.010, 0.2, 0.003, 1.0),
        Evidence(0.200, 0.1, 0.002, 1.0),
        Evidence(0.600, 0.4, 0.001, 1.0),
    ]
    # shown by two: (4 - 2 + 1) p_(2); refuted by three: 2 p_(3)
    expected = (pytest.approx(0.03), pytest.approx(0.6), pytest.approx(0.006), 1.0)
    assert astuple(at_least(2, components)) == expected
    # one is enough: shown by Bonferroni, refuted by all
    assert astuple(at_least(1, components)) == (pytest.approx(0.004), 0.4, 0.004, 1.0)


def test_combined_p_is_never_above_one() -> None:
    assert conjoin([Evidence(0.9, 0.9, 0.9, 0.9)] * 3) == Evidence(0.9, 1.0, 1.0, 0.9)


def test_conjunction_is_equivalent_if_no_gap_is_far_below_and_one_is_within_the_margin() -> None:
    above = Evidence(SURE, 1.0, 1.0, SURE)
    within, below = Evidence(OPEN, 1.0, SURE, SURE), Evidence(OPEN, 1.0, SURE, OPEN)
    assert judge([conjoin([above, within])]) == ["EQUIVALENT"]
    assert judge([conjoin([above, within, below])]) == ["FAILS"]


def test_equivalence_is_adjusted_over_the_family() -> None:
    alone, other = Evidence(OPEN, 1.0, SURE, 0.02), Evidence(OPEN, 1.0, 1.0, 1.0)
    assert judge([alone]) == ["EQUIVALENT"]
    assert judge([alone, other]) == ["FAILS", "UNDECIDED"]


def test_combinations_nest() -> None:
    one, two = Evidence(0.001, 1.0, 0.5, 1.0), Evidence(0.004, 1.0, 0.5, 1.0)
    nested = at_least(1, [conjoin([one, two]), conjoin([one, one])])
    assert nested.p_not_above_zero == pytest.approx(2 * 0.001)


@pytest.mark.parametrize("number", [0, 3])
def test_as_many_components_as_there_are_can_be_asked_for(number: int) -> None:
    with pytest.raises(ValueError, match=f"{number} of 2 components"):
        at_least(number, [Evidence(0.1, 0.1, 0.1, 1.0)] * 2)


def test_partial_conjunction_holds_its_level() -> None:
    """Of three components one is true, so "at least two" is false: p <= .05 in 5 % at most."""
    p = np.random.default_rng(0).uniform(size=(20_000, 3))
    p[:, 0] = 0
    claims = [[Evidence(value, 1.0, 1.0, 1.0) for value in row] for row in p[:2000].tolist()]
    wrong = np.mean([at_least(2, claim).p_not_above_zero <= 0.05 for claim in claims])
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
