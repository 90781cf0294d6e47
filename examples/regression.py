"""A study of numbers: each utterance has a sentiment from -3 to 3; scores are MAE, r and CCC.

mmer-sweep prepare synthetic --task regression
mmer-sweep run examples/regression.py --corpus synthetic-regression
"""

from search_spaces.claim import better
from search_spaces.columns import OF_NUMBERS
from search_spaces.study import ANY_CORPUS, Row, Study
from search_spaces.systems.le import TINY

CORPUS = "synthetic-regression"
ALONE = ("text", "audio", "vision")
OF_ONE = {"model.fusion": {"kind": "none"}, "model.head": {"kind": "cls"}}

REGRESSION = Study(
    name="regression",
    title="Modalities of a model of numbers",
    baseline={"tiny": {ANY_CORPUS: TINY}},
    columns={ANY_CORPUS: OF_NUMBERS},
    seeds=(0, 1, 2),
    rows=(
        *(Row(name=one, change={"model.modalities": [one], **OF_ONE}) for one in ALONE),
        Row(name="all"),
    ),
    claims=(
        better("fusion", "all three beat each alone", "all", *ALONE, corpus=CORPUS, metric="ccc"),
    ),
)
