"""The corpora that are prepared from their releases: how each is read, and what can be chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from corpora.iemocap.dai import read_dai_iemocap
from corpora.iemocap.release import read_iemocap
from corpora.iemocap.turn import LABEL_SETS as IEMOCAP_LABELS
from corpora.meld.labels import LABEL_SETS as MELD_LABELS
from corpora.meld.release import read_meld
from corpora.mosei.dai import read_dai_mosei
from corpora.mosei.labels import LABEL_SETS as MOSEI_LABELS
from corpora.mosei.release import read_mosei
from corpora.recipes.pictures import Compat
from corpora.source.utterance import Source
from orchestrator.commands.options import Option

PLACE = click.Path(path_type=Path, resolve_path=True)
"""Workers run in another folder: what they read has an absolute path."""

splits_option = click.option(
    "--splits",
    type=PLACE,
    help="Folder of train_split.txt, valid_split.txt and test_split.txt, with one id per line.",
)

session_option = click.option(
    "--leave-out-session",
    type=click.IntRange(1, 5),
    help="Test on this session and validate on the next one: no speaker is in two splits.",
)


features_option = click.option(
    "--features",
    type=PLACE,
    help="Folder of Dai et al.'s hand-crafted features.  [default: the source, if they are there]",
)


@dataclass(frozen=True)
class Reading:
    """What the user chooses of a release; None where nothing is chosen, or there is no choice.

    `splits` is a folder of id lists, `leave_out_session` the session to test on, `labels` names
    what is made of the labels, `features` is a folder of hand-crafted features.
    """

    splits: Path | None = None
    leave_out_session: int | None = None
    labels: str | None = None
    features: Path | None = None


@dataclass(frozen=True)
class Release:
    """A corpus as it is published, and its reader.

    `read` takes the folder, what the user chose, the name of the labels, and `compat`. `family` is
    the papers' name for the corpus; it is also the default name of the prepared corpus. `labels`
    are what can be made of its labels; the first is the usual one. `options` are the others that
    the release has. `session_below_folds` is left out in the files of a corpus with folds, if the
    release has no split of its own and the user gives none.
    """

    kind: str
    family: str
    title: str
    source: str
    read: Callable[[Path, Reading, str, Compat], Source]
    labels: tuple[str, ...]
    options: tuple[Option, ...]
    session_below_folds: int | None = None


RELEASES = (
    Release(
        "iemocap",
        "iemocap",
        "Prepare the raw release of IEMOCAP.",
        "IEMOCAP_full_release, with Session1 to Session5.",
        lambda folder, chosen, labels, compat: read_iemocap(
            folder,
            splits=chosen.splits,
            leave_out_session=chosen.leave_out_session,
            compat=compat,
            labels=labels,
        ),
        tuple(IEMOCAP_LABELS),
        (splits_option, session_option, features_option),
        session_below_folds=1,
    ),
    Release(
        "mosei",
        "mosei",
        "Prepare the raw files of CMU-MOSEI.",
        "The folder Raw, with Audio, Videos, Transcript and Labels.",
        lambda folder, chosen, labels, compat: read_mosei(
            folder, splits=chosen.splits, compat=compat, labels=labels
        ),
        tuple(MOSEI_LABELS),
        (splits_option, features_option),
    ),
    Release(
        "meld",
        "meld",
        "Prepare the raw release of MELD.",
        "MELD.Raw, with its archives unpacked.",
        lambda folder, _chosen, labels, _compat: read_meld(folder, labels=labels),
        tuple(MELD_LABELS),
        (),
    ),
    Release(
        "dai-iemocap",
        "iemocap",
        "Prepare IEMOCAP as Dai et al. reorganised it.",
        "Folder of IEMOCAP_RAW_PROCESSED and IEMOCAP_SPLIT.",
        lambda folder, chosen, labels, compat: read_dai_iemocap(
            folder,
            splits=chosen.splits,
            leave_out_session=chosen.leave_out_session,
            compat=compat,
            labels=labels,
        ),
        tuple(IEMOCAP_LABELS),
        (splits_option, session_option, features_option),
    ),
    Release(
        "dai-mosei",
        "mosei",
        "Prepare CMU-MOSEI as Dai et al. reorganised it.",
        "Folder of MOSEI_RAW_PROCESSED and MOSEI_SPLIT.",
        lambda folder, chosen, _, compat: read_dai_mosei(
            folder, splits=chosen.splits, compat=compat
        ),
        ("emotions",),
        (splits_option, features_option),
    ),
)
