from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.scores.trials import TrialScores
from reports.statistics.equivalence import equivalence_power, smallest_margin
from reports.statistics.gap import paired_gap
from reports.statistics.sequential import cutoff
from reports.statistics.verdicts import Evidence, judge
from reports.verdicts.prospects import Prospect, foresee
from search_spaces.catalogue import STUDIES
from search_spaces.claim import Claim, Comparison, Score, greater, same
from search_spaces.paper_claims import claims_of
from search_spaces.study import Study
from tests.reports.factories import make_study, write_wrong

STD = 0.8 * sqrt(2)
"""Of paired differences, in points, where nothing is trained."""


def power(points: float, num_seeds: int, level: float) -> float:
    return TTestPower().power(points / STD, num_seeds, level, alternative="larger")


def plan(study: Study, corpus: str = "iemocap", num_seeds: int = 5, **given: object) -> Planned:
    keys = {row.name: tuple(map(str, range(num_seeds))) for row in study.rows}
    place = {"corpus": corpus, "family": corpus, "scale": "paper"}
    return Planned.model_validate({"study": study, "keys": keys, **place, **given})


def expect(planned: Sequence[Planned], folder: Path) -> dict[str, Prospect]:
    """Foresee the claims of the first plan's study, by their ids."""
    prospects = foresee(planned[0].study, planned, TrialScores(Ledger(folder)))
    return {one.claim.id: one for one in prospects}


@pytest.fixture
def modules(tmp_path: Path) -> dict[str, Prospect]:
    """Six claims of Table 3 are about IEMOCAP and tested there."""
    return expect([plan(STUDIES["modules"])], tmp_path)


@pytest.mark.parametrize(("claim", "points"), [("X06a", 1.0), ("X06b", 2.2), ("X06d", 3.2)])
def test_power_is_at_the_printed_gap_and_the_claims_share_of_the_level(
    modules: dict[str, Prospect], claim: str, points: float
) -> None:
    one = modules[claim]
    assert one.gap == pytest.approx(points / 100)
    assert one.power == pytest.approx(power(points, 5, 0.025 / 6), abs=1e-9)
    assert one.is_decidable == (points > 3)


def test_conjunction_has_the_power_of_its_weakest_gap(modules: dict[str, Prospect]) -> None:
    """Full > MER-SEM > MER-MBT > MER: 1.0, .3 and 1.9 points of F1."""
    order = modules["X07b"]
    assert order.holding is not None
    assert order.gap == pytest.approx(0.003)
    assert (order.holding.comparison.row, order.holding.comparison.rival) == ("MER-SEM", "MER-MBT")
    assert order.power == pytest.approx(power(0.3, 5, 0.025 / 6), abs=1e-9)


def test_claim_about_a_value_is_not_tested(modules: dict[str, Prospect]) -> None:
    value = modules["X01a"]
    assert (value.problem, value.chance, value.power) == ("", None, None)


@pytest.mark.parametrize("claim", ["X01c", "X07d"])
def test_other_corpus_is_told(modules: dict[str, Prospect], claim: str) -> None:
    assert modules[claim].problem == "no trials on CMU-MOSEI at the paper scale"
    assert modules[claim].chance is None


@pytest.mark.parametrize(("corpus", "scale"), [("iemocap", "tiny"), ("synthetic", "paper")])
def test_claims_of_papers_are_not_judged_on_other_corpora_or_scales(
    tmp_path: Path, corpus: str, scale: str
) -> None:
    for study in STUDIES.values():
        prospects = expect([plan(study, corpus, scale=scale)], tmp_path)
        of_paper = [claim for claim in claims_of(study) if claim.is_of_paper]
        stated = [claim for claim in of_paper if claim.kind != "complexity"]
        assert all(prospects[claim.id].problem for claim in stated)


def test_costs_need_trials_on_a_corpus_of_the_paper(tmp_path: Path) -> None:
    sota = STUDIES["sota"]
    here, there = (expect([plan(sota, corpus)], tmp_path) for corpus in ("iemocap", "synthetic"))
    assert here["X13"].problem == ""
    assert there["X13"].problem == "no trials on a corpus of the paper"


def test_two_seeds_are_too_few(tmp_path: Path) -> None:
    prospects = expect([plan(STUDIES["modules"], num_seeds=2)], tmp_path)
    assert prospects["X06a"].problem == prospects["X01a"].problem == "2 of at least 3 seeds"


def test_missing_row_is_told(tmp_path: Path) -> None:
    modules = STUDIES["modules"]
    smaller = modules.model_copy(update={"rows": modules.rows[1:]})
    problem = expect([plan(smaller)], tmp_path)["X06b"].problem
    assert problem == "the study has no cell for xia_t3/mer/IEMOCAP.F1"


def test_claim_about_two_corpora_counts_where_the_other_is_planned(tmp_path: Path) -> None:
    layers = STUDIES["layers"]
    alone = expect([plan(layers)], tmp_path)["L13"]
    both = expect([plan(layers), plan(layers, "mosei", num_seeds=3)], tmp_path)["L13"]
    assert alone.problem == "no trials on CMU-MOSEI at the paper scale"
    assert both.holding is not None
    assert both.holding.num_seeds == 3


