import pytest

from orchestrator.cluster.assignment import Share
from orchestrator.errors import FitError
from tests.orchestrator.candidates.factories import CAPACITY, draw, sample, shares_of

ALIKE = [sample(depth, 1500.0, 10.0) for depth in (1, 2, 4)]
"""Four of them fit into 8,000 MiB with both margins; estimates add none of their own."""


def test_measured_candidate_has_the_share_of_its_probe() -> None:
    shares = shares_of(*ALIKE, sample(5, 3000.0, 10.0))
    assert shares.share_of(draw(1)) == Share(4, 2000.0)
    assert shares.share_of(draw(5, rate=0.1)) == Share(2, 4000.0)
    assert [shares.is_measured(draw(depth).trial) for depth in (1, 3)] == [True, False]


def test_other_candidate_has_the_share_of_its_estimate() -> None:
    assert shares_of(*ALIKE).share_of(draw(3)) == Share(4, 2000.0)


def test_estimate_that_exceeds_a_machine_takes_all_of_it() -> None:
    """An estimate refuses nothing: the candidate itself shows whether it fits."""
    small = CAPACITY._replace(memory_mib=1600.0)
    shares = shares_of(*ALIKE, capacity=small)
    assert shares.share_of(draw(3)) == Share(1, 1600.0)
    with pytest.raises(FitError, match=r"needs 1,650 MiB with batches of .* a machine has 1,600"):
        shares.share_of(draw(1))


def test_candidate_that_was_too_large_to_be_measured_is_refused() -> None:
    shares = shares_of(*ALIKE, too_large=6)
    with pytest.raises(FitError, match=r"ran out of memory when they were measured alone"):
        shares.share_of(draw(6))


def test_share_grows_until_it_is_a_whole_machine() -> None:
    shares = shares_of(*ALIKE)
    first = shares.share_of(draw(3))
    second = shares.enlarge(draw(3), first)
    assert second == Share(2, 4000.0)
    third = shares.enlarge(draw(3), second)
    assert third == Share(1, 8000.0)
    assert shares.enlarge(draw(3), third) is None


def test_what_one_candidate_showed_counts_for_others_of_its_architecture() -> None:
    """Two of them trained at once: the second lack of memory is no reason for a third size."""
    shares = shares_of(*ALIKE)
    share = shares.share_of(draw(3))
    assert shares.enlarge(draw(3), share) == shares.enlarge(draw(3, rate=0.1), share)
    assert shares.share_of(draw(3, rate=0.2)) == Share(2, 4000.0)
    assert shares.share_of(draw(7)) == Share(4, 2000.0)


def test_what_a_whole_machine_could_not_hold_is_refused_from_then_on() -> None:
    shares = shares_of(*ALIKE)
    told = shares.refuse(draw(3).trial)
    assert "ran out of memory alone on a machine with 8,000 MiB" in told
    with pytest.raises(FitError, match=told):
        shares.share_of(draw(3, rate=0.1))
