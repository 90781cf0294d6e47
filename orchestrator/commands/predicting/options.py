"""The options of `predict`, each group as one argument."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from corpora.source.utterance import Modality
from orchestrator.commands.options import (
    fixed_seeds_option,
    gathered,
    json_option,
    sound_track_option,
)
from orchestrator.commands.preparing.handcrafted import by_modality, encoder_option

SUFFIXES = {"page": ".html", "picture": ".png"}


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
    """How to write predictions.

    Attributes:
        as_json: Print the prediction of a file as JSON.
        output: Write the CSV of a folder into this file.
        page: Write an HTML page: a file for a file, a folder for a folder.
        picture: Write a picture, likewise.
    """

    as_json: bool
    output: Path | None
    page: Path | None
    picture: Path | None

    @property
    def views(self) -> dict[str, Path]:
        """The page and the picture that are wanted, by the name of the option."""
        given = {"page": self.page, "picture": self.picture}
        return {name: path for name, path in given.items() if path is not None}


def check_for_folder(folder: Path, said: Said, form: Form) -> None:
    """Refuse options that do not work for a folder of clips.

    Raises:
        UsageError: If the user gave such an option.
    """
    if said.text is not None or said.subtitles is not None or form.as_json:
        raise click.UsageError(
            f"'{folder}' is a folder; '--text', '--subtitles' and '--json' work only for a file. "
            "Put subtitles beside each file; the output is CSV"
        )
    for name, path in form.views.items():
        if path.exists() and not path.is_dir():
            raise click.UsageError(
                f"'{folder}' is a folder, so '--{name}' names a folder too, and '{path}' is a "
                "file; choose another name"
            )
    _check_places(form)


def check_for_file(clip: Path, form: Form) -> None:
    """Refuse options that do not work for one clip.

    Raises:
        UsageError: If the user gave such an option.
    """
    if form.output is not None:
        raise click.UsageError(f"'--output' works only for a folder, and '{clip}' is a file")
    for name, path in form.views.items():
        if path.is_dir() or path.suffix.lower() != SUFFIXES[name]:
            raise click.UsageError(
                f"'{clip}' is a file, so '--{name}' names a file that ends in {SUFFIXES[name]}, "
                f"and '{path}' is none"
            )
    _check_places(form)


def _check_places(form: Form) -> None:
    """Refuse, before anything is predicted, to write where this user cannot.

    Raises:
        UsageError: If there is such a place.
    """
    places = form.views if form.output is None else form.views | {"output": form.output}
    for name, path in places.items():
        existing = next(folder for folder in path.absolute().parents if folder.exists())
        if not existing.is_dir():
            why = f"'{existing}' is a file"
        elif not os.access(existing, os.W_OK):
            why = f"you may not write in '{existing}'"
        else:
            continue
        raise click.UsageError(f"'--{name}': '{path}' cannot be written: {why}")


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
    json_option,
    click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the CSV of a folder to this file.  [default: print it]",
    ),
    click.option(
        "--page",
        metavar="FILE.html|DIR",
        type=click.Path(path_type=Path),
        help="Write an HTML page: frames, faces, sound, words, what each modality changes, and "
        "attention. For a folder of clips, a folder of pages.",
    ),
    click.option(
        "--picture",
        metavar="FILE.png|DIR",
        type=click.Path(path_type=Path),
        help="Draw frames with faces, sound, words and probabilities. For a folder of clips, a "
        "folder of pictures.",
    ),
)
