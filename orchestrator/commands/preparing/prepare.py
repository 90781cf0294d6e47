"""The commands that prepare corpora."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import click

from corpora.errors import UserError, did_you_mean
from corpora.feature_files.read import FeatureChoices, read_features
from corpora.features.sources import NO_FEATURE_SOURCES, FeatureSources
from corpora.preparation.known import SYNTHETIC_RECIPES
from corpora.readers.clip_folder import read_clips
from corpora.readers.sound_track import on_sound_track
from corpora.recipes.handcrafted import HANDCRAFTED, PublishedFeatures
from corpora.recipes.pictures import ALL_RECIPES, LE, RECIPES, Compat, FaceChoice, Recipe
from corpora.source.errors import CorpusError
from corpora.source.label_space import Range
from corpora.source.names import SYNTHETIC_NAMES
from corpora.source.task import TaskKind
from corpora.source.utterance import Source
from orchestrator.commands.options import (
    Option,
    add_options,
    gathered,
    sound_track_option,
    storage_option,
)
from orchestrator.commands.preparing.handcrafted import (
    HandcraftedOptions,
    features_beside,
    handcrafted_options,
)
from orchestrator.commands.preparing.releases import (
    PLACE,
    RELEASES,
    Reading,
    Release,
    splits_option,
)
from orchestrator.corpus.folds import NO_FOLDS, choose_folds, store_folds
from orchestrator.corpus.setup import ensure_corpus, prepare_source
from orchestrator.corpus.view import print_manifests
from orchestrator.errors import StorageError
from orchestrator.storage.folder import DEFAULT_STORAGE, locate_storage, open_storage
from orchestrator.storage.mirror import mirror_at, place_of
from orchestrator.terminal import console
from search_spaces.catalogue import STUDIES

MAX_NAME_BYTES = 200
"""File systems allow 255; parts of a corpus are collected in a folder of a longer name."""

recipe_option = click.option(
    "--recipe",
    "recipe_names",
    type=click.Choice((*ALL_RECIPES, HANDCRAFTED)),
    multiple=True,
    help="A recipe to prepare by. Give it several times for several: one pass makes all.  "
    f"[default: {', '.join(RECIPES)}; also {HANDCRAFTED} if its files are in the source]",
)
compat_option = click.option(
    "--compat",
    "compat_names",
    type=click.Choice(tuple(Compat.model_fields)),
    multiple=True,
    help="A mistake of Dai et al.'s code to repeat; may be given several times.  [default: none]",
)
which_face_option = click.option(
    "--which-face",
    "face_choice",
    type=click.Choice(get_args(FaceChoice)),
    default="largest",
    show_default=True,
    help="The face to take where a frame shows several: the largest, the one nearest to the "
    "middle, or the one that goes on from frame to frame.",
)
address_option = click.option(
    "--address",
    "prepares_on",  # unlike that of sweeps, it is no default of a project: the source must be there
    help="A Ray cluster that prepares, such as auto. All its machines must see the source and the "
    "storage folder at the same paths.  [default: only this machine]",
)
folds_option = click.option(
    "--folds",
    metavar="BY[:K]",
    help="Deal all utterances into folds, each the test split once: speakers (a fold each), "
    "speakers:5 (dealt into five), sessions (of IEMOCAP), dialogues:5, or 5. none takes the folds "
    "away.  [default: the folds that the corpus has]",
)


def source_option(help_text: str) -> Option:
    """Make the option that names the raw data."""
    return click.option("--source", type=PLACE, required=True, help=help_text)


@dataclass(frozen=True)
class Wanted:
    """How to prepare a corpus: by which recipes, under which name, on which cluster.

    `name` is None for the corpus's default name. `recipes` are the names that the user gave, empty
    for the default recipes. `face_choice` says which of several faces to take, `compat` which
    mistakes of Dai et al.'s code to repeat. `folds` is a rule by which folds are dealt, if any.
    """

    name: str | None
    recipes: Sequence[str]
    face_choice: FaceChoice
    compat: Compat
    address: str | None
    folds: str | None


def _wanted(
    name: str | None,
    recipe_names: Sequence[str],
    face_choice: FaceChoice,
    compat_names: Sequence[str],
    prepares_on: str | None,
    folds: str | None,
) -> Wanted:
    compat = Compat(**dict.fromkeys(compat_names, True))
    return Wanted(name, recipe_names, face_choice, compat, prepares_on, folds)


def name_option(default_name: str) -> Option:
    """Make the option that names the corpus."""
    return click.option("--name", help=f"Name of the corpus.  [default: {default_name}]")


def wanted_options(default_name: str) -> Option:
    """Make the options that say how to prepare a corpus."""
    return gathered(
        "wanted",
        _wanted,
        name_option(default_name),
        recipe_option,
        which_face_option,
        compat_option,
        address_option,
        folds_option,
    )


class PreparationGroup(click.Group):
    """The corpora that can be prepared."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; the error about an unknown one lists the choices."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise UserError(
                f"'{args[0]}' is not a command of {ctx.command_path}; "
                f"{did_you_mean(args[0], self.commands)}choose from {', '.join(self.commands)}"
            )
        return super().resolve_command(ctx, args)


