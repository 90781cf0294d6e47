"""Predicts clip after clip: those that fail are told, the others go on."""

import csv
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from corpora.source.errors import CorpusError
from models.configs.base import Modality
from orchestrator.kept_models.clips.predictor import Predictor
from orchestrator.kept_models.clips.spoken import SpokenClip, clips_in, spoken_clip, told_name
from orchestrator.kept_models.clips.views import Views, predict_and_show
from reports.ledger.files import write_atomically
from reports.prediction.content import summary
from reports.prediction.index import Entry, to_index
from reports.prediction.prediction import csv_header, csv_row
from search_spaces.study import RowRef

INDEX = "index.html"


@dataclass(frozen=True)
class OpenedFolder:
    """The clips of a folder with what is said in them, those that fail already, and other files."""

    clips: tuple[SpokenClip, ...]
    faults: tuple[Entry, ...]
    others: tuple[Path, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of the clips: an entry each, and each note with the clips that it concerns."""

    entries: list[Entry] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)


def open_folder(
    folder: Path, modalities: Collection[Modality], sound_track: int | None
) -> OpenedFolder:
    """Find the clips of a folder that a model of some modalities reads, and their subtitles.

    Raises:
        CorpusError: If there is no clip.
    """
    found, others = clips_in(folder, modalities)
    clips: list[SpokenClip] = []
    faults: list[Entry] = []
    for path in found:
        try:
            clips.append(replace(spoken_clip(path), sound_track=sound_track))
        except CorpusError as error:
            faults.append(Entry(told_name(path), fault=str(error)))
    return OpenedFolder(tuple(clips), tuple(faults), tuple(others))


def predict_each(
    predictor: Predictor,
    clips: Iterable[SpokenClip],
    rows: Sequence[RowRef],
    views: Views,
    file: TextIO,
) -> Outcome:
    """Write a line of CSV for each clip as soon as it is known, and its page and picture."""
    outcome = Outcome()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(csv_header(predictor.trained.record.result, predictor.weighed))
    for clip in clips:
        name = clip.path.name
        try:
            prediction = predict_and_show(predictor, clip, rows, views.of(clip))
        except CorpusError as error:
            outcome.entries.append(Entry(name, fault=str(error)))
            continue
        writer.writerow(csv_row(prediction))
        file.flush()
        outcome.entries.append(Entry(name, prediction.seconds, summary(prediction)))
        for note in prediction.notes:
            outcome.notes.setdefault(note, []).append(name)
    return outcome


def write_indices(entries: Sequence[Entry], views: Views, *, title: str, about: str) -> list[Path]:
    """Write a page that leads to the pages and the pictures of each folder; name these pages."""
    folders = [folder for folder in dict.fromkeys((views.page, views.picture)) if folder]
    entries = sorted(entries, key=lambda entry: entry.clip)
    for folder in folders:
        page = to_index(
            entries,
            title=title,
            about=about,
            has_pages=folder == views.page,
            has_pictures=folder == views.picture,
        )
        write_atomically(folder / INDEX, page.encode())
    return [folder / INDEX for folder in folders]


@contextmanager
def counted(clips: Sequence[SpokenClip], console: Console) -> Iterator[Iterable[SpokenClip]]:
    """Show on a terminal how many clips are done; elsewhere, show nothing.

    What is printed meanwhile appears above the bar.
    """
    if not console.is_terminal:
        yield clips
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(
        TextColumn("{task.description}"),
        *columns,
        console=console,
        transient=True,
        redirect_stdout=_is_terminal_too(),
    )
    with bar:
        yield bar.track(clips, description="predicting")


def _is_terminal_too() -> bool:
    """Tell whether standard output goes to a terminal: lines to a file must not go to the bar's."""
    return sys.stdout.isatty()
