"""How fast is `prepare` beside a plain script that takes one frame after the other?

Both sides prepare the same clips by the same recipes, each in a fresh process, by turns.

- The script decodes with the same library, every frame from the start of the segment to its end. It
  calls facenet-pytorch's MTCNN on each frame that the recipe uses, and makes crops and spectrograms
  with our functions. Such scripts know one recipe, so it makes one pass for each recipe, here in
  one process.
- `prepare` decodes once for all recipes, on every core, through Ray Data.

Both sides read sound with our function.

    python -m benchmarks.prepare_speed [--media VIDEO]

Times without the start-up: for `prepare`, from the end of its first part of eight clips to the end
of the assembly. Only clips count whose work cannot have begun before: all but one part for each
worker. This leaves out the start and stop of Ray, and loading in the workers. For the script, the
time starts when its detector is loaded. Times with the start-up: the whole process, measured from
outside, for all clips.

The stages are measured in a process of their own. It makes parts one after another on one thread,
as a worker does, with timers around our functions; stages do not overlap.
"""

import csv
import json
import multiprocessing
import os
import pickle
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar
from unittest.mock import patch

import av
import click
import numpy as np
import pyarrow as pa
import torch
from facenet_pytorch import MTCNN
from rich.console import Console
from rich.progress import track
from rich.table import Table

import corpora.preparation.prepare
from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from corpora.device import default_device
from corpora.forms.detections import time_ms
from corpora.forms.faces import NO_FACES, FaceDetector, Faces
from corpora.forms.pictures import PictureForm
from corpora.forms.spectrogram import Spectrogrammer
from corpora.media.segments import SoundSegment, VideoSegment
from corpora.preparation.parts import CLIPS_PER_PART, REPORT_FILE, PartFolder
from corpora.preparation.prepare import PartMaker, Parts, Runner, prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, RECIPES, Recipe
from corpora.source.split import SPLITS
from corpora.source.utterance import Frame, Utterance
from corpora.store.folders import recipe_folder, split_file
from corpora.synthetic.corpus import SyntheticConfig, write_synthetic

NAME = "measured"
CASES = {"three recipes": tuple(RECIPES.values()), "`le` alone": (LE,)}
EVERY = "three recipes"
PREPARE, SCRIPT = "prepare", "plain script"

DECODE, DETECT, CROP = "decode", "find faces", "crop and encode"
SOUND, WRITE, LOAD = "sound and spectrogram", "write", "load the detector"
REST = "rest"
STAGES = (DECODE, DETECT, CROP, SOUND, WRITE, REST)

TIMED = (
    (LOAD, FaceDetector, "__init__"),
    (DETECT, FaceDetector, "detect"),
    (CROP, PictureForm, "see"),
    (CROP, PictureForm, "finish"),
    (SOUND, SoundSegment, "wave"),
    (SOUND, Spectrogrammer, "__call__"),
    (WRITE, PartFolder, "write"),
    (WRITE, corpora.preparation.prepare, "assemble"),
    (WRITE, corpora.preparation.prepare, "assemble_detections"),
)
"""The functions of each stage; a function inside another one counts for its own stage."""

CLOCK_TOLERANCE_S = 1e-3
MAX_DIFFERENT_SHARE = 0.02
"""The largest share of frames in which the two sides may disagree about a face."""

P = ParamSpec("P")
T = TypeVar("T")
Found = dict[str, dict[str, list[bool]]]
"""Whether each frame shows a face, by recipe and utterance."""


