"""The view of a prediction: a bar for each emotion and each modality, and notes."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports.ledger.record import Record
from reports.prediction.prediction import (
    EmotionDecision,
    ModalityWeights,
    Prediction,
    WeightKind,
    valid_header,
    valid_score,
)
from search_spaces.study import RowRef

BAR_CELLS = 30
MAX_TEXT = 200
FULL, EMPTY, MARK = "█", "░", "│"
PRESENT, QUIET, NOTE = "green", "dim", "yellow"

WEIGHTS: dict[WeightKind, str] = {
    "attention": "weight of each modality's decision in this clip; together 1",
    "sum": "weight of each modality's decision, learnt, the same for every clip",
    "gates": "how far each modality's gate is open in this clip, 0 to 1, mean over features",
}


def prediction_view(
    prediction: Prediction, record: Record, rows: Sequence[RowRef]
) -> RenderableType:
    """Show what a model predicts for one clip.

    Args:
        prediction: The prediction to show.
        record: The record of the trial that predicts.
        rows: The rows that the trial belongs to.
    """
    return Group(
        trial_view(record, rows),
        Text(f"{prediction.clip}, {prediction.seconds:.1f} s, {_faces(prediction)}"),
        *_said(prediction),
        Text(),
        _numbers(prediction.numbers) if prediction.numbers else _decisions(prediction.decisions),
        *_weights(prediction.weights),
        *(Text(f"\nnote: {note}", style=NOTE) for note in prediction.notes),
    )


def trial_view(record: Record, rows: Sequence[RowRef]) -> Text:
    """Say which trial predicts: its key, rows and seed, and the corpus that it was trained on."""
    trial = record.trial
    title = f"{trial_line(record, rows)}\n"
    trained = (
        f"system '{trial.config.model.system}', recipe '{trial.corpus.recipe}', trained on corpus "
        f"'{trial.corpus.name}', validation {valid_header(record)} {valid_score(record):.3f}"
    )
    return Text.assemble((title, "bold"), trained)


def trial_line(record: Record, rows: Sequence[RowRef]) -> str:
    """Name the trial that predicts: its key, rows and seed."""
    return f"trial {record.key}: {' = '.join(map(str, rows))}, seed {record.trial.seed_text}"


def _faces(prediction: Prediction) -> str:
    if not prediction.num_frames:
        return "no picture"
    frames = "frame" if prediction.num_frames == 1 else "frames"
    return f"{prediction.num_frames} {frames}, {prediction.num_faces} of them with a face"


def _said(prediction: Prediction) -> Iterator[Text]:
    if prediction.text_from is not None:
        text = prediction.text
        shown = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."
        yield Text(f'text ({prediction.text_from}): "{shown}"')


def _decisions(decisions: Sequence[EmotionDecision]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("emotion")
    table.add_column("")
    for header in ("probability", "threshold"):
        table.add_column(header, justify="right")
    table.add_column("decision")
    for decision in decisions:
        style = PRESENT if decision.present else ""
        table.add_row(
            Text(decision.emotion, style),
            _bar(decision.probability, style, mark=decision.threshold),
            Text(f"{decision.probability:.3f}", style),
            "" if decision.threshold is None else f"{decision.threshold:.2f}",
            Text("present" if decision.present else "absent", style or QUIET),
        )
    return table


def _numbers(numbers: Mapping[str, float]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("target")
    table.add_column("prediction", justify="right")
    for target, number in numbers.items():
        table.add_row(Text(target), f"{number:.3f}")
    return table


def _weights(weights: ModalityWeights | None) -> Iterator[RenderableType]:
    """Draw shares unchanged, but learnt coefficients, of any size and sign, against the largest."""
    if weights is None:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    whole = max([1.0, *map(abs, weights.values.values())])
    for modality, value in weights.values.items():
        table.add_row(modality, _bar(abs(value) / whole, ""), f"{value:6.3f}")
    yield Text(f"\n{WEIGHTS[weights.kind]}:")
    yield table


def _bar(share: float, style: str, *, mark: float | None = None) -> Text:
    """Draw a share of 1 as a bar, with a mark at another share."""
    num_full = round(share * BAR_CELLS)
    bar = Text(FULL * num_full, style) + Text(EMPTY * (BAR_CELLS - num_full), QUIET)
    if mark is None:
        return bar
    place = min(round(mark * BAR_CELLS), BAR_CELLS - 1)
    return bar[:place] + Text(MARK, "bold") + bar[place + 1 :]
