"""A study of classes: each utterance has one emotion, as in MELD; scores are UAR and weighted F1.

    mmer-sweep prepare synthetic --task multiclass
    mmer-sweep run examples/single_label.py --corpus synthetic-multiclass

The same rows train with softmax on any corpus of classes; on a multilabel corpus whose utterances
have one emotion each, both scores are those of the emotion of highest probability.
"""

from search_spaces.claim import greater
from search_spaces.study import ANY_CORPUS, Column, Row, Study
from search_spaces.systems.le import TINY

CORPUS = "synthetic-multiclass"
ALONE = ("text", "audio", "vision")
OF_ONE = {"model.fusion": {"kind": "none"}, "model.head": {"kind": "cls"}}

SINGLE_LABEL = Study(
    name="single-label",
    title="Modalities of a model of classes",
    baseline={"tiny": {ANY_CORPUS: TINY}},
    columns={
        ANY_CORPUS: (
            Column(metric="uar", header="UAR"),
            Column(metric="weighted_f1", header="weighted F1"),
        )
    },
    seeds=(0, 1, 2),
    rows=(
        *(Row(name=one, change={"model.modalities": [one], **OF_ONE}) for one in ALONE),
        Row(name="all"),
        Row(name="all, classes unweighted", change={"training.class_weights": "none"}),
        Row(name="all, focal loss", change={"training.loss": "focal"}),
    ),
    claims=(
        greater("fusion", "all three beat each alone", "all", *ALONE, corpus=CORPUS, metric="uar"),
    ),
)
