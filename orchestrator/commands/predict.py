"""The command that predicts."""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from corpora.preparation.known import know_corpus
from corpora.source.errors import CorpusError
from orchestrator.commands.options import console, errors, fixed_seeds_option, place_options
from orchestrator.kept_models.choose import ChosenTrial, best_trial, trial_by_key
from orchestrator.plan.plan import default_scale, make_plan
from reports.ledger.ledger import Ledger
from reports.prediction.prediction import csv_header, csv_row, to_json
from reports.prediction.view import NOTE, prediction_view, trial_view
from search_spaces.catalogue import find_study, load_studies
from search_spaces.terms import Scale

if TYPE_CHECKING:
    import torch

    from orchestrator.kept_models.predict import Predictor, SpokenClip

    Load = Callable[[Sequence[SpokenClip]], Predictor]

EXIT_UNREADABLE_CLIPS = 1


@click.command("predict")
@click.argument("clip", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--trial",
    "key",
    metavar="KEY",
    help="A finished trial by its key, or the first 6 digits of it.",
)
@click.option(
    "--best",
    metavar="STUDY",
    help="The finished trial of a study (name or Python file) with the best validation F1.",
)
@click.option("--text", help="What is said in the clip.")
@click.option(
    "--subtitles",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What is said, as .srt or .vtt.  [default: CLIP with that suffix, if there is one]",
)
@click.option(
    "--words",
    metavar="glove:FILE|encoder:NAME|random",
    help="Word vectors, where the trial reads hand-crafted features made with them.",
)
@click.option(
    "--device", type=click.Choice(("cpu", "cuda")), help="[default: the GPU if there is one]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Of a folder: file of the CSV.  [default: print it]",
)
@fixed_seeds_option
@place_options
def predict(
    clip: Path,
    key: str | None,
    best: str | None,
    text: str | None,
    subtitles: Path | None,
    words: str | None,
    corpus: str,
    seeds: int | None,
    scale: Scale | None,
    device: str | None,
    as_json: bool,
    output: Path | None,
    storage: Path,
) -> None:
    """Predict the emotions of CLIP, a video file or a folder of them.

    A file is one utterance. The trial is named by --trial, or by --best with the plan's options
    --corpus, --seeds and --scale. Of a folder a CSV comes, each
    file with the subtitles beside it.
    """
    _check_together(clip, key, best, text, subtitles, as_json, output)
    ledger = Ledger(storage)
    if key is not None:
        chosen = trial_by_key(ledger, key)
    else:
        chosen = _best(str(best), corpus, seeds, scale, ledger)
    load = partial(_load, chosen, ledger, words, device)
    if clip.is_dir():
        _predict_folder(clip, chosen, load, output)
    else:
        _predict_file(clip, chosen, load, text, subtitles, as_json)


def _check_together(
    clip: Path,
    key: str | None,
    best: str | None,
    text: str | None,
    subtitles: Path | None,
    as_json: bool,
    output: Path | None,
) -> None:
    """Refuse options that do not go together.

    Raises:
        click.UsageError: If there are some.
    """
    if (key is None) == (best is None):
        raise click.UsageError("name the trial with either '--trial KEY' or '--best STUDY'")
    if text is not None and subtitles is not None:
        raise click.UsageError("'--text' and '--subtitles' say the same thing; choose one")
    if clip.is_dir() and (text is not None or subtitles is not None or as_json):
        raise click.UsageError(
            f"'{clip}' is a folder, which has no '--text', '--subtitles' or '--json': subtitles "
            "lie beside each file, and CSV comes out"
        )
    if output is not None and not clip.is_dir():
        raise click.UsageError(f"'--output' is for a folder, and '{clip}' is a file")


def _best(
    study: str, corpus: str, num_seeds: int | None, scale: Scale | None, ledger: Ledger
) -> ChosenTrial:
    studies = load_studies(Path(study)) if study.endswith(".py") else [find_study(study)]
    known = know_corpus(corpus, ledger.storage)
    return best_trial(
        [
            make_plan(each, known, scale or default_scale(known), num_seeds, ledger)
            for each in studies
        ]
    )


def _predict_file(
    clip: Path,
    chosen: ChosenTrial,
    load: "Load",
    text: str | None,
    subtitles: Path | None,
    as_json: bool,
) -> None:
    from orchestrator.kept_models.predict import spoken_clip  # loads PyTorch

    spoken = spoken_clip(clip, text=text, subtitles=subtitles)
    with errors.status("looking and listening"):
        prediction = load([spoken]).predict(spoken)
    if as_json:
        content = to_json(prediction, chosen.record, chosen.rows)
        click.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        console.print(prediction_view(prediction, chosen.record, chosen.rows))


def _predict_folder(folder: Path, chosen: ChosenTrial, load: "Load", output: Path | None) -> None:
    """Write a line for each video; those that cannot be read are told, and the rest goes on."""
    from orchestrator.kept_models.predict import spoken_clip, videos_in  # loads PyTorch

    faults: list[CorpusError] = []
    clips = []
    for path in videos_in(folder):
        try:
            clips.append(spoken_clip(path))
        except CorpusError as error:
            faults.append(error)
    errors.print(trial_view(chosen.record, chosen.rows))
    predictor = load(clips)
    with _opened(output) as file:
        faults += _write_lines(predictor, clips, chosen.record.result.emotions, file)
    for fault in faults:
        errors.print(f"error: {fault}", style="red")
    if faults:
        sys.exit(EXIT_UNREADABLE_CLIPS)


def _write_lines(
    predictor: "Predictor", clips: Sequence["SpokenClip"], emotions: Sequence[str], file: TextIO
) -> list[CorpusError]:
    """Write a line as soon as it is known, and notes of each kind once, with their clips.

    Returns:
        What was wrong with the clips that have no line.
    """
    faults = []
    notes: dict[str, list[str]] = {}
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(csv_header(emotions, predictor.weighed))
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
    words: str | None,
    device: str | None,
    clips: Sequence["SpokenClip"],
) -> "Predictor":
    from orchestrator.kept_models.predict import load_predictor

    return load_predictor(
        chosen.record,
        ledger,
        device=_device(device),
        words=words,
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
    """Open the file of the CSV, or take what is printed."""
    if output is None:
        yield sys.stdout
        return
    with output.open("w", newline="", encoding="utf-8") as file:
        yield file
