"""The hand-crafted features that Dai et al. (NAACL 2021) publish with their corpora.

Layout and use are those of their data loader (wenliangdai/Multimodal-End2end-Sparse,
src/datasets.py). The files are pickles, those that end in `.pt` too.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.iemocap.ids import side_of
from corpora.recipes.handcrafted import Handcrafted
from corpora.source.digest import digest_of_files
from corpora.source.errors import CorpusError
from corpora.source.plain_pickle import load_plain_pickle
from corpora.source.split import SPLITS

Matrix = NDArray[np.float32]

IEMOCAP_FOLDER = "IEMOCAP_HCF_FEATURES"
MOSEI_FOLDER = "MOSEI_HCF_FEATURES"

NUM_AUDIO_ROWS = 763
AUDIO_ROWS = (*range(34), *range(655, 763))
"""The rows that are used: 22 energies of Bark bands, 12 MFCC, 108 phonological features."""

FILLER_ROWS = (100, 101)
NUM_ACTION_UNITS = 35
"""The last numbers of a row of OpenFace: 17 intensities and 18 presences of action units."""

_SIDES = {"left": "L", "right": "R"}
_IMAGE = re.compile(r"image_([LR])_([0-9]+)")
_EMPTY_WIDTH = 300
_MOSEI_KEYS = ("id", "text", "audio", "vision")


@dataclass(frozen=True)
class DaiFeatures:
    """The features of a corpus.

    Attributes:
        by_utterance: The features of each utterance that is in the files of all modalities.
        digest: SHA-256 of the files' contents; `filler_rows` and `padded_rows` change it.
        num_not_finite: Numbers in the files that are NaN or infinite; each was replaced by 0.
    """

    by_utterance: Mapping[str, Handcrafted]
    digest: str
    num_not_finite: int

    def features(self, utterance_id: str) -> Handcrafted | None:
        """Look an utterance up; None where a file lacks it."""
        return self.by_utterance.get(utterance_id)


def read_iemocap_features(folder: Path, *, filler_rows: bool = False) -> DaiFeatures:
    """Read the features of IEMOCAP.

    Text: 300-d word vectors. Audio: `AUDIO_ROWS` of the speaker's side. Vision: action units of the
    speaker's side, all frames by their number. An empty modality becomes one row of zeros.

    Departure: their loader takes half as many frames as both sides together have. That is too few
    where the other side has gaps; here all frames are taken.

    Args:
        folder: Holds IEMOCAP_HCF_FEATURES.
        filler_rows: Append rows 100 and 101 of the audio. Their loader does so to get a width that
            two attention heads divide.

    Raises:
        CorpusError: If a file is missing, is damaged or holds something else.
    """
    audio_rows = AUDIO_ROWS + FILLER_ROWS if filler_rows else AUDIO_ROWS
    readers: dict[str, Callable[[str, object], object]] = {
        "text": lambda _, words: words,
        "audio": partial(_acoustic_features, audio_rows),
        "video": _action_units,
    }
    paths = {
        kind: [folder / IEMOCAP_FOLDER / f"{split}_{kind}_features.pt" for split in SPLITS]
        for kind in readers
    }
    every_path = sorted(path for of_kind in paths.values() for path in of_kind)
    _check_present(every_path)
    finite = _Finite()
    text, audio, vision = (
        _without_gaps(_read_utterances(paths[kind], read, finite), f"{folder}, {kind}")
        for kind, read in readers.items()
    )
    digest = digest_of_files(every_path)
    if filler_rows:
        digest = hashlib.sha256(f"{digest} filler rows".encode()).hexdigest()
    return DaiFeatures(_join(text, audio, vision), digest, finite.num_replaced)


def read_mosei_features(folder: Path, *, padded_rows: bool = False) -> DaiFeatures:
    """Read the features of CMU-MOSEI; the files decide their widths.

    Departure: the files pad every utterance to one length. Here rows of zeros at both ends are cut
    off, but one row is kept. This also removes words without vector at the ends of a sentence.

    Args:
        folder: Holds MOSEI_HCF_FEATURES.
        padded_rows: Keep all rows of the files. The baselines of Dai et al. read them all, so the
            padding counts as steps.

    Raises:
        CorpusError: If a file is missing, is damaged or holds something else.
    """
    paths = [folder / MOSEI_FOLDER / f"mosei_senti_hcf_{split}.pkl" for split in SPLITS]
    _check_present(paths)
    finite = _Finite()
    matrices: dict[str, dict[str, Matrix]] = {"text": {}, "audio": {}, "vision": {}}
    for path in paths:
        ids, arrays = _read_mosei_file(path)
        for kind, of_kind in matrices.items():
            for utterance, rows in zip(ids, arrays[kind], strict=True):
                where = f"'{path}', {kind} of utterance '{utterance}'"
                matrix = finite(rows, where)
                of_kind.setdefault(utterance, matrix if padded_rows else _trim(matrix))
    text, audio, vision = (
        _without_gaps(of_kind, f"{folder}, {kind}") for kind, of_kind in matrices.items()
    )
    digest = digest_of_files(paths)
    if padded_rows:
        digest = hashlib.sha256(f"{digest} padded rows".encode()).hexdigest()
    return DaiFeatures(_join(text, audio, vision), digest, finite.num_replaced)


class _Finite:
    """Turns the content of files into matrices of finite numbers, and counts what it replaces."""

    def __init__(self) -> None:
        self.num_replaced = 0

    def __call__(self, rows: object, where: str) -> Matrix:
        """Make a (T, D) matrix; T is 0 for an empty list."""
        try:
            with np.errstate(over="ignore"):
                matrix = np.array(rows, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise CorpusError(f"{where}: rows of numbers are wanted: {error}") from error
        if matrix.size == 0:
            return np.zeros((0, 0), dtype=np.float32)
        if matrix.ndim != 2:
            raise CorpusError(f"{where}: shape {matrix.shape} is not (steps, features)")
        wrong = ~np.isfinite(matrix)
        self.num_replaced += int(wrong.sum())
        matrix[wrong] = 0
        return matrix


def _check_present(paths: list[Path]) -> None:
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise CorpusError(
            f"'{paths[0].parent}' lacks {', '.join(missing)}; choose the folder of Dai et al.'s "
            f"release that holds {paths[0].parent.name}"
        )


def _read_utterances(
    paths: list[Path], read: Callable[[str, object], object], finite: _Finite
) -> dict[str, Matrix]:
    """Read one modality of all splits; the first of repeated utterances counts."""
    matrices: dict[str, Matrix] = {}
    for path in paths:
        content = load_plain_pickle(path)
        if not isinstance(content, dict):
            raise CorpusError(
                f"'{path}' holds a {type(content).__name__}, not a dict of utterances"
            )
        while content:  # the files are large: what is read is freed at once
            utterance, value = content.popitem()
            where = f"'{path}', utterance '{utterance}'"
            try:
                rows = read(utterance, value)
            except CorpusError as error:
                raise CorpusError(f"{where}: {error}") from error
            matrices.setdefault(utterance, finite(rows, where))
    return matrices


def _acoustic_features(rows: tuple[int, ...], utterance: str, sides: object) -> object:
    """Return the rows that are used, of the speaker's side: (T, len(rows))."""
    letter = _SIDES[side_of(utterance)]
    if not isinstance(sides, dict) or letter not in sides:
        raise CorpusError(f"a dict with side '{letter}' is wanted")
    array = _as_array(sides[letter])
    if array.ndim != 2 or len(array) != NUM_AUDIO_ROWS:
        raise CorpusError(f"shape {array.shape} is not ({NUM_AUDIO_ROWS}, steps)")
    return array[list(rows)].T


