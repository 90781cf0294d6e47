"""The command that predicts the emotions of video files."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from corpora.preparation.known import know_corpus
from corpora.source.errors import CorpusError
from corpora.source.utterance import Modality
from orchestrator.commands.options import (
    fixed_seeds_option,
    gathered,
    place_options,
    sound_track_option,
)
from orchestrator.commands.preparing.handcrafted import by_modality, encoder_option
from orchestrator.kept_models.choose import ChosenTrial, best_trial, trial_by_key
from orchestrator.plan.place import Place
from orchestrator.plan.plan import default_scale, make_plan
from orchestrator.terminal import console, errors
from reports.ledger.ledger import Ledger
from reports.ledger.record import Result
from reports.prediction.prediction import csv_header, csv_row, to_json
from reports.prediction.view import NOTE, prediction_view, trial_view
from search_spaces.catalogue import find_study, load_studies

if TYPE_CHECKING:
    import torch

    from orchestrator.kept_models.clips.predictor import Predictor
    from orchestrator.kept_models.clips.spoken import SpokenClip

    Load = Callable[[Sequence[SpokenClip]], Predictor]

EXIT_UNREADABLE_CLIPS = 1

MAX_OTHERS = 10
"""The most files that are named though they are no videos."""


@dataclass(frozen=True)
class Choice:
    """Which finished trial predicts: the trial `key`, or the best trial of the study `best`.

    Exactly one of the two is given. `seeds` is the number of seeds that the study was run with.
    """

    key: str | None
    best: str | None
    seeds: int | None

    def __post_init__(self) -> None:
        """Make sure that exactly one of the two is given.

        Raises:
            UsageError: If both or none are given.
        """
        if (self.key is None) == (self.best is None):
            raise click.UsageError("name the trial with either '--trial KEY' or '--best STUDY'")


@dataclass(frozen=True)
class Said:
    """What is said in a clip: a text or a file of subtitles, and the sound track to hear."""

    text: str | None
    subtitles: Path | None
    sound_track: int | None

    def __post_init__(self) -> None:
        """Make sure that at most one of the two is given.

        Raises:
            UsageError: If both are given.
        """
        if self.text is not None and self.subtitles is not None:
            raise click.UsageError("'--text' and '--subtitles' say the same thing; choose one")


@dataclass(frozen=True)
class Origins:
    """Where the word vectors and the encoders are that the trial's features were made with."""

    words: str | None
    encoders: Mapping[Modality, str]


@dataclass(frozen=True)
class Form:
    """How to write predictions: as JSON, or the CSV of a folder into the file `output`."""

    as_json: bool
    output: Path | None


def _origins(words: str | None, places: Sequence[str]) -> Origins:
    return Origins(words, by_modality(places, "--encoder"))


choice_options = gathered(
    "choice",
    Choice,
    click.option(
        "--trial",
        "key",
        metavar="KEY",
        help="A finished trial by its key, or the first 6 digits of it.",
    ),
    click.option(
        "--best",
        metavar="STUDY",
        help="The finished trial of a study (name or Python file) with the best validation F1.",
    ),
    fixed_seeds_option,
)
said_options = gathered(
    "said",
    Said,
    click.option("--text", help="What is said in the clip."),
    click.option(
        "--subtitles",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="What is said, as .srt or .vtt.  [default: CLIP with that suffix, if there is one]",
    ),
    sound_track_option,
)
origin_options = gathered(
    "origins",
    _origins,
    click.option(
        "--words",
        metavar="glove:FILE|encoder:NAME|random",
        help="Word vectors, if the trial reads hand-crafted features that were made with them.",
    ),
    encoder_option,
)
form_options = gathered(
    "form",
    Form,
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."),
    click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the CSV of a folder to this file.  [default: print it]",
    ),
)


@click.command("predict")
@click.argument("clip", type=click.Path(exists=True, path_type=Path))
@choice_options
@place_options
@said_options
@origin_options
@click.option(
    "--device", type=click.Choice(("cpu", "cuda")), help="[default: the GPU if there is one]"
)
@form_options
def predict(
    clip: Path,
    choice: Choice,
    place: Place,
    said: Said,
    origins: Origins,
    device: str | None,
    form: Form,
) -> None:
    """Predict the emotions of a CLIP.

    CLIP is a video file, which counts as one utterance, or a folder of video files. For a model
    without vision it may be a file of sound, for a model of text alone a .txt file. Name the trial
    with --trial, or name its study with --best and the --corpus, --seeds and --scale that it ran
    with. For a folder, the output is a CSV, and the subtitles of each file lie beside the file.
    """
    _check_together(clip, said, form)
    ledger = Ledger(place.storage)
    if choice.key is not None:
        chosen = trial_by_key(ledger, choice.key)
    else:
        chosen = _best(str(choice.best), choice.seeds, place, ledger)
    load = partial(_load, chosen, ledger, origins, device)
    if clip.is_dir():
        _predict_folder(clip, chosen, load, said.sound_track, form.output)
    else:
        _predict_file(clip, chosen, load, said, as_json=form.as_json)