class StageClock:
    """Assigns time to the stage that is running; a stage inside another one interrupts it."""

    def __init__(self, read: Callable[[], float] = time.perf_counter) -> None:
        self.spent: dict[str, float] = {}
        self._read = read
        self._at_work = [REST]
        self._since = read()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Assign the time of a `with` block to a stage."""
        self._charge()
        self._at_work.append(name)
        try:
            yield
        finally:
            self._charge()
            self._at_work.pop()

    def stop(self) -> dict[str, float]:
        """Return the seconds of each stage until now."""
        self._charge()
        return dict(self.spent)

    def timing(self, name: str, function: Callable[P, T]) -> Callable[P, T]:
        """Wrap a function so that its time counts for a stage."""

        @wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.stage(name):
                return function(*args, **kwargs)

        return timed

    def timing_items(
        self, name: str, function: Callable[P, Iterator[T]]
    ) -> Callable[P, Iterator[T]]:
        """Wrap a generator so that the time of each item counts for a stage."""

        @wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            items = function(*args, **kwargs)
            while True:
                try:
                    with self.stage(name):
                        item = next(items)
                except StopIteration:
                    return
                yield item

        return timed

    def _charge(self) -> None:
        now = self._read()
        stage = self._at_work[-1]
        self.spent[stage] = self.spent.get(stage, 0.0) + now - self._since
        self._since = now


@dataclass
class NotedRun:
    """A runner that notes when each part and the whole work were finished, in seconds since 1970.

    The time of a part is that of its report file: the iterator may yield its number later.
    """

    run: Runner
    finished_at: list[float] = field(default_factory=list)
    over_at: float = 0.0

    def __call__(self, maker: PartMaker, parts: Parts) -> Iterator[int]:
        """Make parts as the wrapped runner does."""
        yield from self.run(maker, parts)
        self.over_at = time.time()
        reports = (maker.folder / str(number) / REPORT_FILE for number in parts)
        self.finished_at = sorted(report.stat().st_mtime for report in reports)


@dataclass(frozen=True)
class Pass:
    """One side's work on all clips, as its own process reports it.

    Attributes:
        phases_s: The phases of the process after its imports, one after another.
        working_s: The time without the start-up, by the rules above.
        num_clips_working: The clips that count for this time.
        found: Which frames show a face.
        stages_s: The time of each stage, if it was measured.
    """

    phases_s: dict[str, float]
    working_s: float
    num_clips_working: int
    found: Found
    stages_s: dict[str, float]


@dataclass(frozen=True)
class Timed:
    """One side's work on all clips, measured from outside; `wall_s` is the time of its process."""

    num_clips: int
    wall_s: float
    phases_s: dict[str, float]
    clips_per_s: float

    @property
    def clips_per_s_with_start(self) -> float:
        """The rate of the whole process."""
        return self.num_clips / self.wall_s


@dataclass(frozen=True)
class Agreement:
    """The numbers of frames in which both sides, neither, or only one found a face."""

    both: int
    neither: int
    only_prepare: int
    only_script: int

    @property
    def share_different(self) -> float:
        """The share of the frames on which the sides disagree."""
        different = self.only_prepare + self.only_script
        return different / (self.both + self.neither + different)


@dataclass(frozen=True)
class Measured:
    """All measurements: runs by case and side, and the seconds of the stages, for all recipes."""

    machine: Machine
    origin: str
    num_clips: int
    seconds: float
    runs: dict[str, dict[str, list[Timed]]]
    stages_s: dict[str, list[dict[str, float]]]
    agreements: dict[str, Agreement]


# The two sides, each in a process of its own


def run_prepare(folder: Path, recipes: Sequence[Recipe], storage: Path) -> Pass:
    """Prepare a clip folder as the command does.

    Raises:
        ValueError: If there are too few clips to separate the start-up from the rest.
    """
    from orchestrator.corpus.on_ray import runner_on_ray  # it loads Ray, which the script does not

    source, begin = read_clips(folder), time.time()
    noted = NotedRun(runner_on_ray(storage))
    prepare(source, recipes, name=NAME, storage=storage, run=noted)
    end = time.time()
    first, last = noted.finished_at[0], noted.finished_at[-1]
    assembly_s = end - noted.over_at
    return Pass(
        phases_s={
            "until the first part is finished": first - begin,
            "until the last part is finished": last - first,
            "Ray's stop": noted.over_at - last,
            "assembly": assembly_s,
        },
        working_s=last - first + assembly_s,
        num_clips_working=clips_after_first_part(len(source.utterances), num_workers()),
        found={recipe.name: _found_in(storage, recipe) for recipe in recipes},
        stages_s={},
    )


def num_workers() -> int:
    """Count the processes that `prepare` starts on this machine for any number of parts."""
    from orchestrator.corpus.on_ray import MAX_WORKERS_PER_GPU  # as above

    num_cores, num_gpus = os.cpu_count() or 1, torch.cuda.device_count()
    return min(num_cores, num_gpus * MAX_WORKERS_PER_GPU) if num_gpus else num_cores


def clips_after_first_part(num_clips: int, num_workers: int) -> int:
    """Count the clips whose work cannot have begun before the first part was finished.

    Raises:
        ValueError: If there may be no such clip.
    """
    num_left = num_clips - min(num_workers * CLIPS_PER_PART, num_clips)
    if num_left == 0:
        raise ValueError(
            f"{num_clips} clips are too few for {num_workers} workers: "
            f"use more than {num_workers * CLIPS_PER_PART} clips"
        )
    return num_left


