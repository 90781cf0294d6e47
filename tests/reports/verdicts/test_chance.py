from dataclasses import astuple
from math import sqrt
from pathlib import Path
from statistics import stdev
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from reports.ledger.ledger import Ledger
from reports.scores.trials import TrialScores
from reports.statistics.power import POWER
from reports.verdicts.chance import ASSUMED_STD, Chance, Spread, find_spreads
from search_spaces.claim import Claim, Comparison, Score, greater
from tests.reports.factories import collect, make_study, write_wrong

ABOVE = Comparison(row="a", rival="b", score=Score("synthetic", "acc"))


def chance(points: float | None, num_seeds: int = 5, level: float = 0.025) -> Chance:
    distance = None if points is None else points / 100
    return Chance(ABOVE, distance, Spread(ASSUMED_STD, "assumed", 0), num_seeds, level)


@pytest.mark.parametrize(
    ("points", "seeds"), [(0.3, 114), (0.9, 15), (1.39, 8), (2.31, 5), (3.2, 4)]
)
def test_seeds_of_gaps_in_points(points: float, seeds: int) -> None:
    """At two-sided .05 and the assumed spread; figures worked out beforehand."""
    assert chance(points).seeds_needed == seeds


@pytest.mark.parametrize("points", [-1.0, 0.3, 2.31])
def test_power_is_that_of_the_distance_in_spreads(points: float) -> None:
    one = chance(points, num_seeds=7, level=0.01)
    expected = TTestPower().power(points / (0.8 * sqrt(2)), 7, 0.01, alternative="larger")
    assert one.power == pytest.approx(expected, abs=1e-9)


def test_smallest_gap_is_a_fraction_that_is_found_with_power_of_four_fifths() -> None:
    smallest = chance(None).smallest_gap
    assert chance(100 * smallest).power == pytest.approx(0.8, abs=1e-6)


def test_no_printed_gap_has_neither_power_nor_seeds() -> None:
    assert (chance(None).power, chance(None).seeds_needed) == (None, None)


def spreads(folder: Path, wrong: dict[str, list[int]], *claims: Claim) -> list[Spread]:
    ledger, study = Ledger(folder), make_study(wrong)
    outcome = collect(study, write_wrong(ledger, wrong), ledger)
    found = find_spreads(claims, [outcome], TrialScores(ledger))
    return [found[claim.comparisons[0]] for claim in claims]


def above(row: str, rival: str) -> Claim:
    return greater(f"{row} > {rival}", "", row, rival, corpus="synthetic", metric="acc")


def test_spread_of_ten_seeds_is_that_of_their_differences(tmp_path: Path) -> None:
    """Of 20 utterances 0, 1 and 2 are gained four, three and three times; mean .045."""
    gained = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    wrong = {"a": [4] * 10, "b": [4 + more for more in gained]}
    (spread,) = spreads(tmp_path, wrong, above("a", "b"))
    assert astuple(spread) == (pytest.approx(stdev(gained) / 20), "own", 10)


def test_fewer_seeds_are_filled_up_to_ten_and_rows_without_trials_take_what_is_pooled(
    tmp_path: Path,
) -> None:
    """Differences of 0, .05, .1 (df 2) and of 0, 0, .05, .05 (df 3, squares of 4 x .025^2)."""
    wrong = {"a": [4, 5, 6, 7], "b": [4, 6, 8], "c": [4, 5, 7, 8], "d": [1, 2]}
    claims = [above("a", "b"), above("a", "c"), above("a", "d")]
    first, second, third = spreads(tmp_path, wrong, *claims)
    pooled = (2 * 0.05**2 + 4 * 0.025**2 + 9 * ASSUMED_STD**2) / (2 + 3 + 9)
    assert first.std == pytest.approx(sqrt((2 * 0.05**2 + 7 * pooled) / 9))
    assert second.std == pytest.approx(sqrt((4 * 0.025**2 + 6 * pooled) / 9))
    assert third.std == pytest.approx(sqrt(pooled))
    assert {(one.origin, one.num_pairs) for one in (first, second, third)} == {("pooled", 7)}


@pytest.mark.parametrize("rival", [[4, 5], [4, 5, 6]], ids=["two seeds", "no spread"])
def test_trials_that_tell_no_spread_leave_what_is_assumed(tmp_path: Path, rival: list[int]) -> None:
    (spread,) = spreads(tmp_path, {"a": [4, 5, 6], "b": rival}, above("a", "b"))
    assert spread == Spread(ASSUMED_STD, "assumed", 0)


@pytest.mark.parametrize("num_finished", [3, 5, 10])
@pytest.mark.parametrize("num_rivals", [1, 5])
@pytest.mark.parametrize("ratio", [1.0, 1.5], ids="{} times the assumed".format)
def test_few_claims_that_cannot_be_decided_are_called_decidable(
    monkeypatch: pytest.MonkeyPatch, num_finished: int, num_rivals: int, ratio: float
) -> None:
    """A gap of .8 true stds has power .28 with five seeds; rivals share the row above them."""
    claims = [above("a", f"b{number}") for number in range(num_rivals)]
    rng = np.random.default_rng(0)
    gap, calls = 0.8 * ratio * ASSUMED_STD, []
    found: dict[Comparison, SimpleNamespace] = {}
    monkeypatch.setattr("reports.verdicts.chance.compare", lambda one, *_: found[one])
    for _ in range(400):
        scores = rng.normal(0, ratio * ASSUMED_STD / sqrt(2), (1 + num_rivals, num_finished))
        for claim, rival in zip(claims, scores[1:], strict=True):
            found[claim.comparisons[0]] = SimpleNamespace(differences=list(scores[0] - rival))
        for one, spread in find_spreads(claims, [], cast(TrialScores, None)).items():
            power = Chance(one, gap, spread, 5, 0.025).power
            calls.append(power is not None and power >= POWER)
    assert chance(80 * ASSUMED_STD).power == pytest.approx(0.28, abs=0.01)
    assert np.mean(calls) < 0.02
