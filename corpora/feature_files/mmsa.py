"""The feature files of MMSA (Yu et al. 2020, 2021): `aligned_50.pkl` and `unaligned_50.pkl`.

Layout and use are those of its data loader (thuiar/MMSA, src/MMSA/data_loader.py). A file is a dict
of the splits train, valid and test. Each holds arrays of the utterances, padded to one length, and
lists in the same order. The files are pickles; nothing in them is run.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.feature_files.check import check_features
from corpora.feature_files.mmsa_split import SplitContent, held_by
from corpora.feature_files.store import FeatureCorpus, StoredFeatures
from corpora.media.segments import NoMedia
from corpora.recipes.handcrafted import MODALITIES
from corpora.source.digest import digest_of_files, source_digest
from corpora.source.errors import CorpusError
from corpora.source.label_space import LabelSpace, Range
from corpora.source.plain_pickle import load_plain_pickle
from corpora.source.split import SPLITS, Split
from corpora.source.task import TaskKind
from corpora.source.utterance import Modality, Source, Utterance

KIND = "mmsa"

_CLIP_MARK = "$_$"
"""Stands between the name of a video and the number of its utterance."""

_NUMBERS, _NAMES = "regression_labels", "annotations"
_SIMS_ALONE = "regression_labels_T"
"""Only CH-SIMS has labels of single modalities; its opinions lie between -1 and 1."""

_RANGE: Range = (-3.0, 3.0)
_RANGE_OF_SIMS: Range = (-1.0, 1.0)

_MASK = 1
"""The row of `text_bert` that is 1 for each token that is no padding."""


@dataclass(frozen=True)
class _Part:
    """One split.

    Attributes:
        ids: Utterances.
        arrays: (U, T, D), by modality.
        num_rows: (U,), the rows that are no padding, by modality; an array that has none is padded
            with rows of zeros at the end.
    """

    ids: Sequence[str]
    arrays: Mapping[Modality, NDArray[np.generic]]
    num_rows: Mapping[Modality, NDArray[np.int64]]


@dataclass(frozen=True)
class MmsaFeatures:
    """The features of all splits; `places` has the split and the row of each utterance."""

    parts: Mapping[Split, _Part]
    places: Mapping[str, tuple[Split, int]]
    digest: str

    @property
    def modalities(self) -> Sequence[Modality]:
        """Those that every split has."""
        return tuple(self.parts["train"].arrays)

    def load(self, utterance: str, modality: Modality) -> NDArray[np.generic]:
        """Return the rows of an utterance without padding; at least one, as in MMSA."""
        split, place = self.places[utterance]
        rows = self.parts[split].arrays[modality][place]
        num_rows = self.parts[split].num_rows
        last = int(num_rows[modality][place]) if modality in num_rows else _num_filled(rows)
        return rows[: max(1, last)]


def read_mmsa(
    path: Path,
    *,
    task: TaskKind | None = None,
    label_range: Range | None = None,
    fills: bool = False,
) -> FeatureCorpus:
    """Read one of MMSA's files.

    An utterance has `audio_lengths` and `vision_lengths` rows of sound and vision, and as many rows
    of text as `text_bert` marks. In the aligned file, all modalities have as many: so the models of
    MMSA read it that take lengths. Departure: other models of MMSA read the padding too.

    Args:
        path: The file.
        task: "regression", the default, takes `regression_labels`; "multiclass" takes the names in
            `annotations`.
        label_range: Within which all numbers lie; by default -3 to 3, and of CH-SIMS -1 to 1.
        fills: Whether 0 stands for numbers that are not finite, as in MMSA for -inf in sound.

    Raises:
        CorpusError: If the file cannot be read or holds something else; all faults of its features
            together.
    """
    content = load_plain_pickle(path)
    if not isinstance(content, dict) or not set(SPLITS) <= set(content):
        raise CorpusError(
            f"'{path}' must be a dict of {', '.join(SPLITS)}, as MMSA's files are; it has: "
            f"{held_by(content)}"
        )
    splits = {split: SplitContent(content[split], f"'{path}', {split}") for split in SPLITS}
    parts = {split: _part(of_split) for split, of_split in splits.items()}
    _check_parts(parts, path)
    space, labels = _LABELS[task or "regression"](splits, label_range, path)
    utterances = tuple(
        Utterance(
            id=name,
            pictures=NoMedia(),
            sound=NoMedia(),
            duration_s=0.0,
            text=text,
            labels=of_utterance,
            split=split,
            group=name.partition(_CLIP_MARK)[0],
        )
        for split, of_split in splits.items()
        for name, text, of_utterance in zip(
            of_split.ids, _texts(of_split), labels[split], strict=True
        )
    )
    places = {name: (s, row) for s, part in parts.items() for row, name in enumerate(part.ids)}
    features = StoredFeatures(MmsaFeatures(parts, places, digest_of_files([path])), fills)
    num_filled = check_features(features, list(places), f"'{path}'")
    digest = source_digest(path.parent, utterances, space)
    source = Source(KIND, space, utterances, digest, without=features.lacking)
    return FeatureCorpus(source, features, num_filled)


def _part(of_split: SplitContent) -> _Part:
    arrays: dict[Modality, NDArray[np.generic]] = {}
    num_rows: dict[Modality, NDArray[np.int64]] = {}
    for modality in MODALITIES:
        if of_split.has(modality):
            arrays[modality] = of_split.array(modality, None, None)
            lengths = _num_rows(of_split, modality, arrays[modality].shape[1])
            if lengths is not None:
                num_rows[modality] = lengths
    return _Part(of_split.ids, arrays, num_rows)


def _num_rows(
    of_split: SplitContent, modality: Modality, num_padded: int
) -> NDArray[np.int64] | None:
    """Return how many rows each utterance has, (U,), if the file tells it."""
    key = f"{modality}_lengths"
    if of_split.has(key):
        lengths = of_split.array(key).astype(np.float64)
    elif of_split.has("text_bert"):
        key, tokens = "text_bert", of_split.array("text_bert", 3, None)
        if tokens.shape[2] != num_padded:  # a row belongs to no token
            return None
        lengths = tokens[:, _MASK].astype(np.float64).sum(1)
    else:
        return None
    if not ((lengths >= 0) & (lengths <= num_padded)).all():
        raise CorpusError(
            f"{of_split.where}, {key}: an utterance has 0 to {num_padded} rows of {modality}, but "
            f"this says {lengths.min():g} to {lengths.max():g}"
        )
    return lengths.astype(np.int64)


def _check_parts(parts: Mapping[Split, _Part], path: Path) -> None:
    held = {split: ", ".join(part.arrays) or "none" for split, part in parts.items()}
    if len(set(held.values())) > 1 or not parts["train"].arrays:
        told = "; ".join(f"{split}: {names}" for split, names in held.items())
        raise CorpusError(
            f"'{path}': all splits need the same of {', '.join(MODALITIES)}, but there is {told}"
        )
    counts = Counter(name for part in parts.values() for name in part.ids)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise CorpusError(
            f"'{path}': {len(twice)} ids stand there twice, such as '{twice[0]}'; ids must differ"
        )


def _texts(of_split: SplitContent) -> list[str]:
    """Return what is said in each utterance; nothing if the file does not tell it."""
    if not of_split.has("raw_text"):
        return [""] * len(of_split.ids)
    texts = of_split.listed("raw_text")
    return [text.decode() if isinstance(text, bytes) else str(text) for text in texts]


Splits = Mapping[Split, SplitContent]
Labels = tuple[LabelSpace, Mapping[Split, Sequence[tuple[float, ...]]]]
"""What the labels mean, and those of each utterance."""


def _numbers(splits: Splits, label_range: Range | None, path: Path) -> Labels:
    usual = _RANGE_OF_SIMS if splits["train"].has(_SIMS_ALONE) else _RANGE
    space = LabelSpace(("sentiment",), "regression", label_range or usual)
    labels = {}
    for split, of_split in splits.items():
        try:
            values = np.asarray(of_split.listed(_NUMBERS), np.float64).reshape(len(of_split.ids))
        except (TypeError, ValueError) as error:
            where = f"{of_split.where}, {_NUMBERS}"
            raise CorpusError(f"{where}: one number an utterance is wanted: {error}") from error
        labels[split] = [(value,) for value in values.tolist()]
    return space, labels


def _classes(splits: Splits, label_range: Range | None, path: Path) -> Labels:
    if label_range is not None:
        raise CorpusError("a range is only that of numbers, with --task regression")
    names = {split: list(map(str, each.listed(_NAMES))) for split, each in splits.items()}
    classes = sorted({name for of_split in names.values() for name in of_split})
    space = LabelSpace(tuple(classes), "multiclass")
    return space, {split: [space.one_hot(n) for n in of_split] for split, of_split in names.items()}


def _no_emotions(splits: Splits, label_range: Range | None, path: Path) -> Labels:
    raise CorpusError(
        f"'{path}' holds a number and a class of each utterance, no emotions; choose --task "
        "regression or --task multiclass"
    )


_LABELS: Mapping[TaskKind, Callable[[Splits, Range | None, Path], Labels]] = {
    "regression": _numbers,
    "multiclass": _classes,
    "multilabel": _no_emotions,
}


def _num_filled(rows: NDArray[np.generic]) -> int:
    """Count the rows up to the last one that is not all 0."""
    filled = np.flatnonzero(rows.any(axis=1))
    return int(filled[-1]) + 1 if len(filled) else 0