def _found_in(storage: Path, recipe: Recipe) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {}
    for split in SPLITS:
        path = split_file(recipe_folder(storage, NAME, recipe.name), split)
        with pa.memory_map(str(path)) as file:
            table = pa.ipc.open_file(file).read_all().select(["utterance", "found"])
            found |= {row["utterance"]: row["found"] for row in table.to_pylist()}
    return found


def run_stages(folder: Path, recipes: Sequence[Recipe], storage: Path) -> dict[str, float]:
    """Prepare a clip folder in this process on one thread; return the seconds of each stage."""
    torch.set_num_threads(1)
    source, clock = read_clips(folder), StageClock()
    with ExitStack() as timers:
        decode = clock.timing_items(DECODE, VideoSegment.frames)
        timers.enter_context(patch.object(VideoSegment, "frames", decode))
        for stage, owner, name in TIMED:
            timed = clock.timing(stage, getattr(owner, name))
            timers.enter_context(patch.object(owner, name, timed))
        prepare(source, recipes, name=NAME, storage=storage)
        return clock.stop()


def run_script(folder: Path, recipes: Sequence[Recipe], storage: Path) -> Pass:
    """Prepare as a plain script does: recipe by recipe, clip by clip, frame by frame."""
    utterances, begin = read_clips(folder).utterances, time.perf_counter()
    mtcnn = MTCNN(keep_all=True, device=default_device())
    loaded, clock = time.perf_counter(), StageClock()
    found: Found = {}
    for recipe in recipes:
        spectrogrammer = Spectrogrammer(recipe.spectrogram)
        rows, found[recipe.name] = [], {}
        for utterance in utterances:
            form = PictureForm(utterance, recipe, spectrogrammer)
            with clock.stage(DECODE):
                frames = frames_of_segment(utterance, form.times_s)
            for frame in frames:
                with clock.stage(DETECT):
                    faces = _faces(*mtcnn.detect(frame, landmarks=True))
                with clock.stage(CROP):
                    form.see(frame, faces)
            with clock.stage(SOUND):
                wave = utterance.sound.wave(rate_hz=recipe.spectrogram.sample_rate_hz)
                form.hear(wave)
                columns = form.finish().columns
            rows.append({"utterance": utterance.id, **columns})
            found[recipe.name][utterance.id] = columns["found"].to_pylist()[0]
        with clock.stage(WRITE), (storage / f"{recipe.name}.pkl").open("wb") as file:
            pickle.dump(rows, file)
    working_s = time.perf_counter() - loaded
    return Pass(
        phases_s={"loading the detector": loaded - begin, "all clips": working_s},
        working_s=working_s,
        num_clips_working=len(utterances),
        found=found,
        stages_s=clock.stop(),
    )


def frames_of_segment(utterance: Utterance, times_s: Sequence[float]) -> list[Frame]:
    """Decode a segment, convert each frame to RGB, and keep the frames shown at some times."""
    video = utterance.pictures
    if not isinstance(video, VideoSegment):
        raise TypeError(f"the pictures of utterance '{utterance.id}' are not a segment of a video")
    due = deque(time_ms(time_s) / 1000 for time_s in times_s)
    kept: list[Frame] = []
    before: av.VideoFrame | None = None
    picture: Frame | None = None
    with av.open(str(video.path)) as container:
        origin_s = (container.start_time or 0) / av.time_base + video.start_s
        if video.start_s > 0:
            container.seek(int(origin_s * av.time_base), backward=True)
        for frame in container.decode(video=0):
            at_s = (frame.time or 0.0) - origin_s
            if at_s < -CLOCK_TOLERANCE_S:
                before = frame
                continue
            while due and at_s > due[0] + CLOCK_TOLERANCE_S:
                if picture is None:
                    picture = _rgb(before or frame)
                kept.append(picture)
                due.popleft()
            if at_s >= utterance.duration_s:
                return kept
            picture = _rgb(frame)
    return kept if picture is None else kept + [picture] * len(due)


def _rgb(frame: av.VideoFrame) -> Frame:
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def _faces(
    boxes: np.ndarray | None, probabilities: np.ndarray, landmarks: np.ndarray | None
) -> Faces:
    if boxes is None or landmarks is None:
        return NO_FACES
    arrays = (boxes, landmarks, probabilities)
    return Faces(*(np.asarray(values, np.float32) for values in arrays))


# Clips, and the measurement


