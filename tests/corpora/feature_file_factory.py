"""Small feature files: folders of arrays, and pickles as MMSA gives them out."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from corpora.source.split import SPLITS
from tests.corpora.dai_feature_factory import write_pickle
from tests.corpora.media_factory import write_csv

WIDTHS = {"text": 6, "audio": 5, "vision": 4}
NUM_STEPS = {"text": 3, "audio": 7, "vision": 2}
"""The widths and the lengths of what is written."""

Matrix = NDArray[np.float32]


class Hostile:
    """An object whose pickle makes a folder when it is loaded as pickles usually are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.folder),)


def label_lines(*, per_split: int = 4) -> list[dict[str, object]]:
    """List utterances: both emotions, with and without, in every split."""
    return [
        {
            "utterance": f"{split}{index}",
            "split": split,
            "speaker": f"{split} speaker {index % 3}",
            "happy": index % 2,
            "sad": index // 2 % 2,
        }
        for split in SPLITS
        for index in range(per_split)
    ]


def features_of(name: str, modality: str) -> Matrix:
    """Make the features of an utterance; no two are alike."""
    seed = sum(name.encode()) + 1000 * list(WIDTHS).index(modality)
    shape = NUM_STEPS[modality], WIDTHS[modality]
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def write_array(path: Path, values: object) -> Path:
    """Write an array in the form that its ending names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".npy":
            np.save(path, np.asarray(values))
        case ".npz":
            np.savez(path, features=np.asarray(values))
        case _:
            torch.save(torch.as_tensor(values), path)
    return path


def write_array_folder(
    folder: Path,
    lines: list[dict[str, object]] | None = None,
    *,
    modalities: Mapping[str, str] = {"text": ".npy", "audio": ".npz", "vision": ".pt"},
) -> Path:
    """Write `labels.csv` and a file for each utterance and modality, with its ending."""
    lines = label_lines() if lines is None else lines
    write_csv(folder / "labels.csv", lines)
    for modality, suffix in modalities.items():
        for line in lines:
            name = str(line["utterance"])
            write_array(folder / modality / f"{name}{suffix}", features_of(name, modality))
    return folder


NUM_PADDED = 8
"""The length to which MMSA pads here."""

MMSA_WORDS = 3
"""The tokens of each text."""


def mmsa_split(split: str, *, num: int = 4) -> dict[str, object]:
    """Make a split as in `unaligned_50.pkl`."""
    padded = {
        modality: np.zeros((num, NUM_PADDED, width), np.float32)
        for modality, width in WIDTHS.items()
    }
    for modality, array in padded.items():
        for row in range(num):
            values = features_of(f"{split}{row}", modality)
            array[row, : len(values)] = values
    tokens = np.zeros((num, 3, NUM_PADDED), np.int64)
    tokens[:, 1, :MMSA_WORDS] = 1
    numbers = np.linspace(-3, 3, num).astype(np.float32)
    return {
        **padded,
        "id": [f"{split}Video{row // 2}$_${row}" for row in range(num)],
        "raw_text": np.array([f"THIS IS NUMBER {row}" for row in range(num)]),
        "text_bert": tokens,
        "annotations": ["Negative", "Neutral", "Positive", "Positive"][:num],
        "classification_labels": np.arange(num) % 3,
        "regression_labels": numbers,
        "audio_lengths": [NUM_STEPS["audio"]] * num,
        "vision_lengths": [NUM_STEPS["vision"]] * num,
    }


def write_mmsa(path: Path, changes: Mapping[str, Mapping[str, object]] | None = None) -> Path:
    """Write a file as `unaligned_50.pkl`; `changes` replace keys of a split, None removes one."""
    content: dict[str, dict[str, object]] = {split: mmsa_split(split) for split in SPLITS}
    for split, of_split in (changes or {}).items():
        content[split] |= of_split
        content[split] = {k: v for k, v in content[split].items() if v is not None}
    write_pickle(path, content)
    return path