@click.group(cls=PreparationGroup)
def prepare() -> None:
    """Prepare a corpus: decode, find faces, make spectrograms, once."""


@dataclass(frozen=True)
class ClipTable:
    """What the user says about a CSV of utterances; None where it shows by itself."""

    csv_file: Path | None
    ignore: Sequence[str]
    task: TaskKind | None
    label_range: Range | None

    def read(self, folder: Path) -> Source:
        """Read the CSV of a folder."""
        return read_clips(folder, self.csv_file, self.ignore, self.task, self.label_range)

    def choices(self, splits: Path | None, *, fills: bool) -> FeatureChoices:
        """Say the same of features from files."""
        return FeatureChoices(
            self.csv_file, splits, self.ignore, self.task, self.label_range, fills=fills
        )


def table_options(default_csv: str) -> Option:
    """Make the options about a CSV of utterances."""
    return gathered(
        "table",
        ClipTable,
        click.option("--csv", "csv_file", type=PLACE, help=f"The CSV.  [default: {default_csv}]"),
        click.option(
            "--ignore",
            metavar="COLUMN",
            multiple=True,
            help="A column of the CSV to leave out; may be given several times.",
        ),
        click.option(
            "--task",
            type=click.Choice(get_args(TaskKind)),
            help="What the labels are: emotions in any combination, one class, or numbers.  "
            "[default: as the cells show; names in a column 'emotion' are multilabel]",
        ),
        click.option(
            "--range",
            "label_range",
            type=(float, float),
            metavar="LOW HIGH",
            help="The lowest and the highest number that a label can have, such as -3 3.",
        ),
    )


@prepare.command("clips")
@source_option("Folder of the media files and the CSV.")
@table_options("the only one in the source")
@sound_track_option
@wanted_options("the folder's")
@handcrafted_options
@storage_option
def prepare_clips(
    source: Path,
    table: ClipTable,
    sound_track: int | None,
    wanted: Wanted,
    handcrafted: HandcraftedOptions,
    storage: Path,
) -> None:
    """Prepare a folder of videos or sound files, or a CSV of text.

    The CSV has the columns utterance, file, start, end (seconds), text, split (train, valid, test)
    or speaker, dialogue if there are any, and one column of 0 and 1 for each emotion, one column
    'emotion' or 'class' of names, or columns of numbers. Without end, a clip goes on to the end of
    its file. Without text, subtitles beside the files say it. Without file, there is text alone.
    """
    name = source.resolve().name if wanted.name is None else wanted.name
    check_corpus_name(name)
    found = table.read(source)
    _tell_single_labels(found)
    if sound_track is not None:
        found = on_sound_track(found, sound_track)
    is_wanted = HANDCRAFTED in wanted.recipes
    _check_named(handcrafted, is_wanted=is_wanted)
    _prepare(found, wanted, name, storage, handcrafted if is_wanted else None)


def _check_named(handcrafted: HandcraftedOptions, *, is_wanted: bool) -> None:
    """Make sure that the recipe of features is asked for where the user says how it is made.

    Raises:
        CorpusError: If it is not.
    """
    is_named = bool(handcrafted.encoders.places) or handcrafted.recipe_name != HANDCRAFTED
    if is_named and not is_wanted:
        raise CorpusError(
            f"--encoder and --as are about hand-crafted features: add --recipe {HANDCRAFTED}"
        )


