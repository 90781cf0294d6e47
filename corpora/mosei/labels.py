"""Emotions and sentiment of CMU-MOSEI: what annotators answered on Mechanical Turk."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from corpora.readers.csv_table import read_csv_table
from corpora.readers.release_files import visible_files
from corpora.source.errors import CorpusError, MediaError
from corpora.source.label_space import LabelSpace
from corpora.source.rejects import RejectReason

MOSEI_EMOTIONS = ("anger", "disgust", "fear", "happy", "sad", "surprise")
VIDEO_COLUMN, CLIP_COLUMN = "Input.VIDEO_ID", "Input.CLIP"
ANSWER_COLUMNS = tuple(
    f"Answer.{word}" for word in ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
)
"""One for each emotion, in their order."""

SENTIMENT_COLUMN = "Answer.sentiment"
SENTIMENT = LabelSpace(("sentiment",), "regression", (-3.0, 3.0))

Answers = tuple[str, ...]


@dataclass(frozen=True)
class LabelSet:
    """What is made of the answers in some columns; `labels_of` raises a `MediaError`."""

    space: LabelSpace
    columns: tuple[str, ...]
    labels_of: Callable[[Sequence[Answers]], tuple[float, ...]]


def read_answers(folder: Path, columns: Sequence[str]) -> dict[str, list[Answers]]:
    """Read some columns of all CSVs of a folder; they may have other columns too.

    Returns:
        For each utterance's id the answers of its annotators, as written.

    Raises:
        CorpusError: If there is no CSV, or some cannot be read; all faults together.
    """
    paths = visible_files(folder, "*.csv")
    if not paths:
        raise CorpusError(f"'{folder}' holds no CSV of labels; put those of the release there")
    answers: defaultdict[str, list[Answers]] = defaultdict(list)
    faults = []
    for path in paths:
        try:
            _add_answers(path, columns, answers)
        except CorpusError as error:
            faults.append(str(error))
    if faults:
        raise CorpusError("; ".join(faults))
    return dict(answers)


def emotions_of(answers: Sequence[Answers]) -> tuple[int, ...]:
    """Give an utterance every emotion that any annotator saw, however weak.

    Raises:
        MediaError: If an answer is not a number; an empty answer counts as 0.
    """
    rows = [[_number(cell or "0") for cell in row] for row in answers]
    totals = [sum(column) for column in zip(*rows, strict=True)]
    if not all(map(math.isfinite, totals)):
        raise MediaError(RejectReason.BAD_LINE, f"its answers sum up to {totals}")
    return tuple(int(total > 0) for total in totals)


def sentiment_of(answers: Sequence[Answers]) -> tuple[float, ...]:
    """Return the mean of the annotators' answers, from -3 to 3.

    Raises:
        MediaError: If an answer is not a number within that, or all are empty.
    """
    values = [_number(cell) for (cell,) in answers if cell]
    if not values:
        raise MediaError(RejectReason.NO_LABEL, f"no annotator answered {SENTIMENT_COLUMN}")
    low, high = SENTIMENT.range or (-math.inf, math.inf)
    outside = [value for value in values if not low <= value <= high]
    if outside:
        raise MediaError(
            RejectReason.BAD_LINE, f"a sentiment is {outside[0]:g}, outside of {low:g} to {high:g}"
        )
    return (fmean(values),)


USUAL_LABELS = "emotions"
LABEL_SETS: Mapping[str, LabelSet] = {
    USUAL_LABELS: LabelSet(LabelSpace(MOSEI_EMOTIONS), ANSWER_COLUMNS, emotions_of),
    "sentiment": LabelSet(SENTIMENT, (SENTIMENT_COLUMN,), sentiment_of),
}
"""By the names that users give them."""


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError as error:
        raise MediaError(RejectReason.BAD_LINE, f"an answer is no number: {error}") from error


def _add_answers(
    path: Path, columns: Sequence[str], answers: defaultdict[str, list[Answers]]
) -> None:
    wanted = (VIDEO_COLUMN, CLIP_COLUMN, *columns)
    table = read_csv_table(path, [column.lower() for column in wanted], errors="replace")
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise CorpusError(
            f"'{path}' has no column {', '.join(missing)}; its columns are "
            f"{', '.join(table.columns)}"
        )
    for row in table.lines.values():
        video = row[VIDEO_COLUMN].rsplit("/", maxsplit=1)[-1]
        cells = tuple(row[column] for column in columns)
        answers[f"{video}_{row[CLIP_COLUMN]}"].append(cells)
