from pathlib import Path
from typing import get_args

import pytest

from reports.ledger.search_result import Candidate, SearchResult
from reports.search.row import winner_row, winner_study
from search_spaces.catalogue import load_studies
from search_spaces.change import Change, apply_change
from search_spaces.claim import Claim
from search_spaces.errors import StudyError
from search_spaces.study import Baseline, Row
from search_spaces.systems.le import LE
from search_spaces.systems.xia import XIA
from search_spaces.terms import Scale
from tests.reports.search.factories import (
    LE_CHANGE,
    STOPPED,
    XIA_CHANGE,
    make_candidate,
    make_front,
    make_result,
    make_search,
)
from tests.reports.search.winner.factories import make_repeat

WINNERS: dict[str, tuple[Candidate, Baseline, Change]] = {
    "le": (make_candidate(0, 0.5), LE, LE_CHANGE),
    "xia": (
        make_candidate(0, 0.5, system="xia", change=XIA_CHANGE),
        XIA,
        XIA_CHANGE,
    ),
    "baseline": (make_candidate(0, 0.5, change={}), LE, {}),
}


def write_study(folder: Path, result: SearchResult) -> Path:
    path = folder / "tuned_study.py"
    path.write_text(winner_study(result), encoding="utf-8")
    return path


@pytest.mark.parametrize("system", WINNERS)
@pytest.mark.parametrize("scale", get_args(Scale))
def test_study_file_holds_the_winner_beside_its_baseline(
    tmp_path: Path, system: str, scale: Scale
) -> None:
    candidate, baseline, change = WINNERS[system]
    (study,) = load_studies(write_study(tmp_path, make_result(candidate)))
    configs = study.configs("synthetic", scale)
    expected = baseline[scale]["*"]
    assert configs == {"baseline": expected, "tuned": apply_change(expected, change)}
    assert study.find_baseline_row("synthetic", scale) == "baseline"
    assert study.seeds == (1, 2, 3, 4, 5)  # the search decided by seed 0
    assert study.name == "architecture-tuned"
    assert [row.tuned_over for row in study.rows] == [None, 1]


def test_baseline_row_has_what_is_common_to_all_candidates(tmp_path: Path) -> None:
    common = {"training.max_epochs": 5}
    candidate = make_candidate(0, 0.5, change={**common, "model.width": 64})
    (study,) = load_studies(write_study(tmp_path, make_result(candidate, change=common)))
    configs = study.configs("synthetic", "tiny")
    assert configs["baseline"] == apply_change(LE["tiny"]["*"], common)
    assert configs["tuned"] == apply_change(configs["baseline"], {"model.width": 64})


def test_study_claims_that_the_winner_beats_its_baseline(tmp_path: Path) -> None:
    (study,) = load_studies(write_study(tmp_path, make_search(corpus='odd "corpus"')))
    claim = study.claims[0]
    assert isinstance(claim, Claim)
    ((comparison,),) = claim.parts
    assert (comparison.row, comparison.rival) == ("tuned", "baseline")
    assert tuple(comparison.score) == ('odd "corpus"', "f1", None)


def test_study_file_says_how_it_was_chosen() -> None:
    text = winner_study(make_search())
    assert "Candidate 1 (of 5, from 0) is the best by F1: 62.5 % on validation" in text
    assert "the highest\nof 3" in text
    assert "mmer-sweep run tuned_study.py --corpus synthetic --scale tiny" in text
    assert "Candidate 2 (of 5, from 0) is the front's member of best F1" in winner_study(
        make_front()
    )


def test_row_to_paste_is_python_and_its_numbers_read_back_equal() -> None:
    odd = {"a": 1e-05, "b": [None, True, "\"'\\ é"], "c": {"d": 1 / 3}, "e": -0.0}
    text = winner_row(make_result(make_candidate(0, 0.5, change=odd)))
    names: dict = {}
    exec(text.replace("Row(\n", "ROW = Row(\n"), names)
    assert names["ROW"] == Row(name="tuned", baseline=LE, change=odd, tuned_over=1)


def test_rows_of_a_reconstructed_system_say_so(tmp_path: Path) -> None:
    result = make_result(
        make_candidate(0, 0.5, system="cmha", change={"model.hidden": 16}),
        baselines={"cmha": "search_spaces.systems.xia:CMHA"},
    )
    (study,) = load_studies(write_study(tmp_path, result))
    assert list(study.configs("synthetic", "tiny")) == [
        "baseline (reconstructed)",
        "tuned (reconstructed)",
    ]


def test_baseline_that_is_gone_is_an_error() -> None:
    with pytest.raises(StudyError, match=r"there is no baseline 'search_spaces.systems.le:GONE'"):
        winner_row(make_search(baselines={"le": "search_spaces.systems.le:GONE"}))


def test_nothing_is_written_before_a_candidate_is_finished() -> None:
    assert winner_row(make_result(STOPPED)) == winner_study(make_result(STOPPED)) == ""


def test_study_has_the_fresh_seeds_of_a_winner_that_more_seeds_chose(tmp_path: Path) -> None:
    repeats = (make_repeat(1, 1, 0.375), make_repeat(2, 1, 0.75))
    result = make_search(num_seeds=2, repeats=repeats)
    text = winner_study(result)
    assert "Candidate 2 (of 5, from 0) is the best by mean F1 over seeds: 62.5 %" in text
    assert "The search decided by seeds 0 to 1, which are not among these: they" in text
    (study,) = load_studies(write_study(tmp_path, result))
    assert study.seeds == (2, 3, 4, 5, 6)