def _check_together(clip: Path, said: Said, form: Form) -> None:
    """Refuse options that do not work for a folder, or for a file.

    Raises:
        click.UsageError: If the user gave such an option.
    """
    if clip.is_dir() and (said.text is not None or said.subtitles is not None or form.as_json):
        raise click.UsageError(
            f"'{clip}' is a folder; '--text', '--subtitles' and '--json' work only for a file. "
            "Put subtitles beside each file; the output is CSV"
        )
    if form.output is not None and not clip.is_dir():
        raise click.UsageError(f"'--output' works only for a folder, and '{clip}' is a file")


def _best(study: str, num_seeds: int | None, place: Place, ledger: Ledger) -> ChosenTrial:
    studies = load_studies(Path(study)) if study.endswith(".py") else [find_study(study)]
    known = know_corpus(place.corpus, ledger.storage)
    scale = place.scale or default_scale(known)
    return best_trial([make_plan(each, known, scale, num_seeds, ledger) for each in studies])


def _predict_file(
    clip: Path,
    chosen: ChosenTrial,
    load: "Load",
    said: Said,
    *,
    as_json: bool,
) -> None:
    from orchestrator.kept_models.clips.spoken import spoken_clip  # loads PyTorch

    spoken = spoken_clip(clip, text=said.text, subtitles=said.subtitles)
    spoken = replace(spoken, sound_track=said.sound_track)
    with errors.status("reading the clip and predicting"):
        prediction = load([spoken]).predict(spoken)
    if as_json:
        content = to_json(prediction, chosen.record, chosen.rows)
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        console.print(prediction_view(prediction, chosen.record, chosen.rows))


def _predict_folder(
    folder: Path,
    chosen: ChosenTrial,
    load: "Load",
    sound_track: int | None,
    output: Path | None,
) -> None:
    """Write a line for each clip; report those that cannot be read, and continue."""
    from orchestrator.kept_models.clips.spoken import clips_in, spoken_clip  # loads PyTorch

    faults: list[CorpusError] = []
    clips = []
    found, others = clips_in(folder, chosen.record.trial.config.model.modalities)
    if others:
        names = ", ".join(path.name for path in others[:MAX_OTHERS])
        more = f" and {len(others) - MAX_OTHERS} more" if len(others) > MAX_OTHERS else ""
        errors.print(f"note: not taken for clips: {names}{more}", style=NOTE, markup=False)
    for path in found:
        try:
            clips.append(replace(spoken_clip(path), sound_track=sound_track))
        except CorpusError as error:
            faults.append(error)
    errors.print(trial_view(chosen.record, chosen.rows))
    predictor = load(clips)
    with _opened(output) as file:
        faults += _write_lines(predictor, clips, chosen.record.result, file)
    for fault in faults:
        errors.print(f"error: {fault}", style="red")
    if faults:
        sys.exit(EXIT_UNREADABLE_CLIPS)


def _write_lines(
    predictor: "Predictor", clips: Sequence["SpokenClip"], result: Result, file: TextIO
) -> list[CorpusError]:
    """Write each line as soon as it is known, then each note once, with the clips it concerns.

    Returns:
        The faults of the clips that have no line.
    """
    faults = []
    notes: dict[str, list[str]] = {}
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(csv_header(result, predictor.weighed))
    for clip in clips:
        try:
            prediction = predictor.predict(clip)
        except CorpusError as error:
            faults.append(error)
            continue
        writer.writerow(csv_row(prediction))
        file.flush()
        for note in prediction.notes:
            notes.setdefault(note, []).append(prediction.clip)
    for note, names in notes.items():
        errors.print(f"note: {', '.join(names)}: {note}", style=NOTE)
    return faults


def _load(
    chosen: ChosenTrial,
    ledger: Ledger,
    origins: Origins,
    device: str | None,
    clips: Sequence["SpokenClip"],
) -> "Predictor":
    from orchestrator.kept_models.clips.load_predictor import load_predictor

    return load_predictor(
        chosen.record,
        ledger,
        device=_device(device),
        words=origins.words,
        encoders=origins.encoders,
        texts=[clip.text for clip in clips],
    )


def _device(name: str | None) -> "torch.device":
    import torch

    from corpora.device import default_device

    device = torch.device("cpu") if name == "cpu" else default_device()
    if name == "cuda" and device.type != name:
        raise click.BadParameter("PyTorch finds no GPU here; choose cpu", param_hint="'--device'")
    return device


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Open the file for the CSV, or use standard output."""
    if output is None:
        yield sys.stdout
        return
    with output.open("w", newline="", encoding="utf-8") as file:
        yield file
