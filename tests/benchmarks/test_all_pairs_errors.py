from functools import partial

import numpy as np
import pytest

from benchmarks.all_pairs_errors import (
    all_pairs_table,
    draw_rows,
    factors_of,
    find_above,
    step_down,
    tell_from_best,
)
from benchmarks.verdict_designs import ALPHA
from reports.statistics.multiplicity import holm, shaffer


@pytest.mark.parametrize("adjust", [holm, partial(shaffer, num_rows=4)])
def test_many_families_are_adjusted_as_one_is(adjust) -> None:
    p = np.random.default_rng(0).beta(0.4, 4, (20, 6))
    adjusted = np.minimum(step_down(p, factors_of(adjust, 6)), 1)
    assert adjusted == pytest.approx(np.array([adjust(of_one.tolist()) for of_one in p]))


def test_all_pairs_hold_their_level_and_pairs_with_the_best_do_not() -> None:
    scores = draw_rows("normal", (4_000, 6, 10), np.random.default_rng(0))
    error = 3 * np.sqrt(ALPHA / 4_000)
    assert all(found.any(axis=1).mean() <= ALPHA + error for found in find_above(scores))
    best, shaffers = (told.mean() for told in tell_from_best(scores))
    assert shaffers <= 2 * ALPHA < 0.08 < best


def test_shaffer_finds_more() -> None:
    scores = draw_rows("normal", (2_000, 3, 5), np.random.default_rng(0))
    by_holm, by_shaffer = find_above(scores - np.arange(3)[:, None])
    assert by_shaffer.mean() > by_holm.mean() + 0.03


def test_table_has_a_line_for_every_family() -> None:
    assert all_pairs_table(50).row_count == 4 * 3 * 2
