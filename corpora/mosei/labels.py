"""Emotions of CMU-MOSEI: what annotators answered on Mechanical Turk."""

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from corpora.readers.csv_table import read_csv_table
from corpora.readers.release_files import visible_files
from corpora.source.errors import CorpusError, MediaError
from corpora.source.rejects import RejectReason

MOSEI_EMOTIONS = ("anger", "disgust", "fear", "happy", "sad", "surprise")
VIDEO_COLUMN, CLIP_COLUMN = "Input.VIDEO_ID", "Input.CLIP"
ANSWER_COLUMNS = tuple(
    f"Answer.{word}" for word in ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
)
"""One for each emotion, in their order."""

Answers = tuple[str, ...]


def read_answers(folder: Path) -> dict[str, list[Answers]]:
    """Read all CSVs of a folder; they may have other columns too.

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
            _add_answers(path, answers)
        except CorpusError as error:
            faults.append(str(error))
    if faults:
        raise CorpusError("; ".join(faults))
    return dict(answers)


def labels_of(answers: Sequence[Answers]) -> tuple[int, ...]:
    """Give an utterance every emotion that any annotator saw, however weak.

    Raises:
        MediaError: If an answer is not a number; an empty answer counts as 0.
    """
    try:
        rows = [[float(cell or 0) for cell in row] for row in answers]
    except ValueError as error:
        raise MediaError(RejectReason.BAD_LINE, f"an answer is no number: {error}") from error
    totals = [sum(column) for column in zip(*rows, strict=True)]
    if not all(map(math.isfinite, totals)):
        raise MediaError(RejectReason.BAD_LINE, f"its answers sum up to {totals}")
    return tuple(int(total > 0) for total in totals)


def _add_answers(path: Path, answers: defaultdict[str, list[Answers]]) -> None:
    wanted = (VIDEO_COLUMN, CLIP_COLUMN, *ANSWER_COLUMNS)
    table = read_csv_table(path, [column.lower() for column in wanted], errors="replace")
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise CorpusError(
            f"'{path}' has no column {', '.join(missing)}; its columns are "
            f"{', '.join(table.columns)}"
        )
    for row in table.lines.values():
        video = row[VIDEO_COLUMN].rsplit("/", maxsplit=1)[-1]
        cells = tuple(row[column] for column in ANSWER_COLUMNS)
        answers[f"{video}_{row[CLIP_COLUMN]}"].append(cells)
