"""The command that predicts the emotions of video files."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from corpora.preparation.known import know_corpus
from orchestrator.commands.options import place_options
from orchestrator.commands.predicting.options import (
    Choice,
    Form,
    Origins,
    Said,
    check_for_file,
    check_for_folder,
    choice_options,
    form_options,
    origin_options,
    said_options,
)
from orchestrator.facts import print_facts
from orchestrator.kept_models.choose import ChosenTrial, best_trial, trial_by_key
from orchestrator.plan.place import Place
from orchestrator.plan.plan import default_scale, make_plan
from orchestrator.terminal import console, errors
from reports.ledger.ledger import Ledger
from reports.prediction.view import NOTE, prediction_view, trial_view
from search_spaces.catalogue import find_study, load_studies

if TYPE_CHECKING:
    import torch

    from orchestrator.kept_models.clips.predictor import Predictor
    from orchestrator.kept_models.clips.spoken import SpokenClip
    from reports.prediction.index import Entry

    Load = Callable[[Sequence[SpokenClip]], Predictor]

EXIT_UNREADABLE_CLIPS = 1

MAX_OTHERS = 10
"""The most files that are named though they are no videos."""


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
    if clip.is_dir():
        check_for_folder(clip, said, form)
    else:
        check_for_file(clip, form)
    ledger = Ledger(place.storage)
    if choice.key is not None:
        chosen = trial_by_key(ledger, choice.key)
    else:
        chosen = _best(str(choice.best), choice.seeds, place, ledger)
    load = partial(_load, chosen, ledger, origins, device)
    if clip.is_dir():
        _predict_folder(clip, chosen, load, said.sound_track, form)
    else:
        _predict_file(clip, chosen, load, said, form)


def _best(study: str, num_seeds: int | None, place: Place, ledger: Ledger) -> ChosenTrial:
    studies = load_studies(Path(study)) if study.endswith(".py") else [find_study(study)]
    known = know_corpus(place.corpus, ledger.storage)
    scale = place.scale or default_scale(known)
    return best_trial([make_plan(each, known, scale, num_seeds, ledger) for each in studies])


def _predict_file(clip: Path, chosen: ChosenTrial, load: "Load", said: Said, form: Form) -> None:
    from orchestrator.kept_models.clips.facts import prediction_facts
    from orchestrator.kept_models.clips.spoken import spoken_clip  # these load PyTorch
    from orchestrator.kept_models.clips.views import Views, predict_and_show

    spoken = spoken_clip(clip, text=said.text, subtitles=said.subtitles)
    spoken = replace(spoken, sound_track=said.sound_track)
    with errors.status("reading the clip and predicting"):
        views = Views(form.page, form.picture)
        prediction = predict_and_show(load([spoken]), spoken, chosen.rows, views)
    if form.as_json:
        print_facts(prediction_facts(prediction, chosen.record, chosen.rows))
    else:
        console.print(prediction_view(prediction, chosen.record, chosen.rows))
    for path in (form.page, form.picture):
        if path is not None:
            errors.print(f"wrote {path}")


def _predict_folder(
    folder: Path, chosen: ChosenTrial, load: "Load", sound_track: int | None, form: Form
) -> None:
    """Write a line for each clip; report those that cannot be read, and continue."""
    from orchestrator.kept_models.clips.folder import (  # it loads PyTorch
        counted,
        open_folder,
        predict_each,
        write_indices,
    )
    from orchestrator.kept_models.clips.views import Views

    opened = open_folder(folder, chosen.record.trial.config.model.modalities, sound_track)
    if opened.others:
        names = ", ".join(path.name for path in opened.others[:MAX_OTHERS])
        num_more = len(opened.others) - MAX_OTHERS
        more = f" and {num_more} more" if num_more > 0 else ""
        errors.print(f"note: not taken for clips: {names}{more}", style=NOTE)
    errors.print(trial_view(chosen.record, chosen.rows))
    views = Views(form.page, form.picture)
    predictor = load(opened.clips)
    with counted(opened.clips, errors) as clips, _opened(form.output) as file:
        outcome = predict_each(predictor, clips, chosen.rows, views, file)
    for note, names_of_clips in outcome.notes.items():
        errors.print(f"note: {', '.join(names_of_clips)}: {note}", style=NOTE)
    entries = (*opened.faults, *outcome.entries)
    about = str(trial_view(chosen.record, chosen.rows))
    for path in write_indices(
        entries, views, title=f"Predictions for {folder.resolve().name}", about=about
    ):
        errors.print(f"wrote {path}")
    _tell_faults(entries)


def _tell_faults(entries: Sequence["Entry"]) -> None:
    """Tell which clips have no prediction, and end with an exit code if there are any."""
    faults = [entry.fault for entry in entries if entry.fault]
    for fault in faults:
        errors.print(f"error: {fault}", style="red")
    if faults:
        errors.print(f"{len(faults)} of {len(entries)} clips have no prediction", style="red")
        sys.exit(EXIT_UNREADABLE_CLIPS)


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
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", newline="", encoding="utf-8") as file:
        yield file
