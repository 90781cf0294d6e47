import numpy as np
import pytest

from reports.ledger.search_result import SamplerName, SearchResult
from reports.search.bands import Band, rank_limits
from reports.search.comparison import Comparison, compare, tell_comparison
from reports.search.tuning import Curve
from tests.reports.search.factories import STOPPED, make_candidate, make_result


def make_flat(low: float, num: int, sampler: SamplerName, space: str = "ours") -> SearchResult:
    """Make a search whose candidates score from `low` to `low` + .1, evenly."""
    found = (make_candidate(n, low + 0.1 * n / num) for n in range(num))
    return make_result(*found, space=space, sampler=sampler)


def made(comparison: Comparison | None) -> Comparison:
    assert comparison is not None
    return comparison


def test_random_searches_differ_by_what_their_bands_leave() -> None:
    comparison = made(compare(make_flat(0.5, 40, "random"), make_flat(0.3, 30, "random", "theirs")))
    ours, theirs = comparison.ours.band, comparison.theirs.band
    assert ours is not None
    assert theirs is not None
    assert comparison.low.tolist() == (ours.low[:30] - theirs.high).tolist()
    assert comparison.high.tolist() == (ours.high[:30] - theirs.low).tolist()
    num_limited = int((theirs.high < 1).sum())
    assert 2 <= num_limited < 30
    assert comparison.states == ["above"] * num_limited + [""] * (30 - num_limited)


def test_two_bands_are_wider_than_one() -> None:
    ours = make_flat(0.5, 40, "random")
    beside_band = made(compare(ours, make_flat(0.3, 40, "random", "theirs"))).ours.band
    beside_run = made(compare(ours, make_flat(0.3, 40, "tpe", "theirs"))).ours.band
    assert beside_band is not None
    assert beside_run is not None
    assert (beside_band.low <= beside_run.low).all()
    assert (beside_band.low < beside_run.low).any()


def test_random_searches_are_told_apart_where_bands_do_not_overlap() -> None:
    ours, theirs = make_flat(0.5, 40, "random"), make_flat(0.3, 40, "random", "theirs")
    num = made(compare(ours, theirs)).states.count("above")
    told = tell_comparison(ours, theirs)
    name = "-synthetic-tiny-f1-random"
    assert (
        f"With 1 to {num} candidates the median best F1 of 'ours{name}' is above that of "
        f"'theirs{name}': the bands, which hold together with 95 %, do not overlap." in told
    )
    told = tell_comparison(theirs, ours)
    assert f"With 1 to {num} candidates the median best F1 of 'theirs{name}' is below" in told
    assert "cannot be told apart" in tell_comparison(ours, make_flat(0.5, 9, "random", "theirs"))


def test_run_is_told_from_random_search_where_hardly_any_or_nearly_all_reach_it() -> None:
    drawn = make_flat(0.3, 300, "random", "drawn")
    high, low = make_flat(0.9, 20, "tpe", "high"), make_flat(0.1, 20, "tpe", "low")
    above, below = made(compare(high, drawn)), made(compare(low, drawn))
    assert above.reaching is not None
    exceeds_all = 1 - rank_limits(300, 0.95).low[-1]
    assert above.reaching.high[:2] == pytest.approx([exceeds_all, 1 - (1 - exceeds_all) ** 2])
    assert above.states == ["above"] * 2 + [""] * 18
    assert below.states == ["below"] * 20
    assert made(compare(drawn, high)).states == ["below"] * 2 + [""] * 18
    told = tell_comparison(high, drawn)
    assert "With 1 to 2 candidates at most 5 % of random searches such as 'drawn-" in told
    assert "With 20 candidates between 0 and 38 % of random searches" in told
    told = tell_comparison(drawn, low)
    assert "With 1 to 20 candidates at least 95 % of random searches such as 'drawn-" in told
    assert "does not tell" not in told


def test_run_above_the_median_is_no_evidence() -> None:
    """Half of all random searches are."""
    drawn = make_flat(0.3, 300, "random", "drawn")
    run = make_result(*(make_candidate(n, 0.39) for n in range(3)), space="run")
    comparison = made(compare(run, drawn))
    assert comparison.low[0] > 0
    assert comparison.states == ["", "", ""]
    assert "So at its end this one run does not tell the two apart." in tell_comparison(run, drawn)


def test_two_runs_are_not_judged() -> None:
    ours, theirs = make_flat(0.5, 10, "tpe"), make_flat(0.3, 10, "tpe", "theirs")
    comparison = made(compare(ours, theirs))
    assert np.isnan([*comparison.low, *comparison.high]).all()
    assert comparison.states == [""] * 10
    told = tell_comparison(ours, theirs)
    assert told.startswith("After 10 candidates the best F1 of 'ours-synthetic-tiny-f1' minus that")
    assert "is +20.0 points. Neither has a band" in told


def test_budget_is_told_in_epochs_too_and_stopped_candidates_open_a_band() -> None:
    ours = make_flat(0.5, 10, "random")
    stopped = STOPPED.model_copy(update={"number": 10})
    ours = ours.model_copy(update={"candidates": (*ours.candidates, stopped)})
    theirs = make_flat(0.3, 11, "random", "theirs")
    told = tell_comparison(ours, theirs)
    assert "the first 11 trained 82 epochs here and 88 there." in told
    assert "'ours-synthetic-tiny-f1-random' stopped candidates early" in told
    assert "'theirs-synthetic-tiny-f1-random' stopped" not in told


def test_nothing_is_compared_before_both_have_a_finished_candidate() -> None:
    ours, nothing = make_flat(0.5, 10, "random"), make_result(STOPPED, space="theirs")
    assert compare(ours, nothing) is compare(nothing, ours) is None
    assert tell_comparison(ours, nothing) == (
        "No comparison with 'theirs-synthetic-tiny-f1': one of the two has no finished candidate."
    )


def test_states_follow_the_limits_of_the_difference() -> None:
    curve = Curve("any", np.zeros(4), Band(np.zeros(4), np.ones(4)))
    low, high = np.array([0.1, 0.0, -0.2, -0.2]), np.array([0.2, 0.1, 0.0, -0.1])
    assert Comparison(curve, curve, low, high, None).states == ["above", "", "", "below"]
