import numpy as np
import pytest
from scipy import stats

from reports.statistics.gap import Gap, independent_gap, paired_gap, with_test_set_variance

DIFFERENCES = np.array([0.02, 0.05, -0.01, 0.03, 0.04])


@pytest.mark.parametrize("margin", [0.0, 0.01, 0.08])
def test_p_values_are_those_of_scipy(margin: float) -> None:
    gap = paired_gap(DIFFERENCES)
    above = stats.ttest_1samp(DIFFERENCES, margin, alternative="greater").pvalue
    assert gap.p_not_above(margin) == pytest.approx(above)
    assert gap.p_not_below(margin) == pytest.approx(1 - above)


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_interval_is_that_of_scipy(level: float) -> None:
    expected = stats.ttest_1samp(DIFFERENCES, 0).confidence_interval(level)
    assert paired_gap(DIFFERENCES).interval(level) == pytest.approx(tuple(expected))


def test_equal_differences_are_decided_by_the_mean_alone() -> None:
    gap = paired_gap(np.full(3, 0.1))
    assert (gap.std_error, gap.mean) == (0, pytest.approx(0.1))
    gap = Gap(mean=0.1, std_error=0.0, df=2, num_seeds=3)
    assert [gap.p_not_above(margin) for margin in (0.0, 0.1, 0.2)] == [0, 0.5, 1]
    assert [gap.p_not_below(margin) for margin in (0.0, 0.1, 0.2)] == [1, 0.5, 0]
    assert gap.interval() == (0.1, 0.1)


@pytest.mark.parametrize("differences", [[], [0.1], [[0.1, 0.2]]])
def test_gap_needs_two_differences(differences: list[float]) -> None:
    with pytest.raises(ValueError, match="two or more differences"):
        paired_gap(np.array(differences))


def test_gap_needs_finite_differences() -> None:
    with pytest.raises(ValueError, match="finite differences"):
        paired_gap(np.array([0.1, np.nan, 0.2]))


def test_test_set_variance_adds_up_with_welch_satterthwaite_df() -> None:
    gap = Gap(mean=0.02, std_error=0.03, df=4, num_seeds=5)
    wide = with_test_set_variance(gap, 0.0016, num_clusters=31)
    assert wide.std_error == pytest.approx(0.05)
    # V = .0025; (.0009^2 / 4 + .0016^2 / 30) = 2.025e-7 + .8533e-7
    assert wide.df == pytest.approx(6.25e-6 / 2.87833e-7, rel=1e-5)
    assert (wide.mean, wide.num_seeds) == (0.02, 5)


def test_test_set_variance_gives_the_df_of_welchs_test() -> None:
    a, b = np.array([1.0, 2.0, 4.0, 7.0]), np.array([3.0, 3.5, 9.0, 1.0, 2.0, 6.0])
    welch = stats.ttest_ind(a, b, equal_var=False)
    over_a = Gap(a.mean() - b.mean(), a.std(ddof=1) / 2, df=3, num_seeds=4)
    wide = with_test_set_variance(over_a, b.var(ddof=1) / 6, num_clusters=6)
    assert wide.df == pytest.approx(welch.df)
    assert wide.p_not_above(0) == pytest.approx(1 - welch.pvalue / 2)


def test_no_test_set_variance_changes_nothing() -> None:
    gap = paired_gap(DIFFERENCES)
    same = with_test_set_variance(gap, 0.0, num_clusters=30)
    assert (same.std_error, same.df) == pytest.approx((gap.std_error, gap.df))
    certain = Gap(mean=0.1, std_error=0.0, df=2, num_seeds=3)
    assert with_test_set_variance(certain, 0.0, num_clusters=30) == certain


@pytest.mark.parametrize("variance", [-1.0, np.nan, np.inf])
def test_test_set_variance_must_be_a_variance(variance: float) -> None:
    with pytest.raises(ValueError, match="variance over test sets is"):
        with_test_set_variance(paired_gap(DIFFERENCES), variance, num_clusters=30)


def test_test_set_variance_needs_clusters() -> None:
    with pytest.raises(ValueError, match="two or more clusters, not 1"):
        with_test_set_variance(paired_gap(DIFFERENCES), 0.1, num_clusters=1)


@pytest.mark.parametrize("num", [2, 3])
def test_gap_of_two_sets_is_that_of_students_t(num: int) -> None:
    a, b = np.array([0.3, 0.5, 0.45])[:num], np.array([0.2, 0.25, 0.35, 0.3])
    gap, expected = independent_gap(a, b), stats.ttest_ind(a, b)
    low, high = expected.confidence_interval(0.95)
    assert gap.interval() == pytest.approx((low, high))
    assert 2 * gap.p_not_above(0.0) == pytest.approx(expected.pvalue)
    assert (gap.df, gap.num_seeds) == (num + 2, num)


def test_gap_of_two_sets_needs_two_scores_of_each() -> None:
    with pytest.raises(ValueError, match="two scores of each, not 3 and 1"):
        independent_gap(DIFFERENCES[:3], DIFFERENCES[:1])


def test_gap_over_folds_is_widened_by_nadeau_and_bengio() -> None:
    plain, corrected = paired_gap(DIFFERENCES), paired_gap(DIFFERENCES, test_share=0.25)
    num = len(DIFFERENCES)
    assert corrected.mean == plain.mean
    assert corrected.df == num - 1
    variance = (1 / num + 0.25) * DIFFERENCES.var(ddof=1)
    assert corrected.std_error == pytest.approx(np.sqrt(variance))
    t = DIFFERENCES.mean() / np.sqrt(variance)
    assert corrected.p_not_above(0.0) == pytest.approx(stats.t.sf(t, num - 1))


@pytest.mark.parametrize("share", [-0.1, np.inf, np.nan])
def test_share_of_test_utterances_must_be_a_ratio(share: float) -> None:
    with pytest.raises(ValueError, match="the share of test utterances is"):
        paired_gap(DIFFERENCES, share)
