"""The metrics of classes: each utterance has one, and is given the one of highest probability.

Records of multilabel training give them too, where each utterance has exactly one emotion. Of
several highest probabilities, the first class counts.

Weighted accuracy over the classes has no name of its own: weighted by their numbers of utterances,
the recalls of the classes add up to the accuracy, which papers on IEMOCAP call WA.
"""

from corpora.source.task import TaskKind
from search_spaces.metrics.metric import Metric

TASKS: tuple[TaskKind, ...] = ("multiclass", "multilabel")
FRACTION = (0.0, 1.0)

CLASSES = (
    Metric(
        name="class_accuracy",
        header="WA",
        unit="percent",
        bounds=FRACTION,
        tasks=TASKS,
        needs="argmax",
        source="the share of utterances that are given their class (accuracy_score of "
        "scikit-learn); papers call it accuracy, or WA",
    ),
    Metric(
        name="uar",
        header="UAR",
        unit="percent",
        bounds=FRACTION,
        tasks=TASKS,
        needs="argmax",
        of_each=True,
        source="recall of each class; the plain mean over the classes (balanced_accuracy_score of "
        "scikit-learn; Schuller et al. 2009); papers call it UA too",
    ),
    Metric(
        name="class_precision",
        header="class precision",
        unit="percent",
        bounds=FRACTION,
        tasks=TASKS,
        needs="argmax",
        of_each=True,
        source="the share of right utterances of those that are given a class; the plain mean "
        "over the classes (precision_score of scikit-learn, macro)",
    ),
    Metric(
        name="class_f1",
        header="class F1",
        unit="percent",
        bounds=FRACTION,
        tasks=TASKS,
        needs="argmax",
        of_each=True,
        source="F1 of each class; the plain mean over the classes (f1_score of scikit-learn, "
        "macro)",
    ),
    Metric(
        name="class_weighted_f1",
        header="class weighted F1",
        unit="percent",
        bounds=FRACTION,
        tasks=TASKS,
        needs="argmax",
        source="F1 of the classes, averaged by their numbers of utterances (f1_score of "
        "scikit-learn, weighted); papers on MELD print it",
    ),
)
