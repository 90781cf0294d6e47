"""A corpus of drawn, talking faces with planted effects; `docs/synthetic.md` tells their sizes.

An utterance is drawn from the labels outwards: labels -> cues of each modality -> words, sounds and
expressions. Cues are few and discrete, so the best reachable scores follow by enumeration
(`corpora.synthetic.reachable`).
"""

import csv
import hashlib
import multiprocessing
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from corpora.source.names import SYNTHETIC_NAMES
from corpora.source.task import TaskKind
from corpora.synthetic.clip import FRAME_RATE_FPS, write_clip
from corpora.synthetic.face import (
    EXPRESSIONS,
    NEUTRAL,
    Expression,
    Speaker,
    draw_frames,
    draw_speaker,
)
from corpora.synthetic.forms import EMOTIONS, FORMS, PRIORS
from corpora.synthetic.sentence import write_sentence
from corpora.synthetic.voice import CHUNK_SAMPLES, RATE_HZ, SOUNDS, draw_voice, mouth_openings

MODALITIES = ("text", "audio", "vision")
HIT_RATES: dict[str, tuple[float, ...]] = {  # P(cue | its emotion), in the order of EMOTIONS
    "text": (0.40, 0.40, 0.85, 0.50, 0.40, 0.85),
    "audio": (0.90, 0.30, 0.50, 0.30, 0.85, 0.40),
    "vision": (0.50, 0.90, 0.40, 0.90, 0.50, 0.50),
}
FALSE_ALARM_RATE = 0.04  # P(cue | not its emotion)
MAX_CUES = 2  # of a modality in one utterance; more than these are thinned out at random
REVERSED = (0, 3, 2, 1, 4, 5)  # whose cue a reversed face shows: happy <-> disgust
NUM_FRAMES = (11, 12, 13, 14, 15, 17, 18, 19, 20)  # no whole seconds
MAX_SLOTS_PER_CUE = 2  # chunks that one sound fills, sampled frames that one expression fills
SPLIT_SHARES = {"test": 0.40, "valid": 0.15}  # train is the rest
MAX_DRAWS = 20_000