def _tell_single_labels(source: Source) -> None:
    """Say that a corpus could be multiclass, if each of its utterances has just one emotion."""
    if source.task == "multilabel" and all(sum(each.labels) == 1 for each in source.utterances):
        console.print(
            "each utterance has one emotion, and a model decides on every emotion by itself; with "
            "--task multiclass it chooses one of them (softmax)",
            style="yellow",
        )


@prepare.command("features")
@source_option("Folder of arrays or .csd files with labels, or MMSA's .pkl file.")
@table_options("labels.csv in the source")
@splits_option
@click.option(
    "--nan",
    type=click.Choice(("refuse", "zero")),
    default="refuse",
    show_default=True,
    help="What to do with numbers that are NaN or infinite: tell where they are, or take 0.",
)
@name_option("that of the folder or file")
@folds_option
@storage_option
def prepare_features(
    source: Path,
    table: ClipTable,
    splits: Path | None,
    nan: str,
    name: str | None,
    folds: str | None,
    storage: Path,
) -> None:
    """Prepare features that were made elsewhere.

    A folder holds labels.csv, with the columns of `prepare clips` but for the media, and the arrays
    text/ID.npy, audio/ID.npy, vision/ID.npy (.npz and .pt as well): a row for each step in time. A
    modality may be missing. Also read are MMSA's aligned_50.pkl and unaligned_50.pkl, and folders
    of text.csd, audio.csd, vision.csd and labels.csd (or labels.csv).
    """
    own_name = source.resolve()
    name = name or (own_name.stem if source.is_file() else own_name.name)
    check_corpus_name(name)
    with console.status("reading the features"):
        found = read_features(source, table.choices(splits, fills=nan == "zero"))
    if found.num_filled:
        console.print(f"{found.num_filled} numbers are NaN or infinite; 0 stands for them")
    opened = open_storage(storage)
    dealt = choose_folds(found.source, folds, name, opened, console)
    manifests = prepare_source(
        found.source,
        [PublishedFeatures(sha256=found.features.digest)],
        name=name,
        storage=opened,
        console=console,
        feature_sources=FeatureSources(published=found.features),
    )
    store_folds(dealt, manifests, found.source, name, opened)
    print_manifests(manifests, console, dealt)


def labels_option(labels: Sequence[str]) -> Option:
    """Make the option that names what is made of a release's labels."""
    return click.option(
        "--labels",
        type=click.Choice(labels),
        default=labels[0],
        show_default=True,
        help="What is made of the release's labels.",
    )


def release_command(release: Release) -> click.Command:
    """Make the command that prepares a published corpus."""

    def prepare_release(
        source: Path,
        reading: Reading,
        wanted: Wanted,
        handcrafted: HandcraftedOptions,
        storage: Path,
    ) -> None:
        has_folds = wanted.folds not in (None, NO_FOLDS)
        name = wanted.name or _default_name(release, reading, has_folds=has_folds)
        check_corpus_name(name)
        labels = reading.labels or release.labels[0]
        if has_folds and reading.splits is None and reading.leave_out_session is None:
            reading = replace(reading, leave_out_session=release.session_below_folds)
        found = release.read(source, reading, labels, wanted.compat)
        features = reading.features
        if handcrafted.encoders.places and features is not None:
            raise CorpusError(
                "published features (--features) have no encoder: leave out --features or --encoder"
            )
        if not handcrafted.encoders.places:
            features = features or features_beside(source, found.kind)
        is_wanted = HANDCRAFTED in wanted.recipes or (not wanted.recipes and features is not None)
        _check_named(handcrafted, is_wanted=is_wanted)
        sources = replace(handcrafted, features=features) if is_wanted else None
        _prepare(found, wanted, name, storage, sources)

    has_choice = len(release.labels) > 1
    label_options = (labels_option(release.labels),) if has_choice else ()
    options: list[Option] = [
        source_option(release.source),
        gathered("reading", Reading, *release.options, *label_options),
        wanted_options(release.family),
        handcrafted_options,
        storage_option,
    ]
    command = add_options(prepare_release, *options)
    return click.command(release.kind, help=release.title)(command)


for each in RELEASES:
    prepare.add_command(release_command(each))


