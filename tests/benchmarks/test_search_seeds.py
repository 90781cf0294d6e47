import numpy as np
import pytest

from benchmarks.search_power import BEST, SEED_STD
from benchmarks.search_seeds import (
    Drawn,
    choose,
    choose_drawn,
    count_repeats,
    coverage_table,
    draw,
    power_table,
)


def test_repeats_of_a_rejection_are_counted() -> None:
    assert [count_repeats(num_seeds) for num_seeds in (1, 2, 3, 5)] == [0, 2, 5, 14]


def test_more_seeds_correct_a_lucky_first_one() -> None:
    first = np.array([0.6, 0.7, 0.5])
    more = np.array([[0.6, 0.6], [0.4, 0.4], [0.9, 0.9]])
    assert choose(first, more) == 2
    assert choose(first, more[:, :0]) == 1


def test_best_of_drawn_candidates_is_found_if_seeds_hardly_differ() -> None:
    drawn = [Drawn(BEST - gap, BEST - gap, gap == 0) for gap in (0.2, 0.0, 0.1)]
    assert choose_drawn(drawn, num_seeds=3, seed=0).is_planted


def test_candidates_are_the_same_in_a_longer_search() -> None:
    drawn = draw(12, seed=1)
    assert draw(11, seed=1) == drawn[:11]
    assert 0 < np.std([one.measured - one.true for one in drawn]) < 3 * SEED_STD


def test_fresh_seeds_hold_where_those_that_chose_do_not() -> None:
    table = coverage_table(200, 60, 5)
    chose, above, fresh, fresh_above = (
        [float(str(cell)) for cell in table.columns[number].cells] for number in (1, 2, 4, 5)
    )
    assert chose[0] < 0.9 < min(fresh)
    assert above[0] > 0.4 > max(map(abs, fresh_above))


@pytest.mark.parametrize("num_seeds", [1, 3])
def test_table_has_a_line_for_each_number_of_trials(num_seeds: int) -> None:
    table = power_table([10, 12], repeats=2, num_seeds=num_seeds)
    assert [str(cell) for cell in table.columns[0].cells] == ["10", "12"]
    gains = [str(cell) for cell in table.columns[-1].cells]
    assert (gains == ["0.00 (0.00 to 0.00)"] * 2) == (num_seeds == 1)
