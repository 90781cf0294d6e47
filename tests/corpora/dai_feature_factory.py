"""Small feature files in the layout of Dai et al.'s release."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from corpora.source.split import SPLITS, Split

IEMOCAP_IDS: dict[Split, tuple[str, ...]] = {
    "train": ("Ses01F_impro01_F000", "Ses01F_impro01_M001"),
    "valid": ("Ses02M_script01_1_M000",),
    "test": ("Ses05M_script03_2_F012",),
}
MOSEI_IDS: dict[Split, tuple[str, ...]] = {
    "train": ("-3g5yACwYnA_0", "video_1_2"),
    "valid": ("video_2_0",),
    "test": ("video_3_0",),
}
NUM_IMAGES = 12
OPENFACE_NUMBERS = 40


def word_vectors(num_words: int) -> list[np.ndarray]:
    """List the vectors of a sentence; all of word k's numbers are k + 1."""
    return [np.full(300, word + 1.0) for word in range(num_words)]


def acoustic_sides(num_steps: int = 3) -> dict[str, np.ndarray]:
    """Make (763, T) a side: row + step / 10, and 1000 more on the right."""
    left = np.arange(763.0)[:, None] + np.arange(num_steps) / 10
    return {"L": left, "R": left + 1000}


def openface_rows() -> dict[str, np.ndarray]:
    """Make a row an image, in the order of their names as text; its last 35 numbers are equal.

    They are the image's number, and 1000 more on the right; the numbers before are -1.
    """
    names = sorted(f"image_{side}_{k}" for side in "LR" for k in range(NUM_IMAGES))
    rows = {}
    for name in names:
        _, side, number = name.split("_")
        row = np.full(OPENFACE_NUMBERS, -1.0)
        row[-35:] = int(number) + (1000 if side == "R" else 0)
        rows[name] = row
    return rows


def write_iemocap(
    folder: Path,
    changes: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
    *,
    protocol: int = 4,
) -> Path:
    """Write all nine files; `changes` replace single utterances in "text", "audio" or "video"."""
    for split in SPLITS:
        ids = IEMOCAP_IDS[split]
        contents: dict[str, dict[str, object]] = {
            "text": {utterance: word_vectors(2) for utterance in ids},
            "audio": {utterance: acoustic_sides() for utterance in ids},
            "video": {utterance: openface_rows() for utterance in ids},
        }
        for kind, content in contents.items():
            mine = {key: value for key, value in changes.get(kind, {}).items() if key in ids}
            write_pickle(
                folder / "IEMOCAP_HCF_FEATURES" / f"{split}_{kind}_features.pt",
                content | mine,
                protocol=protocol,
            )
    return folder


def padded(rows: Sequence[float], *, before: int, after: int, width: int) -> np.ndarray:
    """Make (steps, width), each row of one number, between rows of zeros."""
    numbers = [*[0.0] * before, *rows, *[0.0] * after]
    return np.repeat(np.array(numbers, dtype=np.float32)[:, None], width, axis=1)


def write_mosei(folder: Path, **changes: object) -> Path:
    """Write all three files: 2 words, 3 steps of sound, 4 of vision; `changes` replace arrays."""
    for split in SPLITS:
        ids = MOSEI_IDS[split]
        content = {
            "id": np.array(ids),
            "text": np.stack([padded([1, 2], before=0, after=3, width=6) for _ in ids]),
            "audio": np.stack([padded([3, 0, 4], before=4, after=0, width=5) for _ in ids]),
            "vision": np.stack([padded([5, 6, 7, 8], before=1, after=2, width=4) for _ in ids]),
            "label": np.zeros((len(ids), 1, 1)),
        }
        write_pickle(
            folder / "MOSEI_HCF_FEATURES" / f"mosei_senti_hcf_{split}.pkl", content | changes
        )
    return folder


def write_pickle(path: Path, content: object, *, protocol: int = 4) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol))
