"""Reading features from files, whichever of the known layouts they have."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from corpora.feature_files.arrays import LABELS_FILE, read_array_folder
from corpora.feature_files.mmsa import read_mmsa
from corpora.feature_files.sequences import LABELS_SEQUENCE, read_sequences
from corpora.feature_files.store import FeatureCorpus
from corpora.recipes.handcrafted import MODALITIES
from corpora.source.errors import CorpusError
from corpora.source.label_space import Range
from corpora.source.task import TaskKind

PICKLES = (".pkl", ".pickle")

_LAYOUTS = (
    f"choose a folder of {LABELS_FILE} and text, audio, vision (folders of ID.npy, ID.npz or "
    f"ID.pt), a folder of text.csd, audio.csd, vision.csd and {LABELS_SEQUENCE} or {LABELS_FILE}, "
    "or MMSA's aligned_50.pkl or unaligned_50.pkl"
)


@dataclass(frozen=True)
class FeatureChoices:
    """What the user says about features from files; None where it shows by itself.

    Attributes:
        csv_file: The CSV of labels.
        splits: A folder of id lists.
        ignore: Labels to leave out.
        task: What the labels are.
        label_range: Within which all numbers lie.
        fills: Whether 0 stands for numbers that are NaN or infinite.
    """

    csv_file: Path | None = None
    splits: Path | None = None
    ignore: Collection[str] = ()
    task: TaskKind | None = None
    label_range: Range | None = None
    fills: bool = False


def read_features(source: Path, choices: FeatureChoices) -> FeatureCorpus:
    """Read a folder of arrays or of `.csd` files, or a pickle of MMSA.

    Raises:
        CorpusError: If it has none of these layouts, or anything is wrong in it.
    """
    of_csv = choices.csv_file is not None or bool(choices.ignore)
    if source.is_file() and source.suffix in PICKLES:
        if of_csv or choices.splits is not None:
            raise CorpusError(
                f"'{source}' has labels and splits of its own; leave out --csv, --ignore, --splits"
            )
        return read_mmsa(
            source, task=choices.task, label_range=choices.label_range, fills=choices.fills
        )
    if not source.is_dir():
        problem = "is none of the known files" if source.exists() else "does not exist"
        raise CorpusError(f"'{source}' {problem}; {_LAYOUTS}")
    if any((source / f"{modality}.csd").is_file() for modality in MODALITIES):
        return read_sequences(
            source,
            csv_file=choices.csv_file,
            splits=choices.splits,
            ignore=choices.ignore,
            task=choices.task,
            label_range=choices.label_range,
            fills=choices.fills,
        )
    if not any((source / modality).is_dir() for modality in MODALITIES):
        raise CorpusError(f"'{source}' holds no features; {_LAYOUTS}")
    if choices.splits is not None:
        raise CorpusError(f"the CSV of '{source}' says the splits; leave out --splits")
    return read_array_folder(
        source,
        csv_file=choices.csv_file,
        ignore=choices.ignore,
        task=choices.task,
        label_range=choices.label_range,
        fills=choices.fills,
    )
