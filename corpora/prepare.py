"""Prepare a corpus: decode every clip once, find faces, make spectrograms, write Arrow files."""

import glob
import multiprocessing
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from corpora.errors import CorpusError, MediaError
from corpora.faces import FaceCrops, FaceDetector, crop_faces
from corpora.manifest import (
    MANIFEST_FILE,
    Manifest,
    Reject,
    Remark,
    SplitCounts,
    fingerprint_of,
)
from corpora.media import Frame, read_frames, read_sound
from corpora.prepared import SCHEMA, corpus_folder, read_manifest, split_file
from corpora.recipe import Recipe
from corpora.spectrogram import ChunkedMel
from corpora.utterance import SPLITS, Source, Utterance

CLIPS_PER_TASK = 16
MAX_FRAME_BYTES = 256 * 2**20
"""Once a worker holds more decoded frames, it detects faces and lets the frames go."""

RECORDED_LIBRARIES = ("av", "facenet-pytorch", "numpy", "torch", "torchaudio")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DecodedClip:
    """One utterance as its file holds it: the sampled frames, and (samples,) or no sound."""

    utterance: Utterance
    frames: list[Frame]
    sound: NDArray[np.float32] | None


@dataclass(frozen=True)
class PreparedClip:
    """One utterance, ready to be written.

    Shapes:
        mels: (num_chunks, num_mels, chunk_frames)
    """

    utterance: Utterance
    faces: FaceCrops
    mels: NDArray[np.float32]
    remarks: tuple[Remark, ...]


