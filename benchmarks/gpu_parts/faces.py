"""How many clips per second does `prepare` make if the GPU, or the CPU, finds the faces?"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gpu_parts.corpus import clips_folder
from benchmarks.gpu_parts.figure import Figure, Setting
from benchmarks.prepare_speed import run_prepare, write_segments
from corpora.preparation.parts import CLIPS_PER_PART
from corpora.recipes.pictures import RECIPES

SEGMENT_S = 1.9
PARTS_A_WORKER = 3


def measure(setting: Setting) -> Iterator[Figure]:
    """Prepare segments by the papers' three recipes on all cores; the start-up does not count."""
    (video, *_) = sorted(clips_folder(setting).glob("media/*.mp4"))
    folder = setting.storage / "segments"
    num_clips = PARTS_A_WORKER * CLIPS_PER_PART * (os.cpu_count() or 1)
    write_segments(video, folder, num_clips, SEGMENT_S)
    paces = {
        where: _in_fresh_process(folder, setting.storage / f"prepared-{where}", environment)
        for where, environment in _places(setting).items()
    }
    for where, pace in paces.items():
        yield Figure(f"prepare, faces on the {where}", pace, "clips/s")
    if setting.on_gpu:
        yield Figure("prepare, GPU against CPU", paces["GPU"] / paces["CPU"], "x")


def _places(setting: Setting) -> dict[str, dict[str, str]]:
    """Map each device that finds faces to the environment that makes `prepare` use it."""
    without_gpus = {"CUDA_VISIBLE_DEVICES": ""}
    return {"GPU": {}, "CPU": without_gpus} if setting.on_gpu else {"CPU": without_gpus}


def _in_fresh_process(folder: Path, storage: Path, environment: dict[str, str]) -> float:
    storage.mkdir()
    command = [sys.executable, "-m", "benchmarks.gpu_parts.faces", str(folder), str(storage)]
    done = subprocess.run(
        command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    passed = run_prepare(Path(sys.argv[1]), tuple(RECIPES.values()), Path(sys.argv[2]))
    print(json.dumps(passed.num_clips_working / passed.working_s))
