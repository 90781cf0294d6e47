"""The metrics of predicted numbers, such as sentiment from -3 to 3.

What becomes of signs, zeros and rounding is that of MMSA (`thuiar/MMSA`,
`src/MMSA/utils/metricsTop.py`, `__eval_mosei_regression`), which follows the code of Tsai et al.
(ACL 2019, MulT). Overall scores are plain means over the targets; mostly there is one.
"""

from search_spaces.metrics.metric import Metric

FRACTION = (0.0, 1.0)
SIGNED = (-1.0, 1.0)

NUMBERS = (
    Metric(
        name="mae",
        header="MAE",
        higher_is_better=False,
        bounds=(0.0, None),
        tasks=("regression",),
        needs="numbers",
        of_each=True,
        source="the mean absolute error (mean_absolute_error of scikit-learn)",
    ),
    Metric(
        name="pearson",
        header="r",
        bounds=SIGNED,
        tasks=("regression",),
        needs="numbers",
        of_each=True,
        source="Pearson's correlation; undefined if labels or predictions are constant "
        "(scipy.stats.pearsonr)",
    ),
    Metric(
        name="ccc",
        header="CCC",
        bounds=SIGNED,
        tasks=("regression",),
        needs="numbers",
        of_each=True,
        source="the concordance correlation coefficient (Lin 1989), with variances over n; 0 if "
        "the predictions are constant, undefined if the labels are",
    ),
    Metric(
        name="acc2_non_negative",
        header="Acc-2 (non-neg)",
        unit="percent",
        bounds=FRACTION,
        tasks=("regression",),
        needs="numbers",
        of_each=True,
        source="accuracy of negative against non-negative; Has0_acc_2 of MMSA",
    ),
    Metric(
        name="acc2_positive",
        header="Acc-2 (pos)",
        unit="percent",
        bounds=FRACTION,
        tasks=("regression",),
        needs="numbers",
        of_each=True,
        source="accuracy of positive against the rest, utterances whose label is 0 left out; "
        "Non0_acc_2 of MMSA",
    ),
    Metric(
        name="f1_non_negative",
        header="F1 (non-neg)",
        unit="percent",
        bounds=FRACTION,
        tasks=("regression",),
        needs="numbers",
        of_each=True,
        source="weighted F1 of the classes of acc2_non_negative; Has0_F1_score of MMSA",
    ),
    Metric(
        name="f1_positive",
        header="F1 (pos)",
        unit="percent",
        bounds=FRACTION,
        tasks=("regression",),
        needs="numbers",
        of_each=True,
        source="weighted F1 of the classes of acc2_positive; Non0_F1_score of MMSA",
    ),
    Metric(
        name="acc5",
        header="Acc-5",
        unit="percent",
        bounds=FRACTION,
        tasks=("regression",),
        needs="numbers",
        of_each=True,
        source="accuracy of both numbers clipped to -2 to 2 and rounded, halves to even; "
        "Mult_acc_5 of MMSA",
    ),
    Metric(
        name="acc7",
        header="Acc-7",
        unit="percent",
        bounds=FRACTION,
        tasks=("regression",),
        needs="numbers",
        of_each=True,
        source="accuracy of both numbers clipped to -3 to 3 and rounded, halves to even; "
        "Mult_acc_7 of MMSA",
    ),
)
