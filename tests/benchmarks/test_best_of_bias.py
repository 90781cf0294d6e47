import itertools

import numpy as np
import pytest

from benchmarks.best_of_bias import best_of_table, weights_with, weights_without
from reports.statistics.compatibility import expected_best

SCORES = np.array([0.1, 0.4, 0.5, 0.9])


def test_weights_without_replacement_are_those_of_the_report() -> None:
    assert SCORES @ weights_without(3, 4) == pytest.approx(expected_best(SCORES, 3))


def test_weights_with_replacement_are_the_mean_over_all_draws() -> None:
    expected = np.mean([max(draw) for draw in itertools.product(SCORES, repeat=3)])
    assert SCORES @ weights_with(3, 4) == pytest.approx(expected)


def test_draws_without_replacement_have_no_bias_and_draws_with_it_do() -> None:
    table = best_of_table(4_000)
    ours, others = ([float(str(cell)) for cell in table.columns[n].cells] for n in (4, 5))
    assert max(map(abs, ours)) < 0.1
    assert max(others) < -0.04