def write_segments(video: Path, folder: Path, num_clips: int, segment_s: float) -> None:
    """Write a clip folder of the segments of one video, repeated until there are enough."""
    folder.mkdir()
    shutil.copy(video, folder / f"video{video.suffix}")
    with av.open(str(video)) as container:
        duration_s = (container.duration or 0) / av.time_base
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["utterance", "file", "start", "end", "text", "split", "happy"])
        for index, (start_s, end_s) in enumerate(cut(duration_s, segment_s, num_clips)):
            split, label = SPLITS[index % len(SPLITS)], index // len(SPLITS) % 2
            name = f"clip{index:04d}"
            writer.writerow([name, f"video{video.suffix}", start_s, end_s, "a text", split, label])


def cut(duration_s: float, segment_s: float, num_segments: int) -> list[tuple[float, float]]:
    """Cut a video into whole segments, at least one; after the last, start again at the first."""
    segment_s = min(segment_s, duration_s)
    num_whole = int(duration_s / segment_s)
    begins = [segment_s * (index % num_whole) for index in range(num_segments)]
    return [(begin, begin + segment_s) for begin in begins]


def compare(prepared: Mapping[str, list[bool]], script: Mapping[str, list[bool]]) -> Agreement:
    """Compare frame by frame where the two sides found a face.

    Raises:
        RuntimeError: If the sides did not examine the same frames.
    """
    if {name: len(frames) for name, frames in prepared.items()} != {
        name: len(frames) for name, frames in script.items()
    }:
        raise RuntimeError("the two sides did not examine the same frames of the same utterances")
    pairs = [pair for name in script for pair in zip(prepared[name], script[name], strict=True)]
    return Agreement(
        both=pairs.count((True, True)),
        neither=pairs.count((False, False)),
        only_prepare=pairs.count((True, False)),
        only_script=pairs.count((False, True)),
    )


def measure(clips: Path, origin: str, num_repeats: int) -> Measured:
    """Run both sides on a clip folder by turns, then measure the stages."""
    machine = this_machine(libraries=("av", "facenet-pytorch", "ray", "torch"))
    utterances = read_clips(clips).utterances
    clips_after_first_part(len(utterances), os.cpu_count() or 1)
    runs: dict[str, dict[str, list[Timed]]] = {case: {PREPARE: [], SCRIPT: []} for case in CASES}
    stages: dict[str, list[dict[str, float]]] = {PREPARE: [], SCRIPT: []}
    found: dict[str, Found] = {}
    for _ in track(range(num_repeats), "measuring", transient=True):
        for case, recipes in CASES.items():
            for side, work in ((PREPARE, run_prepare), (SCRIPT, run_script)):
                done, wall_s = _in_fresh_process(work, clips, recipes)
                runs[case][side].append(_timed(done, wall_s, len(utterances)))
                if case == EVERY:
                    found.setdefault(side, done.found)
                    if done.stages_s:
                        stages[side].append(done.stages_s)
        stages[PREPARE].append(_in_fresh_process(run_stages, clips, CASES[EVERY])[0])
    return Measured(
        machine=machine,
        origin=origin,
        num_clips=len(utterances),
        seconds=sum(utterance.duration_s for utterance in utterances),
        runs=runs,
        stages_s=stages,
        agreements={
            recipe.name: compare(found[PREPARE][recipe.name], found[SCRIPT][recipe.name])
            for recipe in CASES[EVERY]
        },
    )


def _in_fresh_process(
    work: Callable[[Path, Sequence[Recipe], Path], T], clips: Path, recipes: Sequence[Recipe]
) -> tuple[T, float]:
    """Work with an empty storage folder; also return the seconds since the process started."""
    with tempfile.TemporaryDirectory(prefix="speed-") as storage:
        start = time.perf_counter()
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh_process:
            done = fresh_process.submit(work, clips, recipes, Path(storage)).result()
            return done, time.perf_counter() - start


def _timed(done: Pass, wall_s: float, num_clips: int) -> Timed:
    return Timed(
        num_clips=num_clips,
        wall_s=wall_s,
        phases_s={
            "Python and its imports": wall_s - sum(done.phases_s.values()),
            **done.phases_s,
        },
        clips_per_s=done.num_clips_working / done.working_s,
    )


