"""Comparisons for the sentences of Xia et al. that name no pairs of cells."""

from collections.abc import Iterable

from search_spaces.claim import Comparison, Score
from search_spaces.paper_claims import restate
from search_spaces.terms import MetricName

FULL, FULL_WITHOUT_TEXT = "MER-SEM-MBT", "MER-SEM-MBT without the textual decision"
TWO_STAGE = ("LF-LSTM", "LF-TRANS", "EmoEmbs", "MulT", "BIMHA (reconstructed)")
END_TO_END = ("FE2E", "MESM")
COMPARED = (*TWO_STAGE, "CMHA (reconstructed)", *END_TO_END)

AVERAGE_F1 = (Score("iemocap", "f1"), Score("mosei", "f1"))
ACCURACY: dict[str, MetricName] = {"iemocap": "acc", "mosei": "wacc"}
EMOTIONS = {
    "iemocap": ("hap", "ang", "sad", "exc", "fru", "neu"),
    "mosei": ("happy", "sad", "anger", "surprise", "fear", "disgust"),
}
EVERY_CELL = tuple(
    Score(corpus, metric, emotion)
    for corpus, emotions in EMOTIONS.items()
    for emotion in emotions
    for metric in (ACCURACY[corpus], "f1")
)

POINT = 0.01
LARGEST_PRINTED_LOSS = 0.0182
"""The largest printed loss without the textual decision: average F1 on IEMOCAP."""


def above(
    row: str, rivals: Iterable[str], scores: Iterable[Score], allowance: float = 0.0
) -> list[Comparison]:
    """Compare a row with every rival by every score."""
    return [
        Comparison(row=row, rival=rival, score=score, allowance=allowance)
        for score in scores
        for rival in rivals
    ]


def close(row: str, other: str, scores: Iterable[Score], within: float) -> list[Comparison]:
    """Compare two rows in both directions: they differ by less than `within`."""
    scores = tuple(scores)
    return [*above(row, [other], scores, within), *above(other, [row], scores, within)]


MOST_CELLS = restate(
    "X03",
    *(above(FULL, COMPARED, [cell]) for cell in EVERY_CELL),
    at_least=len(EVERY_CELL) // 2 + 1,
    table="xia_t2_iemocap",
    note="In at least 13 of the 24 cells the full model beats every compared method.",
)

COMPARABLE_WITHOUT_TEXT = restate(
    "X04",
    above(FULL_WITHOUT_TEXT, [FULL], AVERAGE_F1, allowance=2 * POINT),
    note=(
        "Without the textual decision the average F1 falls by less than 2 points on both corpora; "
        f"the largest printed fall is {100 * LARGEST_PRINTED_LOSS:.2f}."
    ),
)

END_TO_END_IS_BETTER = restate(
    "X05",
    *(above(row, TWO_STAGE, AVERAGE_F1) for row in END_TO_END),
    note="FE2E and MESM each beat each two-stage method in average F1 on both corpora.",
)

SIGNIFICANT = restate(
    "X12",
    above(FULL, COMPARED, AVERAGE_F1),
    table="xia_t2_iemocap",
    note=(
        "The paper does not say which pairs were tested; here the full model against every "
        "compared method, average F1 on both corpora."
    ),
)

COST = restate("X13", costs_of=FULL, note="Costs are reported, not judged.")

TWO_OR_THREE_SEMS = restate(
    "X10",
    *(
        [
            *close(f"{branch}, 3 SEM", f"{branch}, 2 SEM", AVERAGE_F1[:1], POINT),
            *above(f"{branch}, 2 SEM", [f"{branch}, 4 SEM"], AVERAGE_F1[:1]),
        ]
        for branch in ("SER", "FER")
    ),
    note="Average F1 on IEMOCAP: three SEMs within 1 point of two, and two above four.",
)

ANY_NUMBER_OF_TOKENS = restate(
    "X14",
    *(close(number, "4", AVERAGE_F1, POINT) for number in ("1", "2", "8", "16")),
    note="Average F1 with 1, 2, 8 and 16 tokens within 1 point of that with 4, on both corpora.",
)