class SyntheticConfig(BaseModel, frozen=True, extra="forbid"):
    """What a synthetic corpus depends on."""

    num_utterances: int = Field(default=1000, ge=24)
    num_speakers: int = Field(default=8, ge=1)
    reversal_rate: float = Field(default=0.4, ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    generator: Literal[2] = 2
    """Version of the generator: raised whenever the same config would give other clips."""
    task: TaskKind = Field(default="multilabel", exclude_if=lambda task: task == "multilabel")


DEFAULT = SyntheticConfig()


def synthetic_config(name: str) -> SyntheticConfig:
    """Return the default settings of the synthetic corpus with this name."""
    return SyntheticConfig(task=SYNTHETIC_NAMES[name])


def synthetic_digest(config: SyntheticConfig = DEFAULT) -> str:
    """Hash what decides the clips and labels; all machines get the same hash."""
    return hashlib.sha256(config.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True)
class PlannedClip:
    """All that is decided about an utterance before anything is drawn; cues index EMOTIONS.

    `labels` are its emotions, 0 or 1 each, also where the corpus has another form.
    """

    index: int
    labels: tuple[int, ...]
    split: str
    speaker: int
    reversing: bool
    cues: dict[str, tuple[int, ...]]
    num_frames: int

    @property
    def name(self) -> str:
        """The utterance's id."""
        return f"syn{self.index:04d}"

    @property
    def duration_s(self) -> float:
        """Length of picture and sound."""
        return self.num_frames / FRAME_RATE_FPS


# Drawing utterances


def plan_clips(config: SyntheticConfig) -> list[PlannedClip]:
    """Draw the labels, splits and cues of all utterances.

    Raises:
        ValueError: If there are too few utterances to have every emotion in every split.
    """
    for draw in range(MAX_DRAWS):
        generator = np.random.default_rng((config.seed, _DRAWS, 0, draw))
        labels = _draw_emotions(config, generator)
        splits = deal_splits(labels)
        if _is_complete(labels, splits):
            return [
                _plan_clip(index, row, split, config)
                for index, (row, split) in enumerate(zip(labels, splits, strict=True))
            ]
    raise ValueError(
        f"num_utterances={config.num_utterances} is too few for every emotion in every split"
    )


def _draw_emotions(config: SyntheticConfig, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw the emotions of all utterances: one each, or each for itself."""
    if config.task == "multiclass":
        form = FORMS[config.task]
        return form.patterns[generator.choice(len(form.prior), config.num_utterances, p=form.prior)]
    return (generator.random((config.num_utterances, len(EMOTIONS))) < PRIORS).astype(int)


def deal_splits(labels: NDArray[np.int64]) -> list[str]:
    """Deal utterances to splits so that each has its share of every emotion.

    The positives of the rarest emotion are dealt first, each to the split that lacks most of them;
    then those of the next (iterative stratification, Sechidis et al. 2011).

    Shapes:
        labels: (utterances, K)
    """
    room = {split: round(share * len(labels)) for split, share in SPLIT_SHARES.items()}
    room["train"] = len(labels) - sum(room.values())
    lacking = {split: labels.sum(0) * count / len(labels) for split, count in room.items()}
    splits = [""] * len(labels)
    order = np.argsort(labels.sum(0), kind="stable")
    groups = [np.flatnonzero(labels[:, emotion]) for emotion in order]
    for emotion, group in [*zip(order, groups, strict=True), (order[0], range(len(labels)))]:
        for index in group:
            if not splits[index]:
                free = [split for split in room if room[split]]
                split = max(free, key=lambda name: (lacking[name][emotion], room[name]))
                splits[index] = split
                room[split] -= 1
                lacking[split] = lacking[split] - labels[index]
    return splits


def _is_complete(labels: NDArray[np.int64], splits: Sequence[str]) -> bool:
    """Tell whether every split has a positive and a negative of every emotion."""
    parts = [labels[np.array(splits) == split] for split in ("train", "valid", "test")]
    return all(len(part) and part.any(0).all() and not part.all(0).any() for part in parts)


def _plan_clip(
    index: int, labels: NDArray[np.int64], split: str, config: SyntheticConfig
) -> PlannedClip:
    generator = _generator(config, "plan", index)
    reversing = bool(generator.random() < config.reversal_rate)
    seen = {"text": labels, "audio": labels, "vision": labels[list(REVERSED)]}
    return PlannedClip(
        index=index,
        labels=tuple(labels.tolist()),
        split=split,
        speaker=int(generator.integers(config.num_speakers)),
        reversing=reversing,
        cues={
            modality: _draw_cues(
                seen[modality] if reversing else labels, HIT_RATES[modality], generator
            )
            for modality in MODALITIES
        },
        num_frames=NUM_FRAMES[generator.integers(len(NUM_FRAMES))],
    )


def _draw_cues(
    labels: NDArray[np.int64], hit_rates: Sequence[float], generator: np.random.Generator
) -> tuple[int, ...]:
    active = generator.random(len(labels)) < np.where(labels == 1, hit_rates, FALSE_ALARM_RATE)
    cues = np.flatnonzero(active)
    return tuple(sorted(generator.permutation(cues)[:MAX_CUES].tolist()))


_STREAMS = ("plan", "speakers", "text", "audio", "vision")
_DRAWS = 1  # raised if other labels and cues shall be drawn; a newer generator may keep them


def _generator(config: SyntheticConfig, stream: str, index: int = 0) -> np.random.Generator:
    """Give each utterance and purpose its own random numbers, so that the order has no effect."""
    key = (config.seed, _DRAWS, 1 + _STREAMS.index(stream), index)
    return np.random.default_rng(key)


# Rendering


def num_moments(num_frames: int) -> int:
    """Count the sampled frames of a clip: at 0 s, 1 s, 2 s, ... before its end."""
    return -(-num_frames // FRAME_RATE_FPS)


def slots_per_cue(num_cues: int, num_slots: int) -> int:
    """Count the frames or chunks of each cue; one is left neutral if that is possible."""
    return max(1, min(MAX_SLOTS_PER_CUE, (num_slots - 1) // max(num_cues, 1)))


def draw_speakers(config: SyntheticConfig) -> list[Speaker]:
    """Draw the people of the corpus."""
    return [
        draw_speaker(_generator(config, "speakers", index)) for index in range(config.num_speakers)
    ]


def draw_sound_track(
    clip: PlannedClip, speaker: Speaker, config: SyntheticConfig
) -> tuple[NDArray[np.float32], list[int | None]]:
    """Return a clip's voice and the cue of each of its full chunks."""
    generator = _generator(config, "audio", clip.index)
    num_samples = clip.num_frames * RATE_HZ // FRAME_RATE_FPS
    slots = _scatter(clip.cues["audio"], num_samples // CHUNK_SAMPLES, generator)
    sounds = [None if cue is None else SOUNDS[EMOTIONS[cue]] for cue in slots]
    return draw_voice(speaker.pitch_hz, sounds, num_samples, generator), slots


def draw_picture_track(
    clip: PlannedClip, speaker: Speaker, openings: Sequence[float], config: SyntheticConfig
) -> tuple[list[NDArray[np.uint8]], list[int | None]]:
    """Return a clip's frames and the cue of each of its sampled frames.

    The face shows the cue of a full second from half a second before it to half a second after it.
    """
    generator = _generator(config, "vision", clip.index)
    slots = _scatter(clip.cues["vision"], num_moments(clip.num_frames), generator)
    shown: list[Expression] = [
        NEUTRAL if cue is None else EXPRESSIONS[EMOTIONS[cue]] for cue in slots
    ]
    half = FRAME_RATE_FPS // 2
    moments = [
        min((frame + half) // FRAME_RATE_FPS, len(shown) - 1) for frame in range(clip.num_frames)
    ]
    return draw_frames(speaker, [shown[m] for m in moments], openings, generator), slots


def _scatter(
    cues: Sequence[int], num_slots: int, generator: np.random.Generator
) -> list[int | None]:
    """Give each cue slots of its own at random."""
    slots: list[int | None] = [None] * num_slots
    shown = [cue for cue in cues for _ in range(slots_per_cue(len(cues), num_slots))]
    for cue, slot in zip(shown, generator.permutation(num_slots), strict=False):
        slots[slot] = cue
    return slots


def write_synthetic(
    folder: Path, config: SyntheticConfig = DEFAULT, *, num_workers: int = 1
) -> None:
    """Write `clips.csv` and an mp4 for each utterance; `num_workers` does not change the bytes."""
    (folder / "media").mkdir(parents=True)
    clips = plan_clips(config)
    _write_csv(folder / "clips.csv", clips, config)
    write = partial(_write_media, folder=folder, config=config)
    if num_workers == 1:
        _exhaust(map(write, clips))
        return
    # A forked child of a process that runs threads (torch) may hang.
    context = multiprocessing.get_context("spawn")
    leave_interrupts = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)  # to the parent
    with ProcessPoolExecutor(num_workers, context, initializer=leave_interrupts) as pool:
        with _main_that_is_not_run_again():
            results = pool.map(write, clips, chunksize=4)
        _exhaust(results)


@contextmanager
def _main_that_is_not_run_again() -> Iterator[None]:
    """Let processes that are started meanwhile know nothing of the program's main file.

    Each would run it once more. A user's script that calls us from its top level would then wait
    for itself.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _exhaust(results: Iterable[None]) -> None:
    for _ in results:
        pass


def _write_csv(path: Path, clips: Sequence[PlannedClip], config: SyntheticConfig) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        form = FORMS[config.task]
        writer.writerow(
            ["utterance", "file", "start", "end", "text", "split", "speaker", *form.columns]
        )
        for clip in clips:
            text = write_sentence(
                [EMOTIONS[cue] for cue in clip.cues["text"]],
                reversing=clip.reversing,
                generator=_generator(config, "text", clip.index),
            )
            media, speaker = f"media/{clip.name}.mp4", f"speaker{clip.speaker}"
            cells = [clip.name, media, 0, clip.duration_s, text, clip.split, speaker]
            writer.writerow([*cells, *form.cells(clip.labels)])


def _write_media(clip: PlannedClip, *, folder: Path, config: SyntheticConfig) -> None:
    speaker = draw_speakers(config)[clip.speaker]
    wave, _ = draw_sound_track(clip, speaker, config)
    openings = mouth_openings(wave, FRAME_RATE_FPS)
    frames, _ = draw_picture_track(clip, speaker, openings, config)
    write_clip(folder / "media" / f"{clip.name}.mp4", frames, wave)
