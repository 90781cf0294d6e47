import numpy as np
import pytest

from reports.ledger.ledger import Ledger
from reports.scores.redrawn import RedrawnScores
from reports.scores.trials import TrialScores
from reports.statistics.variance import NUM_RESAMPLES
from reports.verdicts.evidence import Compared, compare, vary_test_set
from search_spaces.claim import Claim, Comparison, Score, greater
from tests.reports.factories import collect, make_study, make_trial, write_trial, write_wrong
from tests.reports.factories import make_predictions as predict

WRONG = {"a": [6, 5, 6, 4], "b": [8, 8, 9]}


def compared_on(tmp_path, wrong=WRONG, metric="acc") -> tuple[Compared, TrialScores]:
    ledger, study = Ledger(tmp_path), make_study(wrong)
    claim = greater("own", "", "a", "b", corpus="synthetic", metric=metric)
    outcomes = [collect(study, write_wrong(ledger, wrong), ledger)]
    trial_scores = TrialScores(ledger)
    compared = compare(claim.comparisons[0], claim, outcomes, trial_scores)
    return vary_test_set(compared, claim, outcomes, RedrawnScores(trial_scores)), trial_scores


def test_scores_are_paired_by_seed_and_lead_to_their_trials(tmp_path):
    compared, _ = compared_on(tmp_path)
    assert compared.seeds == (0, 1, 2)
    assert compared.differences == pytest.approx((0.1, 0.15, 0.15))
    assert compared.keys == (("0-0", "1-0"), ("0-1", "1-1"), ("0-2", "1-2"))


def test_gap_correlation_and_effect_are_those_of_the_pairs(tmp_path):
    compared, _ = compared_on(tmp_path)
    assert compared.gap is not None
    d = np.array([0.1, 0.15, 0.15])
    assert compared.gap.mean == pytest.approx(d.mean())
    assert compared.gap.std_error == pytest.approx(d.std(ddof=1) / 3**0.5)
    assert compared.effect_size == pytest.approx(d.mean() / d.std(ddof=1))
    correlation = np.corrcoef([0.7, 0.75, 0.7], [0.6, 0.6, 0.55])[0, 1]
    assert compared.correlation == pytest.approx(correlation)


def test_test_set_adds_the_variance_of_a_mean_of_equal_clusters(tmp_path):
    compared, trial_scores = compared_on(tmp_path)

    def by_cluster(key: str) -> np.ndarray:
        record = trial_scores.ledger.find(key)
        assert record is not None
        counts = trial_scores.count_by_cluster(record)
        return np.array([c[:, [0, 2]].sum() / c.sum() for c in counts.values()])

    differences = np.mean([by_cluster(a) - by_cluster(b) for a, b in compared.keys], axis=0)
    variance = differences.var() / len(differences)
    assert compared.gap is not None
    assert compared.gap_beyond is not None
    added = compared.gap_beyond.std_error**2 - compared.gap.std_error**2
    assert added == pytest.approx(variance, rel=4 * (2 / NUM_RESAMPLES) ** 0.5)
    assert compared.gap_beyond.mean == compared.gap.mean


def test_auc_is_not_redrawn(tmp_path):
    compared, _ = compared_on(tmp_path, metric="auc")
    assert compared.gap is not None
    assert compared.gap_beyond is None


def test_trials_tested_on_other_clusters_are_not_redrawn(tmp_path):
    ledger, study = Ledger(tmp_path), make_study(["a", "b"])
    labels = np.tile([[0, 1, 0], [1, 0, 1]], (10, 1))
    sizes = {"a": 20, "b": 10}
    keys = {
        row: tuple(
            write_trial(
                ledger, make_trial(s), predict(labels[:size], labels[:size]), key=f"{row}{s}"
            ).key
            for s in range(3)
        )
        for row, size in sizes.items()
    }
    claim = greater("own", "", "a", "b", corpus="synthetic", metric="acc")
    trial_scores, outcomes = TrialScores(ledger), [collect(study, keys, ledger)]
    compared = compare(claim.comparisons[0], claim, outcomes, trial_scores)
    assert vary_test_set(compared, claim, outcomes, RedrawnScores(trial_scores)) == compared


def test_one_emotion_is_compared_alone(tmp_path):
    """Happy is every third utterance: of those that stay right, other shares than of all."""
    ledger, study = Ledger(tmp_path), make_study(WRONG)
    outcomes = [collect(study, write_wrong(ledger, WRONG), ledger)]
    trial_scores = TrialScores(ledger)
    scores = [Score("synthetic", "f1", emotion) for emotion in (None, "anger", "happy", "sad")]
    comparisons = [Comparison(row="a", rival="b", score=score) for score in scores]
    claim = Claim(id="own", text="", kind="greater", family="own", parts=(tuple(comparisons),))
    redrawn = RedrawnScores(trial_scores)
    found = [
        vary_test_set(compare(one, claim, outcomes, trial_scores), claim, outcomes, redrawn)
        for one in comparisons
    ]
    average, *each = (np.array(one.differences) for one in found)
    assert average == pytest.approx(np.mean(each, axis=0))
    gaps = [one.gap_beyond for one in found]
    assert len({gap.std_error for gap in gaps if gap is not None}) == len(gaps) == 4
