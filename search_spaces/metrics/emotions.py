"""The metrics of emotions, each of which is present or not.

With TP, FP, TN and FN of one emotion, at its threshold (Le et al.; Xia et al., eq. 10-12):

    Acc = (TP + TN) / (TP + FP + TN + FN)
    WAcc = (TP / (TP + FN) + TN / (TN + FP)) / 2
    F1 = 2 TP / (2 TP + FP + FN)

Where the task is multiclass, a decision is the class of highest probability. There Acc is the
accuracy of the classes, WAcc and Recall are UAR, and F1 is that of the classes.
"""

from search_spaces.metrics.metric import Metric

MEAN = "the plain mean over the emotions"
FRACTION = (0.0, 1.0)

EMOTIONS = (
    Metric(
        name="acc",
        header="Acc",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="counts",
        of_each=True,
        source=f"the share of right decisions; {MEAN} (Le et al. 2023)",
        among_classes="class_accuracy",
    ),
    Metric(
        name="wacc",
        header="WAcc",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="counts",
        of_each=True,
        source=f"the mean of the recalls of presence and of absence; {MEAN} (Xia et al. 2022)",
        among_classes="uar",
    ),
    Metric(
        name="f1",
        header="F1",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="counts",
        of_each=True,
        source=f"F1 of presence; {MEAN}, which others call macro F1 (Le et al. 2023)",
        among_classes="class_f1",
    ),
    Metric(
        name="precision",
        header="Precision",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="counts",
        of_each=True,
        source=f"the share of right positive decisions; {MEAN}",
        among_classes="class_precision",
    ),
    Metric(
        name="recall",
        header="Recall",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="counts",
        of_each=True,
        source=f"the share of the emotion's utterances that are found; {MEAN}",
        among_classes="uar",
    ),
    Metric(
        name="auc",
        header="AUC",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="probabilities",
        of_each=True,
        source=f"the area under the ROC curve, each emotion or class against the rest; {MEAN} "
        "(roc_auc_score of scikit-learn)",
    ),
    Metric(
        name="micro_f1",
        header="micro F1",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="counts",
        source="F1 of the counts added over the emotions (f1_score of scikit-learn, micro)",
        among_classes="class_accuracy",
    ),
    Metric(
        name="weighted_f1",
        header="weighted F1",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="counts",
        source="F1 of presence, averaged by how many utterances have the emotion (f1_score of "
        "scikit-learn, weighted)",
        among_classes="class_weighted_f1",
    ),
    Metric(
        name="subset_accuracy",
        header="subset Acc",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="decisions",
        source="the share of utterances of which every decision is right (accuracy_score of "
        "scikit-learn)",
        among_classes="class_accuracy",
    ),
    Metric(
        name="hamming_loss",
        header="Hamming",
        higher_is_better=False,
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel",),
        needs="counts",
        of_each=True,
        source=f"the share of wrong decisions; {MEAN} (hamming_loss of scikit-learn)",
    ),
    Metric(
        name="average_precision",
        header="AP",
        unit="percent",
        bounds=FRACTION,
        tasks=("multilabel", "multiclass"),
        needs="probabilities",
        of_each=True,
        source="the area under the curve of precision over recall, without interpolation, each "
        f"emotion or class against the rest; {MEAN}, which others call mAP "
        "(average_precision_score of scikit-learn)",
    ),
)
