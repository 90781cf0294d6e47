from math import sqrt

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from benchmarks.verdict_designs import (
    ALPHA,
    DESIGNS,
    LAWS,
    Estimates,
    decide_adaptive,
    decide_fixed,
    decide_recycled,
    estimate,
)
from benchmarks.verdict_errors import (
    FALSE,
    error_table,
    false_verdicts,
    find_gain,
    num_runs,
    peeking_error,
)
from reports.statistics.equivalence import equivalence_power
from reports.statistics.looks import LOOKS
from reports.statistics.power import power_of
from reports.statistics.sequential import cutoff
from reports.statistics.verdicts import Evidence, Verdict, judge

NUM = 10_000


def draw(num: int, num_claims: int = 4, *, shared: bool = True) -> Estimates:
    return estimate("normal", num, num_claims, shared=shared, rng=np.random.default_rng(0))


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("shared", [False, True])
def test_false_verdicts_are_no_more_often_than_alpha(design: str, shared: bool) -> None:
    errors = false_verdicts(DESIGNS[design], draw(NUM, shared=shared))
    assert max(errors.values()) <= ALPHA + 3 * sqrt(ALPHA * (1 - ALPHA) / NUM)
    assert errors["HOLDS"] > ALPHA / 2  # nor is the whole level given away


@pytest.mark.parametrize("law", LAWS)
def test_errors_have_mean_zero_and_variance_one(law: str) -> None:
    estimates = estimate(law, 200_000, 1, shared=False, rng=np.random.default_rng(0))
    means = estimates.means[-1] * sqrt(LOOKS[-1])
    assert means.mean() == pytest.approx(0, abs=4 / sqrt(200_000))
    assert means.std() == pytest.approx(1, abs=0.02)


def test_shared_row_correlates_claims_by_one_half() -> None:
    means = draw(50_000, 2).means[-1]
    assert np.corrcoef(means.T)[0, 1] == pytest.approx(0.5, abs=0.02)


def test_fixed_design_decides_as_judge_does() -> None:
    estimates, gap, margin = draw(300), np.array([-1.0, 0.3, 1.0, 2.0]), 1.5
    decided = decide_fixed(estimates, gap, margin)
    above_zero, above_margin = estimates.t(gap, 0.0)[-1], estimates.t(gap, margin)[-1]
    above_opposite = estimates.t(gap, -margin)[-1]
    seen: set[Verdict] = set()
    for table in range(300):
        family = [
            Evidence(
                stdtr(9, -zero),
                stdtr(9, zero),
                stdtr(9, margin),
                max(stdtr(9, margin), stdtr(9, -opposite)),
            )
            for zero, margin, opposite in zip(
                above_zero[table], above_margin[table], above_opposite[table], strict=True
            )
        ]
        verdicts = judge(family, ALPHA)
        seen.update(verdicts)
        holds = [verdict in ("HOLDS", "HOLDS-WEAKER") for verdict in verdicts]
        assert decided.not_above[table].tolist() == holds
        assert decided.not_below[table].tolist() == [v == "REVERSED" for v in verdicts]
        weaker = decided.not_weaker[table] & ~decided.not_below[table]
        assert weaker.tolist() == [v in ("EQUIVALENT", "FAILS", "HOLDS-WEAKER") for v in verdicts]
        same = weaker & decided.equivalent[table] & ~decided.not_above[table]
        assert same.tolist() == [v == "EQUIVALENT" for v in verdicts]
    assert seen == {"REVERSED", "EQUIVALENT", "FAILS", "HOLDS-WEAKER", "HOLDS", "UNDECIDED"}


def one_table(*claims: list[float]) -> Estimates:
    """Make a table whose claims have these t at the looks."""
    means = np.array(claims).T[:, None, :]
    return Estimates(means, np.ones_like(means), LOOKS)


def bound(look: int, sharing: int) -> float:
    """Say what t must exceed at a look."""
    return float(-stdtrit(look - 1, cutoff(look, ALPHA / sharing)))


def test_first_rejection_closes_a_claim() -> None:
    above = one_table([0.0, bound(5, 1) + 0.01, 0.0, 0.0])
    decided = decide_adaptive(above, 0.0, 0.44)
    assert (decided.num_seeds, decided.not_above, decided.not_below) == (5, True, False)
    below = one_table([bound(look, 1) - 0.01 for look in LOOKS])
    decided = decide_adaptive(below, 0.0, 0.44)
    assert (decided.num_seeds, decided.not_above) == (10, False)


def test_recycled_alpha_goes_to_the_claims_that_are_left() -> None:
    between = (bound(7, 1) + bound(7, 2)) / 2
    table = one_table([0.0, bound(5, 2) + 0.01, 0.0, 0.0], [0.0, 0.0, between, 0.0])
    assert decide_adaptive(table, 0.0, 0.44).num_seeds.tolist() == [[5, 10]]
    assert decide_recycled(table, 0.0, 0.44).num_seeds.tolist() == [[5, 7]]


def test_row_goes_on_as_long_as_one_of_its_claims_is_open() -> None:
    num_seeds = np.array([[3, 5]])
    assert num_runs(num_seeds, shared=True) == [3 + 5 + 5]
    assert num_runs(num_seeds, shared=False) == [2 * 3 + 2 * 5]


def test_power_of_one_claim_is_that_of_the_noncentral_t() -> None:
    gain = find_gain(decide_fixed, draw(20_000, 1), 1.0, shared=False)
    power = power_of(1.0, 10)
    assert gain.power == pytest.approx(power, abs=4 * sqrt(power * (1 - power) / 20_000))
    assert gain.saved == 0


def test_equal_rows_are_called_equivalent_as_often_as_the_power_says() -> None:
    decided = decide_fixed(draw(20_000, 1), 0.0, 1.5)
    power = equivalence_power(0.0, 1.5, 10)
    assert decided.equivalent.mean() == pytest.approx(power, abs=4 * sqrt(power / 20_000))


def test_large_gaps_are_shown_with_fewer_runs() -> None:
    gain = find_gain(decide_adaptive, draw(2_000, 1), 3.0, shared=False)
    assert gain.power > 0.99
    assert 0.4 < gain.saved < 0.6


def test_looking_often_without_cutoffs_inflates_the_error() -> None:
    looks = (4, 6, 8, 10)
    rng = np.random.default_rng(0)
    estimates = estimate("normal", 40_000, 1, shared=False, rng=rng, looks=looks)
    error = 4 * sqrt(0.062 * 0.938 / 40_000)
    assert peeking_error(estimates, np.full(4, ALPHA)) == pytest.approx(0.062, abs=error)
    cutoffs = np.array([cutoff(look, ALPHA, looks) for look in looks])
    assert peeking_error(estimates, cutoffs) == pytest.approx(ALPHA, abs=error)


def test_error_table_has_a_line_for_every_law(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.verdict_errors.NUM_CLAIMS", (1,))
    table = error_table(50)
    assert [column.header for column in table.columns[3:]] == list(FALSE)
    assert list(table.columns[0].cells) == list(LAWS)