def test_claims_tested_elsewhere_share_the_level_but_are_not_told_here(tmp_path: Path) -> None:
    modules = STUDIES["modules"]
    prospects = expect([plan(modules), plan(modules, "mosei")], tmp_path)
    assert prospects["X06a"].power == pytest.approx(power(1.0, 5, 0.025 / 8), abs=1e-9)
    assert prospects["X07d"].problem == "no trials on CMU-MOSEI at the paper scale"


def test_claim_that_the_printed_numbers_contradict_has_the_power_to_fail(tmp_path: Path) -> None:
    """2-2-2-2 is printed .99 points of F1 below another, and is refuted below a margin of .5."""
    best = expect([plan(STUDIES["layers"])], tmp_path)["L12b"]
    assert best.gap == pytest.approx(-0.0099)
    assert best.power == pytest.approx(power(0.99 + 0.5, 5, 0.025 / 2 / 5), abs=1e-9)


def test_adaptive_seeds_have_the_power_of_the_last_look(tmp_path: Path) -> None:
    looks = (3, 5, 7, 10)
    one = expect([plan(STUDIES["modules"], num_seeds=3, looks=looks)], tmp_path)["X06b"]
    assert one.holding is not None
    assert one.holding.num_seeds == 10
    assert one.power == pytest.approx(power(2.2, 10, cutoff(10, 0.025 / 6, looks)), abs=1e-9)


def own_claim(at_least: int | None, *rivals: str) -> Claim:
    parts = [[Comparison(row="a", rival=r, score=Score("synthetic", "acc"))] for r in rivals]
    about = {"id": "own", "text": "", "kind": "greater", "family": "own"}
    return Claim.model_validate({**about, "parts": parts, "at_least": at_least})


def test_own_claim_has_a_smallest_gap_and_no_power(tmp_path: Path) -> None:
    claim = greater("own", "", "a", "b", corpus="synthetic", metric="acc")
    study = make_study(["a", "b"], claims=(claim,))
    one = expect([plan(study, "synthetic", scale="tiny")], tmp_path)["own"]
    assert (one.gap, one.power, one.is_decidable) == (None, None, False)
    assert one.holding is not None
    assert power(100 * one.holding.smallest_gap, 5, 0.025) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize(
    ("at_least", "hangs_on", "divisor"), [(1, "b", 3), (2, "c", 2), (3, "d", 1)]
)
def test_claim_hangs_on_as_many_parts_as_it_needs(
    tmp_path: Path, at_least: int, hangs_on: str, divisor: int
) -> None:
    """The spreads rise from b to d, and with them what can be found of a gap."""
    claim = own_claim(at_least, "c", "d", "b")
    wrong = {"a": [9, 9, 9], "b": [9, 10, 9], "c": [9, 12, 9], "d": [9, 16, 9]}
    study = make_study(wrong, claims=(claim,))
    keys = write_wrong(Ledger(tmp_path), wrong)
    one = expect([plan(study, "synthetic", scale="tiny", keys=keys)], tmp_path)["own"]
    assert one.holding is not None
    assert one.holding.comparison.rival == hangs_on
    assert (one.holding.spread.origin, one.holding.spread.num_pairs) == ("pooled", 9)
    assert one.holding.level == pytest.approx(0.025 / divisor)


def test_verdicts_come_as_often_as_is_foreseen(modules: dict[str, Prospect]) -> None:
    """X06b among six claims of which the others show nothing; four standard errors of 4000."""
    foreseen = modules["X06b"].power
    assert foreseen is not None
    nothing = Evidence(0.5, 0.5, 0.5, 1.0)
    rng = np.random.default_rng(0)
    verdicts = [
        judge([Evidence(gap.p_not_above(0.0), 1.0, 1.0, 1.0), *[nothing] * 5])[0]
        for gap in map(paired_gap, rng.normal(2.2, STD, size=(4000, 5)))
    ]
    share = verdicts.count("HOLDS") / len(verdicts)
    assert share == pytest.approx(foreseen, abs=4 * sqrt(0.25 / len(verdicts)))


def test_claim_of_sameness_has_the_power_of_both_tests_at_a_gap_of_zero(tmp_path: Path) -> None:
    claim = same("own", "", "a", "b", corpus="synthetic", metric="acc", margin=0.02)
    study = make_study(["a", "b"], claims=(claim,))
    one = expect([plan(study, "synthetic", scale="tiny")], tmp_path)["own"]
    power = equivalence_power(0.0, 2 / STD, 5)
    assert (one.gap, one.failing, one.power) == (0.0, None, pytest.approx(power))
    assert one.holding is not None
    assert one.holding.smallest_gap == pytest.approx(smallest_margin(5) * STD / 100)


def test_power_of_equivalence_stands_beside_that_of_a_gap(modules: dict[str, Prospect]) -> None:
    """X06d states 3.2 points, so its margin is 1.6."""
    expected = equivalence_power(0.0, 1.6 / STD, 5, 0.025 / 6)
    assert modules["X06d"].power_if_same == pytest.approx(expected)
    assert modules["X01a"].power_if_same is None
