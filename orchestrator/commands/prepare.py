"""The commands that prepare corpora."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from corpora.features.sources import FeatureSources
from corpora.iemocap.dai import read_dai_iemocap
from corpora.iemocap.release import read_iemocap
from corpora.mosei.dai import read_dai_mosei
from corpora.mosei.release import read_mosei
from corpora.preparation.known import SYNTHETIC_RECIPES
from corpora.readers.clip_folder import read_clips
from corpora.recipes.handcrafted import HANDCRAFTED, PublishedFeatures
from corpora.recipes.pictures import LE, RECIPES, Compat, Recipe
from corpora.source.errors import CorpusError
from corpora.source.utterance import SYNTHETIC, Source
from orchestrator.commands.handcrafted import (
    HandcraftedOptions,
    features_beside,
    handcrafted_options,
)
from orchestrator.commands.options import ChoiceGroup, console, storage_option
from orchestrator.corpus.setup import ensure_corpus, prepare_source
from orchestrator.corpus.view import print_manifests
from orchestrator.storage.folder import DEFAULT_STORAGE, StorageError, locate_storage, open_storage
from orchestrator.storage.mirror import mirror_at, place_of
from search_spaces.catalogue import STUDIES

Command = Callable[..., None]

PLACE = click.Path(path_type=Path, resolve_path=True)
"""Workers run in another folder: what they read has an absolute path."""

recipe_option = click.option(
    "--recipe",
    "recipe_names",
    type=click.Choice((*RECIPES, HANDCRAFTED)),
    multiple=True,
    help="May be given several times; all are made in one decoding pass.  "
    f"[default: {', '.join(RECIPES)}; {HANDCRAFTED} too if its files lie in the source]",
)
compat_option = click.option(
    "--compat",
    "compat_names",
    type=click.Choice(tuple(Compat.model_fields)),
    multiple=True,
    help="A mistake of Dai et al.'s code to repeat; may be given several times.  [default: none]",
)
splits_option = click.option(
    "--splits",
    type=PLACE,
    help="Folder of train_split.txt, valid_split.txt and test_split.txt: an id a line.",
)
address_option = click.option(
    "--address",
    help="A Ray cluster that prepares, such as auto; all its machines must see the source and the "
    "storage folder in the same places.  [default: this machine alone]",
)
session_option = click.option(
    "--leave-out-session",
    type=click.IntRange(1, 5),
    help="Test on this session, validate on the next: no speaker is in two splits.",
)


features_option = click.option(
    "--features",
    type=PLACE,
    help="Folder of Dai et al.'s hand-crafted features.  [default: the source, if it holds them]",
)


def source_option(help_text: str) -> Callable[[Command], Command]:
    """Make the option that names the raw data."""
    return click.option("--source", type=PLACE, required=True, help=help_text)


def name_option(default: str) -> Callable[[Command], Command]:
    """Make the option that names the corpus."""
    return click.option("--name", help=f"Name of the corpus.  [default: {default}]")


@click.group(cls=ChoiceGroup)
def prepare() -> None:
    """Prepare a corpus: decode, find faces, make spectrograms, once."""


@prepare.command("clips")
@source_option("Folder of the video files and the CSV.")
@click.option("--csv", "csv_file", type=PLACE, help="[default: the only one]")
@name_option("the folder's")
@recipe_option
@compat_option
@handcrafted_options
@address_option
@storage_option
def prepare_clips(
    source: Path,
    csv_file: Path | None,
    name: str | None,
    recipe_names: Sequence[str],
    compat_names: Sequence[str],
    handcrafted: HandcraftedOptions,
    address: str | None,
    storage: Path,
) -> None:
    """Prepare a folder of video files.

    The CSV has the columns utterance, file, start, end (seconds), text, split (train, valid, test)
    or speaker, and one column of 0 and 1 for each emotion.
    """
    name = source.resolve().name if name is None else name
    check_corpus_name(name)
    found = read_clips(source, csv_file)
    sources = handcrafted if HANDCRAFTED in recipe_names else None
    _prepare(found, recipe_names, _compat(compat_names), name, storage, sources, address)


@dataclass(frozen=True)
class Release:
    """A corpus as it is given out; `read` takes folder, split lists, session to leave out, compat.

    `family` is the papers' name for the corpus, by default ours too.
    """

    kind: str
    family: str
    title: str
    source: str
    read: Callable[[Path, Path | None, int | None, Compat], Source]
    has_sessions: bool = False


RELEASES = (
    Release(
        "iemocap",
        "iemocap",
        "Prepare the raw release of IEMOCAP.",
        "IEMOCAP_full_release, with Session1 to Session5.",
        lambda folder, splits, session, compat: read_iemocap(
            folder, splits=splits, leave_out_session=session, compat=compat
        ),
        has_sessions=True,
    ),
    Release(
        "mosei",
        "mosei",
        "Prepare the raw files of CMU-MOSEI.",
        "The folder Raw, with Audio, Videos, Transcript and Labels.",
        lambda folder, splits, _, compat: read_mosei(folder, splits=splits, compat=compat),
    ),
    Release(
        "dai-iemocap",
        "iemocap",
        "Prepare IEMOCAP as Dai et al. reorganised it.",
        "Folder of IEMOCAP_RAW_PROCESSED and IEMOCAP_SPLIT.",
        lambda folder, splits, session, compat: read_dai_iemocap(
            folder, splits=splits, leave_out_session=session, compat=compat
        ),
        has_sessions=True,
    ),
    Release(
        "dai-mosei",
        "mosei",
        "Prepare CMU-MOSEI as Dai et al. reorganised it.",
        "Folder of MOSEI_RAW_PROCESSED and MOSEI_SPLIT.",
        lambda folder, splits, _, compat: read_dai_mosei(folder, splits=splits, compat=compat),
    ),
)


def release_command(release: Release) -> click.Command:
    """Make the command that prepares a corpus as it is given out."""

    def prepare_release(
        source: Path,
        splits: Path | None,
        name: str | None,
        recipe_names: Sequence[str],
        compat_names: Sequence[str],
        handcrafted: HandcraftedOptions,
        features: Path | None,
        address: str | None,
        storage: Path,
        leave_out_session: int | None = None,
    ) -> None:
        name = name or _default_name(release, leave_out_session)
        check_corpus_name(name)
        compat = _compat(compat_names)
        found = release.read(source, splits, leave_out_session, compat)
        features = features or features_beside(source, found.kind)
        wanted = HANDCRAFTED in recipe_names or (not recipe_names and features is not None)
        sources = replace(handcrafted, features=features) if wanted else None
        _prepare(found, recipe_names, compat, name, storage, sources, address)

    options: list[Callable[[Any], Any]] = [
        source_option(release.source),
        splits_option,
        name_option(release.family),
        features_option,
    ]
    if release.has_sessions:
        options.append(session_option)
    command: Command = handcrafted_options(prepare_release)
    for option in reversed(
        [*options, recipe_option, compat_option, address_option, storage_option]
    ):
        command = option(command)
    return click.command(release.kind, help=release.title)(command)


for each in RELEASES:
    prepare.add_command(release_command(each))


@prepare.command("synthetic")
@click.option(
    "--recipe",
    "recipe_names",
    type=click.Choice(tuple(SYNTHETIC_RECIPES)),
    multiple=True,
    help="May be given several times.  [default: all]",
)
@storage_option
def prepare_synthetic(recipe_names: Sequence[str], storage: Path) -> None:
    """Make the synthetic corpus; studies also make it when they need it."""
    recipes = recipe_names or SYNTHETIC_RECIPES
    manifests = ensure_corpus(SYNTHETIC, open_storage(storage), console, *recipes)
    print_manifests(manifests, console)


def check_corpus_name(name: str) -> None:
    """Make sure that a name can be shown, names a folder, and names nothing else yet.

    Raises:
        CorpusError: If it does not.
    """
    taken = name in (SYNTHETIC, *STUDIES)
    names_folder = name.strip() and name.isprintable() and "/" not in name
    if taken or not names_folder or name.startswith((".", "-")):
        raise CorpusError(f"a corpus cannot have the name {name!r}; choose another with --name")


def _prepare(
    source: Source,
    recipe_names: Sequence[str],
    compat: Compat,
    name: str,
    storage: Path,
    handcrafted: HandcraftedOptions | None,
    address: str | None,
) -> None:
    """Prepare by recipes of pictures, and hand-crafted features in the same pass if wanted."""
    recipes = _recipes(recipe_names, compat)
    published = handcrafted.published(source, compat) if handcrafted else None
    own = handcrafted.own_recipe(source) if handcrafted and published is None else None
    opened = open_storage(storage)
    mirror = mirror_at(opened)
    if mirror is not None and address is not None:
        raise StorageError(
            f"a cluster cannot prepare in '{mirror.uri}': its machines must see one folder; leave "
            "out --address, and this machine alone prepares and puts the corpus there"
        )
    manifests = prepare_source(
        source,
        [*recipes, own[0]] if own else recipes,
        name=name,
        storage=opened,
        console=console,
        feature_sources=FeatureSources(words=own[1] if own else None),
        address=address,
    )
    if published is not None:
        manifests += prepare_source(
            source,
            [PublishedFeatures(sha256=published.digest)],
            name=name,
            storage=opened,
            console=console,
            feature_sources=FeatureSources(published=published),
        )
    print_manifests(manifests, console)
    if LE.name not in {recipe.name for recipe in recipes}:
        return
    next_command = ["mmer-sweep", "layers", "--corpus", name]
    if storage != locate_storage(Path(DEFAULT_STORAGE)):
        next_command += ["--storage", place_of(storage)]
    console.print(f"\nNow: {shlex.join(next_command)}", soft_wrap=True)


def _recipes(names: Sequence[str], compat: Compat) -> list[Recipe]:
    """Return the recipes of pictures among some names; all of them if there are no names."""
    return [
        RECIPES[name].model_copy(update={"compat": compat})
        for name in dict.fromkeys(names or RECIPES)
        if name != HANDCRAFTED
    ]


def _compat(names: Sequence[str]) -> Compat:
    return Compat(**dict.fromkeys(names, True))


def _default_name(release: Release, session: int | None) -> str:
    return release.family if session is None else f"{release.family}-session{session}"
