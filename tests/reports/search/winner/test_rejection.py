import pytest

from reports.search.winner.rejection import count_kept, fresh_seeds, reject


def scores_of(*of_candidates: tuple[float, ...]) -> dict[int, dict[int, float]]:
    """Number candidates and their seeds from 0."""
    return {number: dict(enumerate(scores)) for number, scores in enumerate(of_candidates)}


def test_each_seed_rejects_one_until_two_are_left() -> None:
    assert [count_kept(seed, 5) for seed in range(1, 5)] == [5, 4, 3, 2]
    assert count_kept(1, 2) == 2


def test_best_by_one_seed_wait_for_the_second() -> None:
    found = reject(scores_of(*((number / 100,) for number in range(20))), 4)
    assert (found.seed, found.waiting) == (1, (19, 18, 17, 16))
    assert found.ranked == tuple(range(19, -1, -1))


def test_mean_over_all_seeds_decides_who_gets_the_next() -> None:
    known = scores_of(*((0.5, 0.1 + number / 100) for number in range(4)))
    known[0][1] = 0.9
    found = reject(known, 4)
    assert (found.seed, found.waiting) == (2, (0, 3, 2))
    assert found.ranked == (0, 3, 2, 1)


def test_winner_has_the_best_mean_and_rejected_ones_come_in_the_order_of_their_end() -> None:
    known = scores_of((0.9, 0.1), (0.8, 0.7, 0.6), (0.7, 0.8, 0.9), (0.1, 0.9, 0.9))
    found = reject(known, 3)
    assert found.waiting == ()
    assert found.ranked == (2, 1, 0, 3)


def test_of_equals_the_one_that_was_better_before_stays() -> None:
    assert reject(scores_of((0.5, 0.7), (0.7, 0.5), (0.5, 0.7)), 2).ranked == (1, 0, 2)
    assert reject(scores_of((0.5,), (0.5,)), 1).ranked == (0, 1)


@pytest.mark.parametrize("num_seeds", [1, 2, 5])
def test_single_candidate_needs_no_more_seeds(num_seeds: int) -> None:
    assert reject(scores_of((0.5,)), num_seeds) == ((0,), 0, ())
    assert reject({}, num_seeds) == ((), 0, ())


def test_seeds_that_state_the_winner_have_chosen_nothing() -> None:
    assert list(fresh_seeds(1)) == [1, 2, 3, 4, 5]
    assert list(fresh_seeds(2)) == [2, 3, 4, 5, 6]
    assert list(fresh_seeds(7)) == list(range(7, 14))
    known = scores_of((0.9, 0.1, 0.9, 0.9), (0.8, 0.8, 0.0, 0.0))
    assert reject(known, 2).ranked == (1, 0)
