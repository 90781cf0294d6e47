"""A folder of computational sequences: `text.csd`, `audio.csd`, `vision.csd`, and labels."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.feature_files.arrays import LABELS_FILE, corpus_of_table
from corpora.feature_files.check import check_features
from corpora.feature_files.sequence import SequenceFile
from corpora.feature_files.store import FeatureCorpus, StoredFeatures
from corpora.media.segments import NoMedia
from corpora.readers.clip_folder import read_labels_csv
from corpora.readers.split_lists import read_split_lists
from corpora.recipes.handcrafted import MODALITIES
from corpora.source.digest import digest_of_files, source_digest
from corpora.source.errors import CorpusError
from corpora.source.label_space import LabelSpace, Range
from corpora.source.split import Split
from corpora.source.task import TaskKind
from corpora.source.utterance import Modality, Source, Utterance

KIND = "csd"
LABELS_SEQUENCE = "labels.csd"

LABEL_NAMES: Mapping[int, tuple[str, ...]] = {
    1: ("sentiment",),
    7: ("sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear"),
}
"""What the columns of labels are, by their number: those of CMU-MOSI, and of CMU-MOSEI."""

_SEGMENT = re.compile(r"(?P<video>.+)\[\d+\]", re.DOTALL)
_UNLISTED = "in no split"

Interval = tuple[float, float]
"""From one time to another in a video, in seconds."""


@dataclass(frozen=True)
class SequenceFolder:
    """Sequences by modality; `spans` has the video and the time of utterances that are segments."""

    sequences: Mapping[Modality, SequenceFile]
    spans: Mapping[str, tuple[str, Interval]]

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Those that have a file."""
        return tuple(self.sequences)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all files."""
        return digest_of_files(sequence.path for sequence in self.sequences.values())

    def load(self, utterance: str, modality: Modality) -> NDArray[np.generic]:
        """Read the rows of an utterance: those under its id, or of its time in its video.

        A row whose middle lies in the time of an utterance belongs to it.

        Raises:
            CorpusError: If there are none, or they cannot be read.
        """
        sequence = self.sequences[modality]
        if utterance in sequence:
            return sequence.features(utterance)
        video, (start_s, end_s) = self.spans.get(utterance, ("", (0.0, 0.0)))
        if video not in sequence:
            raise CorpusError(
                f"'{sequence.path.name}' has neither the utterance nor its video; leave it out of "
                "the labels or of the lists of --splits"
            )
        rows = sequence.features(video)
        middles = sequence.intervals(video).mean(axis=1)
        if len(rows) != len(middles):
            raise CorpusError(
                f"'{sequence.path.name}', {video}: {len(rows)} rows have {len(middles)} intervals"
            )
        return rows[(start_s <= middles) & (middles < end_s)]


def read_sequences(
    folder: Path,
    *,
    csv_file: Path | None = None,
    splits: Path | None = None,
    ignore: Collection[str] = (),
    task: TaskKind | None = None,
    label_range: Range | None = None,
    fills: bool = False,
) -> FeatureCorpus:
    """Read a folder of sequences, with `labels.csv` or `labels.csd`.

    Utterances of a CSV have the keys of the sequences as ids. Those of `labels.csd` are segments
    `VIDEO[i]`: the keys of that file, or the rows of a video in it.

    Args:
        folder: Holds all of it.
        csv_file: The CSV, if it lies elsewhere.
        splits: A folder of lists of ids, or of videos, as `read_split_lists` reads; only for
            `labels.csd`, which has no splits.
        ignore: Columns of labels to leave out.
        task: What the labels are. Of `labels.csd`, "regression" by default; "multilabel" takes what
            is above 0, as CMU-MOSEI defines its emotions.
        label_range: Within which all numbers lie, where that is known.
        fills: Whether 0 stands for numbers that are not finite.

    Raises:
        CorpusError: If anything is wrong, or h5py is not installed.
    """
    sequences = {
        modality: SequenceFile(folder / f"{modality}.csd")
        for modality in MODALITIES
        if (folder / f"{modality}.csd").is_file()
    }
    table_file = csv_file or folder / LABELS_FILE
    if csv_file is not None or table_file.is_file():
        if splits is not None:
            raise CorpusError(f"'{table_file}' says the splits; leave out --splits")
        table = read_labels_csv(table_file, ignore, task, label_range)
        store = SequenceFolder(sequences, {})
        return corpus_of_table(table, StoredFeatures(store, fills), folder, KIND, {})
    path = folder / LABELS_SEQUENCE
    if not path.is_file():
        raise CorpusError(f"'{folder}' has neither {LABELS_FILE} nor {LABELS_SEQUENCE}; add one")
    if splits is None:
        raise CorpusError(f"'{path}' has no splits; give --splits, or write {LABELS_FILE} instead")
    labelled = list(_labelled(SequenceFile(path)))
    counts = Counter(each.id for each in labelled)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise CorpusError(f"'{path}' has labels of '{twice[0]}' twice, as a key and in its video's")
    space, chosen = _labels_of(labelled[0].values if labelled else (), ignore, task, label_range)
    split_of = read_split_lists(splits)
    utterances = []
    for each in labelled:
        split = split_of.get(each.id, split_of.get(each.video))
        if split is not None:
            utterances.append(_utterance(each, split, space, chosen))
    spans = {each.id: (each.video, each.interval) for each in labelled}
    features = StoredFeatures(SequenceFolder(sequences, spans), fills)
    num_filled = check_features(features, [one.id for one in utterances], f"'{folder}'")
    num_unlisted = len(labelled) - len(utterances)
    source = Source(
        KIND,
        space,
        tuple(utterances),
        source_digest(folder, utterances, space),
        left_out={_UNLISTED: num_unlisted} if num_unlisted else {},
        without=features.lacking,
    )
    return FeatureCorpus(source, features, num_filled)


@dataclass(frozen=True)
class _Labelled:
    """A labelled segment of a video."""

    id: str
    video: str
    interval: Interval
    values: tuple[float, ...]


def _labelled(labels: SequenceFile) -> Iterator[_Labelled]:
    """Yield the segments of all videos.

    Raises:
        CorpusError: If the labels are no numbers, or not as many for each.
    """
    width = None
    for key in labels.keys:
        values, times = labels.features(key), labels.intervals(key)
        match = _SEGMENT.fullmatch(key)
        width = values.shape[-1] if width is None else width
        is_right = values.ndim == 2 and values.dtype.kind in "fiu" and values.shape[1] == width
        if not is_right or len(values) != len(times) or (match and len(values) != 1):
            raise CorpusError(
                f"'{labels.path}', {key}: labels of {values.dtype}, shape {values.shape}, with "
                f"{len(times)} intervals; a row of as many numbers as elsewhere is wanted for each "
                "interval, and one interval for a segment"
            )
        for number, (row, (start_s, end_s)) in enumerate(
            zip(values.tolist(), times.tolist(), strict=True)
        ):
            name, video = (key, match["video"]) if match else (f"{key}[{number}]", key)
            yield _Labelled(name, video, (start_s, end_s), tuple(map(float, row)))


def _labels_of(
    values: tuple[float, ...],
    ignore: Collection[str],
    task: TaskKind | None,
    label_range: Range | None,
) -> tuple[LabelSpace, list[int]]:
    """Return what the labels mean, and the columns that are taken."""
    names = LABEL_NAMES.get(len(values)) or tuple(f"label{n + 1}" for n in range(len(values)))
    if unknown := [name for name in ignore if name not in names]:
        raise CorpusError(
            f"there is no label {', '.join(map(repr, unknown))} to ignore; the labels are "
            f"{', '.join(names)}"
        )
    chosen = [place for place, name in enumerate(names) if name not in ignore]
    kind = task or "regression"
    if kind == "multiclass" or not chosen:
        raise CorpusError(
            f"{LABELS_SEQUENCE} holds the numbers {', '.join(names)}: choose --task regression or "
            f"--task multilabel and keep one of them, or write {LABELS_FILE}"
        )
    if label_range is not None and kind != "regression":
        raise CorpusError("a range is only that of numbers, with --task regression")
    return LabelSpace(tuple(names[place] for place in chosen), kind, label_range), chosen


def _utterance(each: _Labelled, split: Split, space: LabelSpace, chosen: list[int]) -> Utterance:
    values = tuple(each.values[place] for place in chosen)
    is_number = space.task == "regression"
    return Utterance(
        id=each.id,
        pictures=NoMedia(),
        sound=NoMedia(),
        duration_s=max(0.0, each.interval[1] - each.interval[0]),
        text="",
        labels=values if is_number else tuple(int(value > 0) for value in values),
        split=split,
        group=each.video,
    )
