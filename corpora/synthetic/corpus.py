"""A corpus of drawn, talking faces with planted effects; `docs/synthetic.md` tells their sizes.

An utterance is drawn from the labels outwards: labels -> cues of each modality -> words, sounds and
expressions. Cues are few and discrete, so the best reachable scores follow by enumeration.
"""

import csv
import hashlib
import itertools
import multiprocessing
import signal
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from corpora.synthetic.best_scores import METRICS, BestScores, best_scores_of
from corpora.synthetic.clip import FRAME_RATE_FPS, write_clip
from corpora.synthetic.face import (
    EXPRESSIONS,
    NEUTRAL,
    Expression,
    Speaker,
    draw_frames,
    draw_speaker,
)
from corpora.synthetic.sentence import write_sentence
from corpora.synthetic.voice import CHUNK_SAMPLES, RATE_HZ, SOUNDS, draw_voice, mouth_openings

MODALITIES = ("text", "audio", "vision")
EMOTIONS: tuple[str, ...] = ("anger", "disgust", "fear", "happy", "sad", "surprise")
PRIORS = (0.22, 0.18, 0.12, 0.40, 0.27, 0.13)
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

LABELS: NDArray[np.int64] = np.array(list(itertools.product((0, 1), repeat=len(EMOTIONS))))
CUE_SETS: tuple[tuple[int, ...], ...] = tuple(
    cues
    for count in range(MAX_CUES + 1)
    for cues in itertools.combinations(range(len(EMOTIONS)), count)
)
Table = NDArray[np.float64]


class SyntheticConfig(BaseModel, frozen=True, extra="forbid"):
    """What a synthetic corpus depends on."""

    num_utterances: int = Field(default=1000, ge=24)
    num_speakers: int = Field(default=8, ge=1)
    reversal_rate: float = Field(default=0.4, ge=0, le=1)
    seed: int = Field(default=0, ge=0)
    generator: Literal[2] = 2
    """Version of the generator: raised whenever the same config would give other clips."""


def synthetic_digest() -> str:
    """Hash what decides the clips of the default settings; all machines get the same hash."""
    return hashlib.sha256(SyntheticConfig().model_dump_json().encode()).hexdigest()


DEFAULT = SyntheticConfig()


@dataclass(frozen=True)
class PlannedClip:
    """All that is decided about an utterance before anything is drawn; cues index EMOTIONS."""

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


# The planted distribution and what can be reached


def best_scores(config: SyntheticConfig) -> dict[tuple[str, ...], BestScores]:
    """Compute the best reachable scores of every non-empty set of modalities, exactly."""
    return _best_scores(_faces(config), config)


def best_scores_without_interaction(
    config: SyntheticConfig,
) -> dict[tuple[str, ...], BestScores]:
    """Compute the same if reversing words and face are independent given the labels.

    Every single modality is distributed as before; only what modalities tell together is missing.
    """
    plain, reverse = _faces(config)
    mean = (1 - config.reversal_rate) * plain + config.reversal_rate * reverse
    return _best_scores((mean, mean), config)


def best_scores_of_first_frame(config: SyntheticConfig) -> dict[tuple[str, ...], BestScores]:
    """Compute the same for a model that sees only one frame of the face, at 0 s."""
    shown = np.zeros((1 + len(EMOTIONS), len(CUE_SETS)))  # P(cue in first frame | cue set)
    for column, cues in enumerate(CUE_SETS):
        moments = [num_moments(count) for count in NUM_FRAMES]
        chance = np.mean([slots_per_cue(len(cues), count) / count for count in moments])
        shown[0, column] = 1 - chance * len(cues)
        for cue in cues:
            shown[1 + cue, column] = chance
    plain, reverse = _faces(config)
    return _best_scores((shown @ plain, shown @ reverse), config)


def cue_table(hit_rates: Sequence[float], emotion_of: Sequence[int] = range(6)) -> Table:
    """Tabulate P(cue set | labels).

    Cue k is active with its hit rate if label `emotion_of[k]` is 1, else with the false-alarm rate,
    independently of the others. If more than MAX_CUES are active, MAX_CUES are kept at random.

    Shapes:
        hit_rates: (K,) -> (len(CUE_SETS), len(LABELS)), columns sum to 1
    """
    active = np.where(LABELS[:, list(emotion_of)] == 1, hit_rates, FALSE_ALARM_RATE)  # (Y, K)
    table = np.zeros((len(CUE_SETS), len(LABELS)))
    for pattern in LABELS:
        chance = np.where(pattern == 1, active, 1 - active).prod(1)  # (Y,)
        on = np.flatnonzero(pattern).tolist()
        kept = list(itertools.combinations(on, min(MAX_CUES, len(on))))
        for cues in kept:
            table[CUE_SETS.index(cues)] += chance / len(kept)
    return table


