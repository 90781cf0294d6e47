"""Lays utterances out as MELD's raw release, with what is odd about it."""

import csv
from collections.abc import Sequence
from pathlib import Path

from corpora.meld.labels import LABEL_SETS
from corpora.synthetic.clip import write_clip
from tests.corpora.laid_utterances import MELD_PARTS, LaidUtterance

VIDEOS = {
    "train": "train/train_splits",
    "dev": "dev_splits_complete",
    "test": "output_repeated_splits_test",
}
"""The archive of train brings a folder of its own; its CSV is in there, too."""

CSVS = {
    "train": "train/train_sent_emo.csv",
    "dev": "dev_sent_emo.csv",
    "test": "test_sent_emo.csv",
}
EMOTIONS = LABEL_SETS["emotion"].space.names
SENTIMENT = {"joy": "positive", "surprise": "positive", "neutral": "neutral"}
"""Of the other emotions it is negative."""


def write_raw_meld(folder: Path, utterances: Sequence[LaidUtterance]) -> Path:
    """Write `MELD.Raw` into a folder."""
    raw = folder / "MELD.Raw"
    for part in MELD_PARTS.values():
        (raw / VIDEOS[part]).mkdir(parents=True, exist_ok=True)
        of_part = [each for each in utterances if each.id.startswith(f"{part}_")]
        write_lines(raw / CSVS[part], [*map(line_of, range(len(of_part)), of_part)])
        for each in of_part:
            video = raw / VIDEOS[part] / f"{each.id.partition('_')[2]}.mp4"
            write_clip(video, each.frames, each.wave)
    (raw / VIDEOS["test"] / "._dia0_utt0.mp4").write_bytes(b"\x00\x05\x16\x07")
    (raw / VIDEOS["test"] / "final_videos_testdia93_utt5.mp4").write_bytes(b"a copy")
    return folder


def line_of(number: int, utterance: LaidUtterance) -> dict[str, object]:
    _, dialogue, turn = utterance.id.split("_")
    emotion = EMOTIONS[utterance.labels.index(1)]
    return {
        "Sr No.": number + 1,
        "Utterance": utterance.text,
        "Speaker": utterance.speaker,
        "Emotion": emotion,
        "Sentiment": SENTIMENT.get(emotion, "negative"),
        "Dialogue_ID": dialogue.removeprefix("dia"),
        "Utterance_ID": turn.removeprefix("utt"),
        "Season": 8,
        "Episode": 21,
        "StartTime": "00:16:16,059",
        "EndTime": "00:16:21,731",
    }


def write_lines(path: Path, lines: Sequence[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def read_lines(path: Path) -> list[dict[str, object]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [dict(line) for line in csv.DictReader(file)]
