"""Lays utterances out as CMU-MOSEI's raw release, with what is odd about it."""

import csv
from collections.abc import Sequence
from pathlib import Path

from corpora.mosei.labels import ANSWER_COLUMNS, CLIP_COLUMN, SENTIMENT_COLUMN, VIDEO_COLUMN
from corpora.synthetic.clip import write_clip
from tests.corpora.laid_tracks import frames_of, hum, wave_of, write_wav
from tests.corpora.laid_utterances import LaidUtterance, groups_of

ANNOTATORS = ("Batch_1.csv", "Batch_2.csv")


def write_raw_mosei(
    folder: Path, utterances: Sequence[LaidUtterance], *, media: bool = True
) -> Path:
    """Write `Raw` into a folder; without `media`, its sound and videos are empty files."""
    raw = folder / "Raw"
    for part in ("Labels", "Transcript/Segmented/Combined", "Audio/Full/WAV_16000"):
        (raw / part).mkdir(parents=True, exist_ok=True)
    (raw / "Videos/Full/Combined").mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(ANNOTATORS):
        write_answers(raw / "Labels" / name, utterances, annotator=number)
    (raw / "Labels" / "._Batch_1.csv").write_bytes(b"\x00\x05\x16\x07")
    for video, group in groups_of(list(utterances)).items():
        transcript = raw / "Transcript/Segmented/Combined" / f"{video}.txt"
        transcript.write_text("".join(map(transcript_line, group)), encoding="utf-8")
        wav = raw / "Audio/Full/WAV_16000" / f"{video}.wav"
        mp4 = raw / "Videos/Full/Combined" / f"{video}.mp4"
        if media:
            spoken = wave_of(group)
            write_wav(wav, spoken, hum(len(spoken)))
            write_clip(mp4, frames_of(group), hum(len(spoken)))
        else:
            wav.touch()
            mp4.touch()
    return folder


def transcript_line(utterance: LaidUtterance) -> str:
    video, clip = utterance.id.rsplit("_", 1)
    return f"{video}___{clip}___{utterance.start_s}___{utterance.end_s}___{utterance.text} \n"


def write_answers(path: Path, utterances: Sequence[LaidUtterance], *, annotator: int) -> None:
    """Write what one annotator answered: every emotion is seen by one of the two.

    The sentiment of utterance n is n % 3 to the first, and -2 to the second.
    """
    columns = [f"Answer.extra{annotator}", VIDEO_COLUMN, CLIP_COLUMN]
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, [*columns, SENTIMENT_COLUMN, *ANSWER_COLUMNS])
        writer.writeheader()
        for number, utterance in enumerate(utterances):
            video, clip = utterance.id.rsplit("_", 1)
            answers = [
                3 * label if index % 2 == annotator else 0
                for index, label in enumerate(utterance.labels)
            ]
            sentiment = -2 if annotator else number % 3
            cells = ("1", f"videos/{video}", clip)
            writer.writerow(
                dict(zip(columns, cells, strict=True))
                | {SENTIMENT_COLUMN: sentiment}
                | dict(zip(ANSWER_COLUMNS, answers, strict=True))
            )
