"""Printed gaps, read off the papers' tables by hand."""

import pytest

from reports.verdicts.printed_gap import printed_gap
from search_spaces.catalogue import STUDIES
from search_spaces.claim import Comparison, Score
from tests.reports.factories import make_study

FULL, WITHOUT_TEXT = "MER-SEM-MBT", "MER-SEM-MBT without the textual decision"


def compare(row: str, rival: str, score: Score, allowance: float = 0.0) -> Comparison:
    return Comparison(row=row, rival=rival, score=score, allowance=allowance)


@pytest.mark.parametrize(
    ("study", "row", "rival", "score", "gap"),
    [
        ("modules", FULL, "MER", Score("iemocap", "f1"), 0.646 - 0.614),
        ("modules", "MER", FULL, Score("iemocap", "f1"), 0.614 - 0.646),
        ("modules", "MER-SEM", "MER-MBT", Score("mosei", "wacc"), 0.691 - 0.688),
        ("layers", "2-2-2-2", "1-1-2-2", Score("iemocap", "acc"), 0.011),
        ("main", "Ours", "FE2E", Score("iemocap", "f1"), 0.038),
        ("main", "Ours", "FE2E", Score("iemocap", "acc", "hap"), -0.012),
    ],
)
def test_gap_is_that_of_the_printed_cells(
    study: str, row: str, rival: str, score: Score, gap: float
) -> None:
    assert printed_gap(STUDIES[study], compare(row, rival, score)) == pytest.approx(gap, abs=1e-12)


def test_average_that_is_not_printed_is_that_of_the_emotions() -> None:
    """The F1 of six emotions, IEMOCAP, of the full model and of FE2E in Xia et al., Table 2."""
    full = (0.577, 0.665, 0.721, 0.677, 0.613, 0.623)
    fe2e = (0.448, 0.639, 0.657, 0.619, 0.578, 0.584)
    gap = printed_gap(STUDIES["sota"], compare(FULL, "FE2E", Score("iemocap", "f1")))
    assert gap == pytest.approx((sum(full) - sum(fe2e)) / 6)


def test_what_is_allowed_is_part_of_the_gap() -> None:
    score = Score("iemocap", "f1")
    strict, lenient = (compare(WITHOUT_TEXT, FULL, score, allowed) for allowed in (0.0, 0.02))
    gaps = [printed_gap(STUDIES["sota"], one) for one in (strict, lenient)]
    assert gaps == pytest.approx([-0.0182, 0.0018], abs=5e-5)


@pytest.mark.parametrize(
    ("study", "row", "rival", "score"),
    [
        ("bottlenecks", "1", "4", Score("iemocap", "f1")),
        ("modules", FULL, "MER", Score("iemocap", "wacc")),
        ("modules", FULL, "MER", Score("synthetic", "f1")),
        ("modules", FULL, "MER", Score("iemocap", "f1", "hap")),
    ],
    ids=["row", "metric", "corpus", "emotion"],
)
def test_what_is_not_printed_has_no_gap(study: str, row: str, rival: str, score: Score) -> None:
    assert printed_gap(STUDIES[study], compare(row, rival, score)) is None


def test_own_rows_have_no_printed_gap() -> None:
    study = make_study(["1-1-1-1", "ours"])
    assert printed_gap(study, compare("ours", "1-1-1-1", Score("iemocap", "acc"))) is None
