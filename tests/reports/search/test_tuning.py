from typing import Any

import numpy as np
import pytest

from reports.ledger.search_result import Candidate
from reports.search.bands import median_best_band
from reports.search.tuning import MAX_FAMILIES, MIN_IN_FAMILY, find_families, limit_f1, make_curve
from tests.reports.search.factories import FAILED, STOPPED, make_candidate, make_result, make_search


@pytest.mark.parametrize(
    ("candidate", "limits"),
    [
        (make_candidate(0, 0.5), (0.5, 0.5)),
        (STOPPED, (0.25, 1)),
        (FAILED, (0, 0)),
        (FAILED.model_copy(update={"is_tried_again": True}), (0, 1)),
        (make_candidate(0, state="running"), (0, 1)),
    ],
)
def test_candidate_scores_between_what_is_known_of_it(
    candidate: Candidate, limits: tuple[float, float]
) -> None:
    assert limit_f1(candidate) == limits


def test_random_candidates_have_the_median_of_the_best_and_its_band() -> None:
    """What was stopped counts with .25, what failed with 0."""
    search = make_search(sampler="random")
    curve = make_curve(search, search.candidates, "all")
    assert curve.best.tolist() == [0.375, 0.5, 0.5, 0.625, 0.625]
    assert curve.band is not None
    expected = median_best_band([0, 0.25, 0.375, 0.5, 0.625], [0, 0.375, 0.5, 0.625, 1], 0.95)
    assert [limit.tolist() for limit in curve.band] == [limit.tolist() for limit in expected]


def test_candidates_that_were_chosen_have_the_best_so_far_and_no_band() -> None:
    curve = make_curve(make_search(), [STOPPED, *make_search().candidates])
    assert np.isnan(curve.best[0])
    assert curve.best[1:].tolist() == [0.375, 0.625, 0.625, 0.625, 0.625]
    assert curve.band is None


def make_many(**values: list[Any]) -> list[Candidate]:
    """Make a finished candidate for each of the values."""
    lines = [dict(zip(values, line, strict=True)) for line in zip(*values.values(), strict=True)]
    return [make_candidate(n, 0.5, values=line) for n, line in enumerate(lines)]


def test_families_are_the_values_of_choices_that_have_enough_candidates() -> None:
    enough = MIN_IN_FAMILY
    found = make_many(
        fusion=["gated", "early"] * enough + ["rare"] * (enough - 1),
        depth=[1, 2] * enough + [1] * (enough - 1),
        head=["cls"] * (3 * enough - 1),
    )
    families = find_families(make_result(*found))
    assert list(families) == ["fusion"]
    assert {name: len(of_one) for name, of_one in families["fusion"].items()} == {
        "gated": enough,
        "early": enough,
    }
    assert [one.number for one in families["fusion"]["early"]] == list(range(1, 2 * enough, 2))


def test_systems_are_families() -> None:
    found = [
        make_candidate(n, 0.5, system="le" if n % 2 else "xia") for n in range(2 * MIN_IN_FAMILY)
    ]
    assert list(find_families(make_result(*found))["system"]) == ["xia", "le"]


def test_largest_families_have_curves() -> None:
    names = [f"{n}" for n in range(MAX_FAMILIES + 1) for _ in range(MIN_IN_FAMILY)]
    families = find_families(make_result(*make_many(kind=[*names, f"{MAX_FAMILIES}"])))
    assert list(families["kind"]) == ["0", "1", "2", "3", "4", "5", "6", "8"]