@prepare.command("synthetic")
@click.option(
    "--recipe",
    "recipe_names",
    type=click.Choice(tuple(SYNTHETIC_RECIPES)),
    multiple=True,
    help="May be given several times.  [default: all but le-wave]",
)
@click.option(
    "--task",
    type=click.Choice(get_args(TaskKind)),
    default="multilabel",
    show_default=True,
    help="What its labels are; synthetic-multiclass and synthetic-regression are corpora beside "
    "synthetic.",
)
@storage_option
def prepare_synthetic(recipe_names: Sequence[str], task: TaskKind, storage: Path) -> None:
    """Make a synthetic corpus; studies also make it when they need it."""
    recipes = recipe_names or (*RECIPES, HANDCRAFTED)
    (name,) = (name for name, of_form in SYNTHETIC_NAMES.items() if of_form == task)
    manifests = ensure_corpus(name, open_storage(storage), console, *recipes)
    print_manifests(manifests, console)


def check_corpus_name(name: str) -> None:
    """Make sure that a corpus's name is printable, works as a folder's name, and is not taken.

    Raises:
        CorpusError: If the name cannot be used.
    """
    taken = name in (*SYNTHETIC_NAMES, *STUDIES)
    is_short = len(os.fsencode(name)) <= MAX_NAME_BYTES
    names_folder = name.strip() and name.isprintable() and "/" not in name and is_short
    if taken or not names_folder or name.startswith((".", "-")):
        raise CorpusError(
            f"a corpus cannot have the name {name!r}: it is taken, or not a plain folder name of "
            f"at most {MAX_NAME_BYTES} bytes; choose another with --name"
        )


def _prepare(
    source: Source,
    wanted: Wanted,
    name: str,
    storage: Path,
    handcrafted: HandcraftedOptions | None,
) -> None:
    """Prepare by recipes of pictures, and make hand-crafted features in the same pass if wanted."""
    recipes, address = _recipes(wanted), wanted.address
    if wanted.face_choice != "largest" and not recipes and handcrafted and handcrafted.features:
        raise CorpusError(
            "published features are of faces that others chose: leave out --which-face, or also "
            "give a --recipe of pictures"
        )
    published = handcrafted.published(source, wanted.compat) if handcrafted else None
    own = None
    if handcrafted and published is None:
        own = handcrafted.own_recipe(source, wanted.face_choice)
    opened = open_storage(storage)
    mirror = mirror_at(opened)
    if mirror is not None and address is not None:
        raise StorageError(
            f"a cluster cannot prepare in '{mirror.uri}': its machines must share one folder; "
            "leave out --address: then this machine prepares the corpus and uploads it"
        )
    folds = choose_folds(source, wanted.folds, name, opened, console)
    manifests = prepare_source(
        source,
        [*recipes, own[0]] if own else recipes,
        name=name,
        storage=opened,
        console=console,
        feature_sources=own[1] if own else NO_FEATURE_SOURCES,
        address=address,
    )
    if handcrafted and published is not None:
        manifests += prepare_source(
            source,
            [PublishedFeatures(name=handcrafted.recipe_name, sha256=published.digest)],
            name=name,
            storage=opened,
            console=console,
            feature_sources=FeatureSources(published=published),
        )
    store_folds(folds, manifests, source, name, opened)
    print_manifests(manifests, console, folds)
    if LE.name not in {recipe.name for recipe in recipes} or manifests[0].without:
        return  # that study has rows of all modalities
    next_command = ["mmer-sweep", "layers", "--corpus", name]
    if storage != locate_storage(Path(DEFAULT_STORAGE)):
        next_command += ["--storage", place_of(storage)]
    console.print(f"\nNow: {shlex.join(next_command)}", soft_wrap=True)


def _recipes(wanted: Wanted) -> list[Recipe]:
    """Return the recipes of pictures that the user named; all of them if there are no names."""
    settings = {"compat": wanted.compat, "face_choice": wanted.face_choice}
    return [
        ALL_RECIPES[name].model_copy(update=settings)
        for name in dict.fromkeys(wanted.recipes or RECIPES)
        if name != HANDCRAFTED
    ]


def _default_name(release: Release, reading: Reading, *, has_folds: bool) -> str:
    """Name a corpus by its release, and by what was chosen of it."""
    labels = reading.labels if reading.labels not in (None, release.labels[0]) else None
    session = reading.leave_out_session
    split = "folds" if has_folds else None if session is None else f"session{session}"
    return "-".join(part for part in (release.family, labels, split) if part is not None)
