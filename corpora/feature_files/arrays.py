"""A folder of arrays: one file for each utterance and modality, and a CSV of labels."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.feature_files.check import check_features
from corpora.feature_files.store import FeatureCorpus, StoredFeatures
from corpora.media.segments import NoMedia
from corpora.readers.clip_folder import UtteranceTable, read_labels_csv
from corpora.readers.release_files import visible_files
from corpora.recipes.handcrafted import MODALITIES
from corpora.source.digest import digest_of_files, source_digest
from corpora.source.errors import CorpusError
from corpora.source.label_space import Range
from corpora.source.task import TaskKind
from corpora.source.utterance import Modality, Source

KIND = "features"
LABELS_FILE = "labels.csv"
SUFFIXES = (".npy", ".npz", ".pt")

_UNLABELLED = "a feature file without a line in the CSV"


@dataclass(frozen=True)
class ArrayFolder:
    """Files of arrays, by modality and by the name of each without its ending."""

    files: Mapping[Modality, Mapping[str, Path]]

    @property
    def modalities(self) -> Sequence[Modality]:
        """Those that have a folder."""
        return tuple(self.files)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all files: names and contents."""
        names = json.dumps({modality: list(of_one) for modality, of_one in self.files.items()})
        every = [path for of_one in self.files.values() for path in of_one.values()]
        content = digest_of_files(every)
        return hashlib.sha256(f"{names} {content}".encode()).hexdigest()

    def load(self, utterance: str, modality: Modality) -> NDArray[np.generic]:
        """Read the file of an utterance.

        Raises:
            CorpusError: If there is none, or it cannot be read.
        """
        path = self.files[modality].get(utterance)
        if path is None:
            raise CorpusError(
                f"no file has its name, {utterance}{' or '.join(SUFFIXES)}; add the file, or take "
                "the utterance out of the CSV"
            )
        return read_array(path)


def read_array_folder(
    folder: Path,
    *,
    csv_file: Path | None = None,
    ignore: Collection[str] = (),
    task: TaskKind | None = None,
    label_range: Range | None = None,
    fills: bool = False,
) -> FeatureCorpus:
    """Read `labels.csv` and `text|audio|vision/ID.npy|npz|pt`; a modality may have no folder.

    The CSV is one as `read_clips` reads; what it says of media is not read.

    Args:
        folder: Holds all of it.
        csv_file: The CSV, if it lies elsewhere.
        ignore: Columns to leave out.
        task: What the labels are; None if that is to be seen from the cells.
        label_range: Within which all targets lie, where that is known.
        fills: Whether 0 stands for numbers that are not finite.

    Raises:
        CorpusError: If anything is wrong; all faults of the CSV, or of the files, together.
    """
    table = read_labels_csv(csv_file or folder / LABELS_FILE, ignore, task, label_range)
    store = ArrayFolder(
        {
            modality: _files_in(folder / modality)
            for modality in MODALITIES
            if (folder / modality).is_dir()
        }
    )
    ids = [clip.utterance for clip in table.clips.values()]
    unlabelled = {name for of_one in store.files.values() for name in of_one}.difference(ids)
    left_out = {_UNLABELLED: len(unlabelled)} if unlabelled else {}
    return corpus_of_table(table, StoredFeatures(store, fills), folder, KIND, left_out)


def corpus_of_table(
    table: UtteranceTable,
    features: StoredFeatures,
    root: Path,
    kind: str,
    left_out: Mapping[str, int],
) -> FeatureCorpus:
    """Join a CSV of labels and the features of its utterances.

    Raises:
        CorpusError: If features are missing or cannot be used; all faults together.
    """
    utterances = table.utterances(lambda _: (NoMedia(), NoMedia()))
    num_filled = check_features(features, [clip.id for clip in utterances], f"'{root}'")
    source = Source(
        kind,
        table.labels.space,
        utterances,
        source_digest(root, utterances, table.labels.space),
        left_out=left_out,
        has_dialogues=table.has_dialogues,
        without=features.lacking,
    )
    return FeatureCorpus(source, features, num_filled)


def read_array(path: Path) -> NDArray[np.generic]:
    """Read the one array of a file; no object is ever made of what the file says.

    Raises:
        CorpusError: If the file cannot be read, or holds something else.
    """
    try:
        if path.suffix == ".npy":
            return np.array(np.load(path, mmap_mode="r", allow_pickle=False))
        if path.suffix == ".npz":
            return _read_archive(path)
    except CorpusError:
        raise
    except Exception as error:  # NumPy and zipfile raise many kinds, with no base in common
        raise CorpusError(
            f"'{path.name}' cannot be read: {error}; write it with numpy.save, as an array of "
            "numbers"
        ) from error
    return _read_tensor(path)


def _read_archive(path: Path) -> NDArray[np.generic]:
    with np.load(path, allow_pickle=False) as archive:
        if len(archive.files) != 1:
            names = ", ".join(archive.files) or "none"
            raise CorpusError(f"'{path.name}' must hold one array; it holds {names}")
        array: NDArray[np.generic] = archive[archive.files[0]]
        return array


def _read_tensor(path: Path) -> NDArray[np.generic]:
    import torch  # not needed for other files

    try:
        tensor = torch.load(path, map_location="cpu", weights_only=True)
        if isinstance(tensor, torch.Tensor):
            dense = tensor.detach()
            return (dense.float() if dense.dtype is torch.bfloat16 else dense).numpy()
    except Exception as error:  # its unpickler may fail in any way
        reason = str(error).partition("\n")[0]
        raise CorpusError(
            f"'{path.name}' cannot be read without running it: {reason}; write it with torch.save, "
            "as one tensor"
        ) from error
    raise CorpusError(f"'{path.name}' holds a {type(tensor).__name__}, not a tensor")


def _files_in(folder: Path) -> dict[str, Path]:
    """Map the name of each array without its ending to its file, so that no id is made a path."""
    found: dict[str, Path] = {}
    twice = []
    for path in visible_files(folder, "*"):
        if path.suffix in SUFFIXES and found.setdefault(path.stem, path) != path:
            twice.append(f"{found[path.stem].name} and {path.name}")
    if twice:
        raise CorpusError(
            f"'{folder}' has two files of one utterance: {', '.join(twice[:3])}; remove one"
        )
    if not found:
        raise CorpusError(f"'{folder}' holds no file that ends in {', '.join(SUFFIXES)}")
    return found