def prepare(
    source: Source,
    recipe: Recipe,
    *,
    name: str,
    storage: Path,
    num_workers: int,
    progress: Progress = lambda done, total: None,
) -> Manifest:
    """Prepare a corpus, unless the same one lies there already.

    Clips that cannot be used are left out and listed in the manifest. The corpus appears under its
    name only when it is whole; one of the same name and other content is replaced then. No other
    process may prepare in the same storage meanwhile.

    Args:
        source: What to prepare.
        recipe: How.
        name: The corpus's name; a folder of that name is made.
        storage: Where corpora are kept.
        num_workers: Processes that decode and detect.
        progress: Called with the numbers of clips done and to do.

    Raises:
        CorpusError: If a split is empty or lacks positives of an emotion.
    """
    folder = corpus_folder(storage, name)
    fingerprint = fingerprint_of(source.digest, recipe)
    if (folder / MANIFEST_FILE).is_file():
        manifest = read_manifest(storage, name)
        if manifest.fingerprint == fingerprint:
            return manifest
    check_labels(source.utterances, source.emotions, name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left_by_a_killed_process in folder.parent.glob(f".{glob.escape(name)}-*"):
        shutil.rmtree(left_by_a_killed_process)
    partial = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
    try:
        clips = _prepared_clips(source, recipe, num_workers, progress)
        manifest = _write(clips, partial, source, recipe, name, fingerprint)
        _replace(folder, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def check_labels(utterances: Sequence[Utterance], emotions: Sequence[str], name: str) -> None:
    """Make sure that every split can be trained or scored on.

    Raises:
        CorpusError: If a split is empty or lacks positives of an emotion; all faults together.
    """
    faults = []
    for split in SPLITS:
        labels = [utterance.labels for utterance in utterances if utterance.split == split]
        if not labels:
            faults.append(f"split '{split}' is empty")
            continue
        faults += [
            f"split '{split}' has no positive of the emotion '{emotion}'"
            for emotion, positives in zip(emotions, np.sum(labels, axis=0), strict=True)
            if positives == 0
        ]
    if faults:
        raise CorpusError(f"corpus '{name}': " + "; ".join(faults))


def _prepared_clips(
    source: Source, recipe: Recipe, num_workers: int, progress: Progress
) -> Iterator[PreparedClip | Reject]:
    """Prepare all clips, in the order of the source."""
    tasks = [
        source.utterances[begin : begin + CLIPS_PER_TASK]
        for begin in range(0, len(source.utterances), CLIPS_PER_TASK)
    ]
    done = 0
    progress(done, len(source.utterances))
    with _workers(min(num_workers, len(tasks))) as run:
        for outcomes in run(_prepare_clips, tasks, [recipe] * len(tasks)):
            yield from outcomes
            done += len(outcomes)
            progress(done, len(source.utterances))


@contextmanager
def _workers(num_workers: int) -> Iterator[Callable[..., Iterable[list[PreparedClip | Reject]]]]:
    """Give a `map` that runs on so many processes; a single worker is this process."""
    if num_workers == 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(num_workers, context, initializer=_start_worker) as pool:
        yield pool.map


def _start_worker() -> None:
    """Leave the other cores to the other workers, and Ctrl-C to the parent."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@cache
def _detector() -> FaceDetector:
    return FaceDetector("cuda" if torch.cuda.is_available() else "cpu")


def _prepare_clips(utterances: Sequence[Utterance], recipe: Recipe) -> list[PreparedClip | Reject]:
    """Prepare some clips; faces are detected in as many frames at once as memory allows."""
    mel = ChunkedMel(recipe)
    outcomes: list[PreparedClip | Reject] = []
    decoded: list[DecodedClip] = []
    for utterance in utterances:
        try:
            decoded.append(_decode(utterance, recipe))
        except MediaError as error:
            outcomes.append(
                Reject(
                    utterance=utterance.id,
                    split=utterance.split,
                    reason=error.reason,
                    detail=error.detail,
                )
            )
        if sum(frame.nbytes for clip in decoded for frame in clip.frames) > MAX_FRAME_BYTES:
            outcomes += _finish_clips(decoded, recipe, mel)
            decoded = []
    outcomes += _finish_clips(decoded, recipe, mel)
    place = {utterance.id: number for number, utterance in enumerate(utterances)}
    return sorted(outcomes, key=lambda outcome: place[_id_of(outcome)])


def _finish_clips(
    clips: Sequence[DecodedClip], recipe: Recipe, mel: ChunkedMel
) -> list[PreparedClip]:
    """Cut the faces out and make the spectrograms."""
    boxes = iter(_detector().largest_boxes([frame for clip in clips for frame in clip.frames]))
    prepared = []
    for clip in clips:
        faces = crop_faces(clip.frames, [next(boxes) for _ in clip.frames], recipe)
        sound = _silence(clip.utterance, recipe) if clip.sound is None else clip.sound
        remarks = _remarks(clip.utterance, faces, clip.sound, recipe)
        prepared.append(PreparedClip(clip.utterance, faces, mel(sound), remarks))
    return prepared


def _id_of(outcome: PreparedClip | Reject) -> str:
    return outcome.utterance if isinstance(outcome, Reject) else outcome.utterance.id


def _decode(utterance: Utterance, recipe: Recipe) -> DecodedClip:
    span = (utterance.media, utterance.start_s, utterance.end_s)
    return DecodedClip(
        utterance,
        frames=read_frames(*span, interval_s=recipe.frame_interval_s),
        sound=read_sound(*span, rate_hz=recipe.sample_rate_hz),
    )


def _silence(utterance: Utterance, recipe: Recipe) -> NDArray[np.float32]:
    seconds = utterance.end_s - utterance.start_s
    return np.zeros(max(1, round(seconds * recipe.sample_rate_hz)), dtype=np.float32)


def _remarks(
    utterance: Utterance, faces: FaceCrops, wave: NDArray[np.float32] | None, recipe: Recipe
) -> tuple[Remark, ...]:
    seconds = utterance.end_s - utterance.start_s
    num_wanted = len(np.arange(utterance.start_s, utterance.end_s, recipe.frame_interval_s))
    rules = {
        Remark.NO_FACE: not faces.found.any(),
        Remark.NO_SOUND: wave is None,
        Remark.SHORT: seconds < recipe.frame_interval_s,
        Remark.ENDS_EARLY: len(faces.crops) < num_wanted,
    }
    return tuple(remark for remark, applies in rules.items() if applies)


class _Tally:
    """Counts what goes into one split."""

    def __init__(self, emotions: Sequence[str]) -> None:
        self.emotions = emotions
        self.sums: Counter[str] = Counter()
        self.seconds = 0.0
        self.remarks: Counter[Remark] = Counter()
        self.positives = np.zeros(len(emotions), dtype=int)

    def add(self, clip: PreparedClip) -> None:
        self.sums["utterances"] += 1
        self.sums["frames"] += len(clip.faces.crops)
        self.sums["faces"] += int(clip.faces.found.sum())
        self.sums["chunks"] += len(clip.mels)
        self.seconds += clip.utterance.end_s - clip.utterance.start_s
        self.remarks.update(clip.remarks)
        self.positives += clip.utterance.labels

    def counts(self) -> SplitCounts:
        return SplitCounts(
            num_utterances=self.sums["utterances"],
            num_frames=self.sums["frames"],
            num_frames_with_face=self.sums["faces"],
            num_chunks=self.sums["chunks"],
            seconds=round(self.seconds, 3),
            positives=dict(zip(self.emotions, self.positives.tolist(), strict=True)),
            remarks={remark: self.remarks[remark] for remark in Remark},
        )


def _write(
    outcomes: Iterator[PreparedClip | Reject],
    folder: Path,
    source: Source,
    recipe: Recipe,
    name: str,
    fingerprint: str,
) -> Manifest:
    tallies = {split: _Tally(source.emotions) for split in SPLITS}
    rejects: list[Reject] = []
    kept: list[Utterance] = []
    writers = {split: pa.ipc.new_file(str(split_file(folder, split)), SCHEMA) for split in SPLITS}
    try:
        for outcome in outcomes:
            if isinstance(outcome, Reject):
                rejects.append(outcome)
                continue
            kept.append(outcome.utterance)
            tallies[outcome.utterance.split].add(outcome)
            writers[outcome.utterance.split].write_batch(_to_batch(outcome))
    finally:
        for writer in writers.values():
            writer.close()
    manifest = Manifest(
        name=name,
        kind=source.kind,
        fingerprint=fingerprint,
        recipe=recipe,
        emotions=source.emotions,
        splits={split: tally.counts() for split, tally in tallies.items()},
        rejects=tuple(rejects),
        libraries={library: version(library) for library in RECORDED_LIBRARIES},
    )
    _check_kept(kept, manifest)
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    return manifest


def _check_kept(kept: Sequence[Utterance], manifest: Manifest) -> None:
    """Check the labels once more: rejects may have emptied a split."""
    try:
        check_labels(kept, manifest.emotions, manifest.name)
    except CorpusError as error:
        listed = "\n".join(f"  {r.utterance}: {r.reason}, {r.detail}" for r in manifest.rejects)
        raise CorpusError(f"{error}, after these clips were rejected:\n{listed}") from error


def _to_batch(clip: PreparedClip) -> pa.RecordBatch:
    """Make one row; the big columns are wrapped, not copied element by element."""
    faces, mels = clip.faces.crops.reshape(-1), clip.mels.reshape(-1)
    columns = [
        pa.array([clip.utterance.id]),
        pa.array([clip.utterance.group]),
        pa.array([clip.utterance.text]),
        pa.array([clip.utterance.labels], pa.list_(pa.int8())),
        pa.array([len(clip.faces.crops)], pa.int32()),
        pa.LargeListArray.from_arrays(pa.array([0, len(faces)], pa.int64()), pa.array(faces)),
        pa.array([len(clip.mels)], pa.int32()),
        pa.LargeListArray.from_arrays(pa.array([0, len(mels)], pa.int64()), pa.array(mels)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _replace(folder: Path, partial: Path) -> None:
    """Put the finished corpus in its place; a reader keeps the files that it has open.

    A kill between the two renames leaves no corpus, and `prepare` makes it again.
    """
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    if folder.exists():
        folder.rename(old / folder.name)
    partial.rename(folder)
    shutil.rmtree(old)
