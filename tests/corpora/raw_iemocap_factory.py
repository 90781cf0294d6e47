"""Lays utterances out as IEMOCAP's full release, with what is odd about it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.iemocap.ids import side_of
from corpora.iemocap.turn import IEMOCAP_EMOTIONS
from corpora.synthetic.clip import FRAME_RATE_FPS
from corpora.synthetic.voice import RATE_HZ
from tests.corpora.laid_tracks import frames_of, hum, wave_of, write_avi, write_wav
from tests.corpora.laid_utterances import LaidUtterance, groups_of

APPLE_DOUBLE = b"\x00\x05\x16\x07\xff\xfe Mac OS X"


def write_raw_iemocap(
    folder: Path, utterances: Sequence[LaidUtterance], *, media: bool = True
) -> Path:
    """Write the release; without `media`, its sound and pictures are empty files."""
    for name, group in groups_of(list(utterances)).items():
        dialog = folder / f"Session{name[4]}" / "dialog"
        for part in ("EmoEvaluation/Categorical", "transcriptions", "wav", "avi/DivX"):
            (dialog / part).mkdir(parents=True, exist_ok=True)
        (dialog / "EmoEvaluation" / f"{name}.txt").write_bytes(_evaluations(group))
        (dialog / "EmoEvaluation/Categorical" / f"{name}_e1_cat.txt").write_text("[0 - 1]\tx\ty\n")
        (dialog / "transcriptions" / f"{name}.txt").write_bytes(_transcripts(name, group))
        for part in ("EmoEvaluation", "transcriptions"):
            (dialog / part / f"._{name}.txt").write_bytes(APPLE_DOUBLE)
        (dialog / "avi/DivX" / f"._{name}.avi").write_bytes(APPLE_DOUBLE)
        wav, avi = dialog / "wav" / f"{name}.wav", dialog / "avi/DivX" / f"{name}.avi"
        if media:
            write_wav(wav, *_channels(group))
            write_avi(avi, _side_by_side(group))
        else:
            wav.touch()
            avi.touch()
    return folder


def write_split_lists(folder: Path, utterances: Sequence[LaidUtterance]) -> Path:
    """Write an id list for every split; with a blank line, and one of them with DOS line ends."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "valid", "test"):
        ids = [utterance.id for utterance in utterances if utterance.split == split]
        end = "\r\n" if split == "valid" else "\n"
        text = end.join([*ids, "", ""])
        (folder / f"{split}_split.txt").write_bytes(text.encode())
    return folder


def _evaluations(group: Sequence[LaidUtterance]) -> bytes:
    lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    for utterance in group:
        label = IEMOCAP_EMOTIONS[utterance.labels.index(1)]
        span = f"[{utterance.start_s:.4f} - {utterance.end_s:.4f}]"
        lines += [f"{span}\t{utterance.id}\t{label}\t[2.5, 2.5, 2.5]", "C-E2:\tNeutral;\t()", ""]
    lines += [
        f"[0.1000 - 0.4000]\t{group[0].group}_F900\txxx\t[2.5, 2.5, 2.5]",
        f"[0.1000 - 0.4000]\t{group[0].group}_M901\tsur\t[2.5, 2.5, 2.5]",
    ]
    return "\n".join(lines).encode()


def _transcripts(name: str, group: Sequence[LaidUtterance]) -> bytes:
    lines = [
        f"{utterance.id} [{utterance.start_s:08.4f}-{utterance.end_s:08.4f}]: {utterance.text}"
        for utterance in group
    ]
    lines += [
        f"{name}_F900 [000.1000-000.4000]: Mm-hm.",
        f"{name}_M901 [000.1000-000.4000]: Oh!",
        f"{name}_FXX0 [000.1000-000.2000]: [BREATHING]",
        f"{name}_FXX0 [000.3000-000.4000]: Well.",
        "M: [LAUGHTER]",
        "",
    ]
    return "\r\n".join(lines).encode()


def _channels(group: Sequence[LaidUtterance]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Put each speaker's voice on the speaker's side, and a hum on the other."""
    spoken = wave_of(group)
    left, right = hum(len(spoken)), hum(len(spoken))
    for utterance in group:
        begin = round(utterance.start_s * RATE_HZ)
        span = slice(begin, begin + len(utterance.wave))
        (left if side_of(utterance.id) == "left" else right)[span] = spoken[span]
    return left, right


def _side_by_side(group: Sequence[LaidUtterance]) -> list[NDArray[np.uint8]]:
    frames = frames_of(group)
    pictures = [np.concatenate([frame, frame], axis=1) for frame in frames]
    for utterance in group:
        begin = round(utterance.start_s * FRAME_RATE_FPS)
        for index, frame in enumerate(utterance.frames):
            pair = [frame, utterance.listener]
            in_order = pair if side_of(utterance.id) == "left" else pair[::-1]
            pictures[begin + index] = np.concatenate(in_order, axis=1)
    return pictures