def _faces(config: SyntheticConfig) -> tuple[Table, Table]:
    """Tabulate the face's cues as they are without and with reversing words."""
    return cue_table(HIT_RATES["vision"]), cue_table(HIT_RATES["vision"], REVERSED)


def _best_scores(
    faces: tuple[Table, Table], config: SyntheticConfig
) -> dict[tuple[str, ...], BestScores]:
    subsets = [
        subset
        for count in range(1, len(MODALITIES) + 1)
        for subset in itertools.combinations(MODALITIES, count)
    ]
    return {s: best_scores_of(_joint(s, faces, config), LABELS) for s in subsets}


def _joint(subset: Sequence[str], faces: tuple[Table, Table], config: SyntheticConfig) -> Table:
    """Tabulate P(what the modalities show, labels); the text shows whether a face is reversed."""
    prior = np.where(LABELS == 1, PRIORS, 1 - np.array(PRIORS)).prod(1)
    joints = []
    for face, rate in zip(faces, (1 - config.reversal_rate, config.reversal_rate), strict=True):
        tables = {m: cue_table(HIT_RATES[m]) for m in ("text", "audio")} | {"vision": face}
        joint = rate * prior[None]
        for modality in subset:
            joint = (joint[:, None] * tables[modality][None]).reshape(-1, len(LABELS))
        joints.append(joint)
    return np.concatenate(joints) if "text" in subset else joints[0] + joints[1]


def score_table(config: SyntheticConfig) -> str:
    """Print the best reachable scores as a Markdown table, in percent."""
    true, apart = best_scores(config), best_scores_without_interaction(config)
    first = best_scores_of_first_frame(config)
    rows = {" + ".join(subset): scores for subset, scores in true.items()}
    for title, others in (("no interaction", apart), ("first frame only", first)):
        for subset in (("vision",), ("text", "vision"), MODALITIES):
            rows[f"{' + '.join(subset)}, {title}"] = others[subset]
    emotions = " | ".join(f"F1 {emotion}" for emotion in EMOTIONS)
    lines = [f"| modalities | F1 | WAcc | Acc | {emotions} |", "|---" * 10 + "|"]
    for title, scores in rows.items():
        values = [scores.average(metric) for metric in METRICS] + list(scores.f1)
        lines.append(f"| {title} | " + " | ".join(f"{100 * v:.1f}" for v in values) + " |")
    return "\n".join(lines) + "\n"


# Drawing utterances


def plan_clips(config: SyntheticConfig) -> list[PlannedClip]:
    """Draw the labels, splits and cues of all utterances.

    Raises:
        ValueError: If there are too few utterances to have every emotion in every split.
    """
    for draw in range(MAX_DRAWS):
        generator = np.random.default_rng((config.seed, _DRAWS, 0, draw))
        labels = (generator.random((config.num_utterances, len(EMOTIONS))) < PRIORS).astype(int)
        splits = deal_splits(labels)
        if _is_complete(labels, splits):
            return [
                _plan_clip(index, row, split, config)
                for index, (row, split) in enumerate(zip(labels, splits, strict=True))
            ]
    raise ValueError(
        f"num_utterances={config.num_utterances} is too few for every emotion in every split"
    )


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
        _exhaust(pool.map(write, clips, chunksize=4))


def _exhaust(results: Iterable[None]) -> None:
    for _ in results:
        pass


def _write_csv(path: Path, clips: Sequence[PlannedClip], config: SyntheticConfig) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["utterance", "file", "start", "end", "text", "split", "speaker", *EMOTIONS]
        )
        for clip in clips:
            text = write_sentence(
                [EMOTIONS[cue] for cue in clip.cues["text"]],
                reversing=clip.reversing,
                generator=_generator(config, "text", clip.index),
            )
            media, speaker = f"media/{clip.name}.mp4", f"speaker{clip.speaker}"
            writer.writerow(
                [clip.name, media, 0, clip.duration_s, text, clip.split, speaker, *clip.labels]
            )


def _write_media(clip: PlannedClip, *, folder: Path, config: SyntheticConfig) -> None:
    speaker = draw_speakers(config)[clip.speaker]
    wave, _ = draw_sound_track(clip, speaker, config)
    openings = mouth_openings(wave, FRAME_RATE_FPS)
    frames, _ = draw_picture_track(clip, speaker, openings, config)
    write_clip(folder / "media" / f"{clip.name}.mp4", frames, wave)
