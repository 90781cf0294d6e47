"""Cells, captions, floors and redrawn test sets of a corpus with folds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from zlib import crc32

import numpy as np
import pytest
from scipy import stats

from reports.ledger.floor_file import write_floor
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from reports.scores.cells import Outcome
from reports.scores.floors import find_floors
from reports.scores.redrawn import RedrawnScores, by_seed
from reports.scores.trials import TrialScores
from reports.statistics.variance import NUM_RESAMPLES, draw
from reports.tables.differences import pair
from reports.tables.noise import find_control
from reports.tables.table import build_table
from reports.verdicts.evidence import compare
from search_spaces.claim import Score, greater
from search_spaces.study import Study
from tests.reports.factories import collect, make_split, make_study
from tests.reports.floor_factory import make_linear
from tests.reports.fold_factory import LACKING, NAMES, fold_trial, write_folds

BETTER = [[1, 2, 3, 1], [2, 2, 4, 1]]
WORSE = [[4, 6, 5, 5], [7, 6, 7, 6]]
STUDY = make_study(["better", "worse"])
Wrong = Mapping[str, Sequence[Sequence[int]]]


def outcome_of(storage: Path, wrong: Wrong, study: Study = STUDY) -> Outcome:
    ledger = Ledger(storage)
    keys = write_folds(ledger, wrong)
    return collect(study, keys, ledger, corpus="mine", num_folds=len(NAMES))


def caption_and_notes(storage: Path, wrong: Wrong) -> str:
    table = build_table(STUDY, [outcome_of(storage, wrong)], "ours")
    return "\n".join([table.caption, *table.notes])


def test_cell_is_the_mean_over_seeds_and_folds(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, {"better": BETTER, "worse": WORSE})
    wacc = outcome.cells[0][0]
    assert [(one.seed, one.fold) for one in wacc.scores] == [
        (seed, name) for seed in (0, 1) for name in NAMES
    ]
    assert (wacc.num_planned, wacc.complete) == (8, True)
    assert wacc.mean == pytest.approx(fmean(one.score for one in wacc.scores))
    assert {cell.test_share for cells in outcome.cells for cell in cells} == {1 / 3}
    low, high = wacc.interval or (0, 0)
    half = stats.t.ppf(0.975, 7) * (wacc.std or 0) * np.sqrt(1 / 8 + 1 / 3)
    assert (high - low) / 2 == pytest.approx(half)


def test_scores_are_paired_by_seed_and_fold(tmp_path: Path) -> None:
    lacking = [[1, 2, LACKING, 1], [2, 2, 4, 1]]
    outcome = outcome_of(tmp_path, {"better": lacking, "worse": WORSE})
    pairs = pair(*(cells[0] for cells in outcome.cells))
    assert len(pairs) == 7
    assert all((a.seed, a.fold) == (b.seed, b.fold) for a, b in pairs)


def test_claim_is_tested_by_the_corrected_resampled_t(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, {"better": BETTER, "worse": WORSE})
    claim = greater("C1", "it is better", "better", "worse", corpus="mine", metric="wacc")
    compared = compare(claim.comparisons[0], claim, [outcome], TrialScores(Ledger(tmp_path)))
    assert compared.num_pairs_in_words == "2 seeds x 4 folds"
    assert compared.gap is not None
    d = np.array(compared.differences)
    assert compared.gap.std_error == pytest.approx(d.std(ddof=1) * np.sqrt(1 / 8 + 1 / 3))


def test_caption_says_how_many_folds_and_which_test(tmp_path: Path) -> None:
    told = caption_and_notes(tmp_path, {"better": BETTER, "worse": WORSE})
    assert "mean ± sample standard deviation over 2 seeds x 4 of 4 folds" in told
    assert "corrected resampled t" in told
    assert "test / all other utterances = 0.333" in told
    assert "lack trials" not in told


def test_incomplete_set_of_folds_is_shown_as_such(tmp_path: Path) -> None:
    lacking = [[1, 2, LACKING, 1], [2, LACKING, 4, 1]]
    told = caption_and_notes(tmp_path, {"better": lacking, "worse": WORSE})
    assert "over 2 seeds x 2 of 4 folds" in told
    assert "2 folds of 4 on" in told
    assert "n of the N planned pairs of seed and fold have a score" in told


def test_table_without_any_trial_speaks_of_folds(tmp_path: Path) -> None:
    nothing = [[LACKING] * 4]
    told = caption_and_notes(tmp_path, {"better": nothing, "worse": nothing})
    assert "over one seed x 0 of 4 folds" in told


def test_row_of_more_seeds_is_no_control(tmp_path: Path) -> None:
    study = STUDY.model_copy(update={"compared_with": "better"})
    outcome = outcome_of(tmp_path, {"better": BETTER, "worse": WORSE[:1]}, study)
    assert find_control(study, outcome) is None


def test_test_utterances_of_all_folds_of_a_seed_are_one_test_set(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, {"better": BETTER, "worse": WORSE})
    scores = TrialScores(Ledger(tmp_path))
    row, rival = (
        [outcome.records[key] for key in outcome.planned[name]] for name in ("better", "worse")
    )
    found = RedrawnScores(scores).find_variance(row, rival, Score("mine", "acc"))
    assert found is not None
    assert found[1] == 13  # 4 folds of 4 clusters, three of which lie in two folds
    assert found[0] == pytest.approx(_pooled_variance(row, rival, scores), rel=1e-9)


def _pooled_variance(row: Sequence[Record], rival: Sequence[Record], scores: TrialScores) -> float:
    """Redraw utterance by utterance what the class redraws as counts by cluster."""
    by_row = []
    for records in (row, rival):
        of_seeds = []
        for folds in by_seed(records):
            tests = [scores.read_test(record) for record in folds]
            groups = np.concatenate([one.groups for one in tests])
            right = np.concatenate([(o.probabilities > 0.5) == o.labels for o in tests])
            names, numbers = np.unique(groups, return_inverse=True)
            sets = draw(len(names), crc32(b"mine"), NUM_RESAMPLES)
            weights = sets[:, numbers]  # (test sets, U)
            of_seeds.append((weights @ right.mean(axis=1)) / weights.sum(axis=1))
        by_row.append(np.mean(of_seeds, axis=0))
    return float((by_row[0] - by_row[1]).var(ddof=1))


def test_missing_fold_leaves_no_variance_over_test_sets(tmp_path: Path) -> None:
    lacking = [[1, 2, LACKING, 1], [2, 2, 4, 1]]
    outcome = outcome_of(tmp_path, {"better": lacking, "worse": WORSE})
    records = [outcome.records[k] for k in outcome.planned["better"] if k in outcome.records]
    redrawn = RedrawnScores(TrialScores(Ledger(tmp_path)))
    assert redrawn.find_variance(records, (), Score("mine", "acc")) is None
    whole = redrawn.find_variance(records[3:], (), Score("mine", "acc"))
    assert whole is not None


def test_floors_are_the_mean_of_those_of_all_folds(tmp_path: Path) -> None:
    corpora = [fold_trial(0, number).corpus for number in (1, 2, 3, 4)]
    for num_wrong, corpus in enumerate(corpora[:3]):
        split = make_split(0, num_wrong)
        write_floor(tmp_path, make_linear(split, split, corpus))
    assert find_floors(tmp_path, corpora[0]) is None
    split = make_split(0, 5)
    write_floor(tmp_path, make_linear(split, split, corpora[3]))
    floors = find_floors(tmp_path, corpora[1])
    assert floors is not None
    each = [find_floors(tmp_path, one) for one in corpora]
    assert {one.find("linear", "acc") for one in each if one} == {floors.find("linear", "acc")}
    assert floors.find("linear", "acc") == pytest.approx(1 - (0 + 1 + 2 + 5) / 4 / 20, abs=0.03)