def _action_units(utterance: str, images: object) -> object:
    """Return the action units of the speaker's images, in the order of their numbers."""
    if not isinstance(images, dict):
        raise CorpusError(f"a dict of images is wanted, not a {type(images).__name__}")
    letter = _SIDES[side_of(utterance)]
    rows = {}
    for name, row in images.items():
        match = _IMAGE.fullmatch(str(name))
        if match is None:
            raise CorpusError(f"'{name}' is not an image's name, such as 'image_L_0'")
        if match[1] == letter:
            numbers = _as_array(row)
            if numbers.ndim != 1 or len(numbers) < NUM_ACTION_UNITS:
                raise CorpusError(f"'{name}' is not a row of at least {NUM_ACTION_UNITS} numbers")
            rows[int(match[2])] = numbers[-NUM_ACTION_UNITS:]
    return [rows[number] for number in sorted(rows)]


def _as_array(value: object, where: str = "") -> NDArray[np.generic]:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise CorpusError(f"{where}rows of one length are wanted: {error}") from error


def _read_mosei_file(path: Path) -> tuple[list[str], dict[str, NDArray[np.generic]]]:
    """Read the ids and (utterances, steps, features) of each modality."""
    content = load_plain_pickle(path)
    if not isinstance(content, dict) or not set(_MOSEI_KEYS) <= set(content):
        held = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise CorpusError(f"'{path}' must be a dict with {', '.join(_MOSEI_KEYS)}; it has: {held}")
    arrays = {key: _as_array(content[key], f"'{path}', {key}: ") for key in _MOSEI_KEYS}
    ids = [i.decode() if isinstance(i, bytes) else str(i) for i in arrays.pop("id").flat]
    for key, array in arrays.items():
        if array.ndim != 3 or len(array) != len(ids):
            raise CorpusError(
                f"'{path}': '{key}' of shape {array.shape} is not ({len(ids)} utterances, steps, "
                "features)"
            )
    return ids, arrays


def _trim(matrix: Matrix) -> Matrix:
    """Cut rows of zeros off both ends, but keep one row."""
    filled = np.flatnonzero(matrix.any(axis=1))
    first, last = (filled[0], filled[-1]) if len(filled) else (0, 0)
    return matrix[first : last + 1].copy()


def _without_gaps(matrices: dict[str, Matrix], where: str) -> dict[str, Matrix]:
    """Give an utterance without rows one row of zeros, and check that all widths agree."""
    widths = {matrix.shape[1]: utterance for utterance, matrix in matrices.items() if len(matrix)}
    if len(widths) > 1:
        seen = ", ".join(f"{width} (utterance '{widths[width]}')" for width in sorted(widths))
        raise CorpusError(f"{where}: the numbers of features differ: {seen}")
    blank = np.zeros((1, next(iter(widths), _EMPTY_WIDTH)), dtype=np.float32)
    return {utterance: matrix if len(matrix) else blank for utterance, matrix in matrices.items()}


def _join(
    text: dict[str, Matrix], audio: dict[str, Matrix], vision: dict[str, Matrix]
) -> dict[str, Handcrafted]:
    return {
        utterance: Handcrafted(text[utterance], audio[utterance], vision[utterance])
        for utterance in text
        if utterance in audio and utterance in vision
    }
