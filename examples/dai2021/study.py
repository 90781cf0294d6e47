"""A third paper as a study of one's own: end-to-end models beside models of two phases.

    mmer-sweep run examples/dai2021/study.py --seeds 3

Dai et al. (NAACL 2021) compare FE2E and MESM, which are trained end to end, with four models that
read hand-crafted features. Their printed values are in `dai2021.yaml`, which lies beside this file.
"""

from search_spaces.claim import greater, same
from search_spaces.columns import emotion_columns
from search_spaces.study import ANY_CORPUS, Column, Paper, Row, Source, Study
from search_spaces.systems.dai import FE2E, MESM
from search_spaces.systems.features import EMOEMBS, LF_LSTM, LF_TRANSFORMER, MULT

TWO_PHASES = ("LF-LSTM", "LF-TRANS", "EmoEmbs", "MulT")
IEMOCAP = {
    "Happiness": "hap",
    "Anger": "ang",
    "Sadness": "sad",
    "Excited": "exc",
    "Frustrated": "fru",
    "Neutral": "neu",
}
MOSEI = {
    "Happiness": "happy",
    "Sadness": "sad",
    "Anger": "anger",
    "Surprise": "surprise",
    "Fear": "fear",
    "Disgust": "disgust",
}


def both(row: str) -> tuple[str, str]:
    """Refer to a printed row, in the halves of IEMOCAP and of CMU-MOSEI."""
    return (f"iemocap/{row}", f"mosei/{row}")


END_TO_END = Study(
    name="dai2021",
    title="End-to-end models beside models of two phases",
    source=Source(
        paper=Paper(
            title="Multimodal end-to-end sparse model for emotion recognition",
            authors="Dai, Cahyawijaya, Liu and Fung",
            venue="NAACL 2021",
        ),
        label="results on IEMOCAP and CMU-MOSEI",
    ),
    published="dai2021.yaml",
    baseline=FE2E,
    columns={
        "iemocap": emotion_columns({"Acc": "acc", "F1": "f1"}, IEMOCAP, average_is_printed=False),
        "mosei": emotion_columns({"WA": "wacc", "F1": "f1"}, MOSEI, average_is_printed=False),
        ANY_CORPUS: (Column(metric="acc", header="Acc"), Column(metric="f1", header="F1")),
    },
    rows=(
        Row(name="LF-LSTM", baseline=LF_LSTM, published=both("lf_lstm")),
        Row(name="LF-TRANS", baseline=LF_TRANSFORMER, published=both("lf_trans")),
        Row(name="EmoEmbs", baseline=EMOEMBS, published=both("emoembs")),
        Row(name="MulT", baseline=MULT, published=both("mult")),
        Row(name="MESM", baseline=MESM, published=both("mesm")),
        Row(name="FE2E", published=both("fe2e")),
    ),
    claims=tuple(
        claim
        for corpus in ("iemocap", "mosei", "synthetic")
        for claim in (
            greater(
                f"end-to-end-{corpus}",
                f"FE2E has a higher mean F1 than every model of two phases on {corpus}",
                *("FE2E", *TWO_PHASES),
                corpus=corpus,
                metric="f1",
            ),
            same(
                f"sparse-{corpus}",
                f"MESM has the mean F1 of FE2E within three points on {corpus}",
                *("MESM", "FE2E"),
                corpus=corpus,
                metric="f1",
                margin=0.03,
            ),
        )
    ),
)
