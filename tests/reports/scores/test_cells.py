from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score

from reports.ledger.ledger import PREDICTIONS_FILE, Ledger, LedgerError
from reports.scores.cells import Cell, SeedScore, find_cell
from reports.scores.redrawn import RedrawnScores
from reports.scores.trials import TrialScores
from search_spaces.claim import Score
from tests.reports.factories import (
    collect,
    make_predictions,
    make_split,
    make_study,
    make_trial,
    write_rows,
    write_trial,
    write_wrong,
)


def make_cell(*scores, num_planned=None):
    seeds = tuple(SeedScore(f"key-{seed}", seed, score) for seed, score in enumerate(scores))
    return Cell("row", "synthetic", "f1", seeds, num_planned or len(scores))


def draw_predictions(seed):
    rng = np.random.default_rng(seed)
    labels, probabilities = rng.integers(0, 2, (40, 3)), rng.random((40, 3))
    return make_predictions(labels.astype(np.int8), probabilities.astype(np.float32))


def test_cell_equals_an_independent_computation_from_the_predictions(tmp_path):
    ledger, study, thresholds = Ledger(tmp_path), make_study(["only"]), (0.3, 0.5, 0.7)
    keys = []
    expected = []
    for seed in range(3):
        test = draw_predictions(seed)
        keys.append(write_trial(ledger, make_trial(seed), test, thresholds).key)
        called = test.probabilities > np.array(thresholds)
        emotions = list(zip(test.labels.T, called.T, strict=True))
        mean_wacc = np.mean([balanced_accuracy_score(*emotion) for emotion in emotions])
        expected.append((mean_wacc, f1_score(test.labels, called, average="macro")))
    wacc, f1 = collect(study, {"only": tuple(keys)}, ledger).cells[0]
    for cell, scores in zip((wacc, f1), zip(*expected, strict=True), strict=True):
        assert [seed.score for seed in cell.scores] == pytest.approx(scores, abs=1e-12)
        assert cell.mean == pytest.approx(np.mean(scores))
        assert cell.std == pytest.approx(np.std(scores, ddof=1))


def test_cell_interval_is_students_t():
    scores = (0.61, 0.64, 0.60, 0.66, 0.63)
    expected = stats.t.interval(0.95, 4, loc=np.mean(scores), scale=stats.sem(scores))
    assert make_cell(*scores).interval == pytest.approx(expected, abs=1e-12)


def test_cell_of_equal_scores_has_an_interval_of_no_width():
    assert make_cell(0.5, 0.5).interval == (0.5, 0.5)


def test_cell_of_one_seed_has_no_spread():
    cell = make_cell(0.5)
    assert (cell.mean, cell.std, cell.interval, cell.complete) == (0.5, None, None, True)


@pytest.mark.parametrize("num_planned", [0, 5])
def test_cell_without_a_score_is_missing(num_planned):
    cell = make_cell(num_planned=num_planned)
    assert (cell.mean, cell.std, cell.interval, cell.complete) == (None, None, None, False)


def test_unfinished_trial_lowers_n(tmp_path):
    ledger, study = Ledger(tmp_path), make_study(["only"])
    key = write_trial(ledger, make_trial(0), draw_predictions(0)).key
    planned = {"only": ("not-finished", key)}
    cell = collect(study, planned, ledger).cells[0][0]
    assert (cell.num_scores, cell.num_planned, cell.complete) == (1, 2, False)


def test_undefined_metric_lowers_n_of_that_metric_only(tmp_path):
    ledger, study = Ledger(tmp_path), make_study(["only"])
    absent = make_predictions(np.zeros((4, 3), np.int8), np.full((4, 3), 0.9))
    key = write_trial(ledger, make_trial(0), absent).key
    wacc, f1 = collect(study, {"only": (key,)}, ledger).cells[0]
    assert (wacc.num_scores, f1.num_scores, f1.mean) == (0, 1, 0.0)


def test_shared_trial_is_read_once(tmp_path, monkeypatch):
    ledger, study = Ledger(tmp_path), make_study(["one", "other"])
    key = write_trial(ledger, make_trial(0), draw_predictions(0)).key
    read = []
    predictions = ledger.predictions

    def note_and_read(record, splits):
        read.append(record.key)
        return predictions(record, splits)

    monkeypatch.setattr(ledger, "predictions", note_and_read)
    planned = {"one": (key,), "other": (key,)}
    outcome = collect(study, planned, ledger)
    assert read == [key]
    assert outcome.cells[0][1].scores == outcome.cells[1][1].scores


def test_changed_predictions_are_refused(tmp_path):
    ledger, study = Ledger(tmp_path), make_study(["only"])
    planned = write_rows(ledger, study, [0], num_seeds=1)
    (ledger.folder(planned["only"][0]) / PREDICTIONS_FILE).write_bytes(b"other")
    with pytest.raises(LedgerError, match="do not have the SHA-256 that the record names"):
        collect(study, planned, ledger)


def test_stream_that_is_varied_has_cells_of_its_own(tmp_path):
    """The streams' trials are no seeds of the row; the first of each is the row's first."""
    ledger, study = Ledger(tmp_path), make_study(["a", "b"])
    keys = write_wrong(ledger, {"a": [4, 3], "b": [2, 1]})
    for seed, wrong in ((3, 6), (4, 8)):
        trial = make_trial(0).model_copy(update={"streams": {"init": seed}})
        write_trial(ledger, trial, make_split(0, wrong), key=f"init-{seed}")
    varied = {"init": (keys["b"][0], "init-3", "init-4", "unfinished")}
    outcome = collect(study, keys, ledger, varied=varied)
    assert outcome.varied is not None
    assert (outcome.varied.row, outcome.varied.planned) == ("b", varied)
    assert list(outcome.varied.records) == [keys["b"][0], "init-3", "init-4"]
    acc = find_cell(outcome, "b", Score("synthetic", "acc"), TrialScores(ledger))
    assert [one.score for one in acc.scores] == pytest.approx([0.9, 0.95])
    wacc, f1 = outcome.varied.cells["init"]
    assert [cell.metric for cell in (wacc, f1)] == ["wacc", "f1"]
    assert [one.seed for one in f1.scores] == [0, 3, 4]
    assert (f1.row, f1.num_planned) == ("b", 4)
    of_row = outcome.cells[1][1].scores
    assert f1.scores[0].score == of_row[0].score
    assert outcome.every_planned == {**keys, "b (init varied)": varied["init"]}
    assert len(outcome.every_record) == 6
    for cell, found in zip(outcome.cells[1], outcome.varied.test_sets, strict=True):
        records = [outcome.records[one.key] for one in cell.scores]
        score = Score("synthetic", cell.metric)
        expected = RedrawnScores(TrialScores(ledger)).find_variance(records, (), score)
        assert expected is not None
        assert found == expected
        assert found[1] == 4  # dialogues


def test_cell_that_no_column_has_is_collected_or_empty(tmp_path):
    ledger, study = Ledger(tmp_path), make_study(["a"])
    outcome = collect(study, write_wrong(ledger, {"a": [4, 2]}), ledger)
    sad = Score("synthetic", "acc", "sad")
    cell = find_cell(outcome, "a", sad, TrialScores(ledger))
    assert (cell.row, cell.metric, cell.emotion, cell.num_planned) == ("a", "acc", "sad", 2)
    assert [one.score for one in cell.scores] == pytest.approx([0.8, 0.9])
    empty = find_cell(outcome, "a", sad, None)
    assert empty == replace(cell, scores=())
    (of_column, _) = outcome.cells[0]
    assert find_cell(outcome, "a", Score("synthetic", "wacc"), None) is of_column
