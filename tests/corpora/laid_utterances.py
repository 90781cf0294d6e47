"""Utterances with known faces, voices and words, from which releases are laid out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from corpora.source.split import SPLITS, Split
from corpora.synthetic.clip import FRAME_RATE_FPS
from corpora.synthetic.corpus import (
    PlannedClip,
    SyntheticConfig,
    draw_picture_track,
    draw_sound_track,
    draw_speakers,
    plan_clips,
)
from corpora.synthetic.face import NEUTRAL, draw_frames
from corpora.synthetic.forms import EMOTIONS
from corpora.synthetic.sentence import write_sentence
from corpora.synthetic.voice import RATE_HZ, mouth_openings

NUM_SESSIONS, NUM_SPLITS = 5, len(SPLITS)
MELD_PARTS: dict[Split, str] = {"train": "train", "valid": "dev", "test": "test"}
NUM_MELD_EMOTIONS, MELD_SPEAKERS = 7, ("Phoebe", "Joey")
CONFIG = SyntheticConfig(num_utterances=NUM_SESSIONS * len(EMOTIONS), num_speakers=10)
VIDEOS: dict[Split, tuple[str, ...]] = {
    "train": ("-3g5yACwYnA", "_7HVhnSYX1Y"),
    "valid": ("101787", "a__b_"),
    "test": ("--qXJuDtHPw", "06st0Ez_E_I"),
}
GAP_S = 0.5
"""Silence before every utterance of a dialogue or video; what is shown there is black."""


@dataclass(frozen=True)
class LaidUtterance:
    """One utterance: what its speaker shows at FRAME_RATE_FPS, and says at RATE_HZ."""

    id: str
    group: str
    speaker: str | None
    labels: tuple[int, ...]
    split: Split
    text: str
    start_s: float
    frames: tuple[NDArray[np.uint8], ...]
    wave: NDArray[np.float32]
    listener: NDArray[np.uint8]
    """What the other actor shows meanwhile."""

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.frames) / FRAME_RATE_FPS


Track = tuple[tuple[NDArray[np.uint8], ...], NDArray[np.float32], NDArray[np.uint8]]


@cache
def drawn(index: int) -> Track:
    """Draw a talking face with its voice, and a silent listener."""
    clip, speakers = plan()[index], draw_speakers(CONFIG)
    speaker, listener = speakers[index % 10], speakers[(index + 5) % 10]
    wave, _ = draw_sound_track(clip, speaker, CONFIG)
    openings = mouth_openings(wave, FRAME_RATE_FPS)
    frames, _ = draw_picture_track(clip, speaker, openings, CONFIG)
    (still,) = draw_frames(listener, [NEUTRAL], [0.0], np.random.default_rng(index))
    return tuple(frames), wave, still


def plain(index: int) -> Track:
    """Make the cheapest media that can be told apart: grey pictures and noise."""
    generator = np.random.default_rng(index)
    grey = generator.integers(0, 255, (12, 1, 1, 3))
    frames = np.broadcast_to(grey, (12, 16, 16, 3)).astype(np.uint8)
    wave = generator.uniform(-0.5, 0.5, 12 * RATE_HZ // FRAME_RATE_FPS).astype(np.float32)
    return tuple(frames), wave, 255 - frames[0]


@cache
def plan() -> list[PlannedClip]:
    return plan_clips(CONFIG)


def text_of(index: int) -> str:
    cues = [EMOTIONS[cue] for cue in plan()[index].cues["text"]]
    return write_sentence(cues, reversing=False, generator=np.random.default_rng(index))


def iemocap_utterances(make: Callable[[int], Track] = plain) -> list[LaidUtterance]:
    """Lay out a dialogue a session: every emotion in each session, and in each split."""
    utterances = []
    for session in range(1, NUM_SESSIONS + 1):
        wearer = "FM"[session % 2]
        dialogue = f"Ses0{session}{wearer}_" + ("impro01" if session % 2 else "script01_1b")
        start_s = GAP_S
        for emotion in range(len(EMOTIONS)):
            gender = "FM"[emotion % 2]
            frames, wave, listener = make((session - 1) * len(EMOTIONS) + emotion)
            utterances.append(
                LaidUtterance(
                    id=f"{dialogue}_{gender}{emotion:03d}",
                    group=dialogue,
                    speaker=f"Ses0{session}{gender}",
                    labels=tuple(int(emotion == other) for other in range(len(EMOTIONS))),
                    split=SPLITS[(session + emotion) % NUM_SPLITS],
                    text=text_of((session - 1) * len(EMOTIONS) + emotion),
                    start_s=start_s,
                    frames=frames,
                    wave=wave,
                    listener=listener,
                )
            )
            start_s = utterances[-1].end_s + GAP_S
    return utterances


def mosei_utterances(make: Callable[[int], Track] = plain) -> list[LaidUtterance]:
    """Lay out two videos a split, with several labels an utterance."""
    ends_s: dict[str, float] = {}
    counts: dict[str, int] = {}
    utterances = []
    for index, clip in enumerate(plan()):
        split = SPLITS[SPLITS.index(clip.split)]
        video = VIDEOS[split][index % 2]
        frames, wave, listener = make(index)
        utterances.append(
            LaidUtterance(
                id=f"{video}_{counts.get(video, 0)}",
                group=video,
                speaker=None,
                labels=clip.labels,
                split=split,
                text=text_of(index),
                start_s=ends_s.get(video, 0.0) + GAP_S,
                frames=frames,
                wave=wave,
                listener=listener,
            )
        )
        counts[video] = counts.get(video, 0) + 1
        ends_s[video] = utterances[-1].end_s
    return utterances


def meld_utterances(make: Callable[[int], Track] = plain) -> list[LaidUtterance]:
    """Lay out dialogues of four, the same speakers in all splits; every emotion in each split."""
    utterances = []
    for index in range(CONFIG.num_utterances):
        place, split = index // NUM_SPLITS, SPLITS[index % NUM_SPLITS]
        dialogue, turn = divmod(place, 4)
        frames, wave, listener = make(index)
        utterances.append(
            LaidUtterance(
                id=f"{MELD_PARTS[split]}_dia{dialogue}_utt{turn}",
                group=f"{MELD_PARTS[split]}_dia{dialogue}",
                speaker=MELD_SPEAKERS[turn % 2],
                labels=tuple(
                    int(place % NUM_MELD_EMOTIONS == other) for other in range(NUM_MELD_EMOTIONS)
                ),
                split=split,
                text=text_of(index),
                start_s=0.0,
                frames=frames,
                wave=wave,
                listener=listener,
            )
        )
    return utterances


def groups_of(utterances: list[LaidUtterance]) -> dict[str, list[LaidUtterance]]:
    """Gather the utterances of each dialogue or video."""
    groups: dict[str, list[LaidUtterance]] = {}
    for utterance in utterances:
        groups.setdefault(utterance.group, []).append(utterance)
    return groups