def show(measured: Measured, console: Console) -> None:
    """Print the rates, the phases behind them, the stages, and the agreement about faces."""
    num_runs = len(measured.runs[EVERY][PREPARE])
    console.print(
        f"{measured.machine}\n{measured.num_clips} clips, {measured.seconds:.0f} s, "
        f"{measured.origin}; n = {num_runs}, median (least to most)\n",
        soft_wrap=True,
    )
    for table in (
        _rates_table(measured),
        _phases_table(measured),
        _stages_table(measured),
        _faces_table(measured),
    ):
        console.print(table)
        console.print()


def _rates_table(measured: Measured) -> Table:
    table = markdown_table("clips/s", PREPARE, SCRIPT, "factor")
    for case, sides in measured.runs.items():
        for what, rate in (
            ("without the start-up", lambda run: run.clips_per_s),
            ("with it", lambda run: run.clips_per_s_with_start),
        ):
            pairs = list(zip(sides[PREPARE], sides[SCRIPT], strict=True))
            table.add_row(
                f"{case}, {what}",
                f"{Spread.of(rate(ours) for ours, _ in pairs):.2f}",
                f"{Spread.of(rate(plain) for _, plain in pairs):.2f}",
                f"{Spread.of(rate(ours) / rate(plain) for ours, plain in pairs):.2f}",
            )
    return table


def _phases_table(measured: Measured) -> Table:
    table = markdown_table("seconds", *CASES)
    for side in (PREPARE, SCRIPT):
        runs = {case: measured.runs[case][side] for case in CASES}
        whole = (f"{Spread.of(run.wall_s for run in of_case):.1f}" for of_case in runs.values())
        table.add_row(side, *whole)
        for phase in runs[EVERY][0].phases_s:
            spreads = (
                Spread.of(run.phases_s[phase] for run in of_case) for of_case in runs.values()
            )
            table.add_row(f"- {phase}", *(f"{spread:.1f}" for spread in spreads))
    return table


def _stages_table(measured: Measured) -> Table:
    """Lay out the stages of all recipes, without the loading of the detector."""
    headers = (PREPARE + " on one thread", "share", SCRIPT, "share")
    table = markdown_table("ms a clip, three recipes", *headers)
    sides = (measured.stages_s[PREPARE], measured.stages_s[SCRIPT])
    whole = [
        Spread.of(sum(run.get(stage, 0.0) for stage in STAGES) for run in runs).median
        for runs in sides
    ]
    for stage in STAGES:
        cells = []
        for runs, whole_s in zip(sides, whole, strict=True):
            seconds = Spread.of(run.get(stage, 0.0) for run in runs)
            ms = Spread.of(1000 * run.get(stage, 0.0) / measured.num_clips for run in runs)
            cells += [f"{ms:.1f}", f"{seconds.median / whole_s:.0%}"]
        table.add_row(stage, *cells)
    return table


def _faces_table(measured: Measured) -> Table:
    headers = ("found by both", "by neither", f"only by {PREPARE}", f"only by the {SCRIPT}")
    table = markdown_table("frames with a face", *headers)
    for recipe, agreement in measured.agreements.items():
        counts = (
            agreement.both,
            agreement.neither,
            agreement.only_prepare,
            agreement.only_script,
        )
        table.add_row(f"`{recipe}`", *map(str, counts))
    return table


@click.command()
@click.option("--utterances", type=click.IntRange(min=24), default=96, show_default=True)
@click.option(
    "--media",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Cut the clips from this video, repeatedly if necessary, instead of drawing them.",
)
@click.option(
    "--segment-s",
    type=click.FloatRange(min=0.5),
    default=4.0,
    show_default=True,
    help="The length of the clips cut from --media.",
)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write this file.")
def main(
    utterances: int, media: Path | None, segment_s: float, repeats: int, json_file: Path | None
) -> None:
    """Measure how fast `prepare` is beside a plain script."""
    with tempfile.TemporaryDirectory(prefix="clips-") as folder:
        clips = Path(folder) / "clips"
        if media is None:
            config = SyntheticConfig(num_utterances=utterances)
            write_synthetic(clips, config, num_workers=os.cpu_count() or 1)
        else:
            write_segments(media, clips, utterances, segment_s)
        measured = measure(clips, "drawn" if media is None else media.name, repeats)
    show(measured, Console(highlight=False, width=200))
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")
    for recipe, agreement in measured.agreements.items():
        if agreement.share_different > MAX_DIFFERENT_SHARE:
            raise click.ClickException(
                f"recipe '{recipe}': the sides disagree on {agreement.share_different:.1%} of the "
                f"frames, more than {MAX_DIFFERENT_SHARE:.0%}: their rates cannot be compared"
            )


if __name__ == "__main__":
    main()
