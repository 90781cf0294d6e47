import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from benchmarks.drawn_batch import draw_batch, padded, rounded_up
from benchmarks.gpu import LIMIT_S, PARTS, show_one_gpu
from benchmarks.gpu_parts.figure import Figure, Setting
from benchmarks.gpu_parts.process import Part, run_part
from benchmarks.gpu_parts.trainee import SYSTEMS
from benchmarks.gpu_parts.variants import worth
from corpora.recipes.pictures import LE
from tests.benchmarks.gpu_part import FIGURE

ROOT = Path(__file__).parent.parent.parent


def outcome(
    name: str,
    folder: Path,
    *,
    limit_s: float = 300.0,
    optional: bool = False,
    until: float = math.inf,
) -> list[Figure]:
    """Run a part of `gpu_part` and return its figures."""
    part = Part(f"tests.benchmarks.gpu_part:{name}", limit_s, optional)
    return list(run_part(part, Setting("cpu", folder, folder), until).figures)


def test_part_that_fails_is_told_beside_what_it_measured(tmp_path: Path) -> None:
    assert outcome("works", tmp_path) == [FIGURE]
    measured, failure = outcome("fails", tmp_path)
    assert measured == FIGURE
    assert (failure.verdict, failure.remark) == ("FAIL", "RuntimeError: no luck")


@pytest.mark.parametrize(("optional", "verdict"), [(False, "FAIL"), (True, "-")])
def test_part_that_takes_too_long_is_ended(optional: bool, verdict: str, tmp_path: Path) -> None:
    start = time.monotonic()
    *_, late = outcome("hangs", tmp_path, limit_s=2.0, optional=optional)
    assert (late.verdict, late.remark) == (verdict, "not finished in 2 s")
    assert time.monotonic() - start < 300


def test_part_for_which_no_time_was_left_has_not_failed(tmp_path: Path) -> None:
    (late,) = outcome("works", tmp_path, until=time.monotonic())
    assert late.verdict == "-"
    assert late.remark == "not finished in 0 s, as there was no more time left"


def test_parts_with_targets_fit_into_the_time_together() -> None:
    names = [part.function.removeprefix("benchmarks.gpu_parts.") for part in PARTS]
    last = names.index("checks:measure")
    assert {"steps:measure", "packed:measure", "memory:measure"} <= {*names[:last]}
    assert sum(part.limit_s for part in PARTS[: last + 1]) < LIMIT_S


@pytest.mark.parametrize(
    ("visible", "shown"), [(None, "0"), ("2,3", "2"), ("GPU-8f2b,GPU-1c", "GPU-8f2b"), ("", "")]
)
def test_one_gpu_is_shown_to_all_parts(
    visible: str | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible or "")
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    show_one_gpu()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == shown


def test_part_may_use_a_gpu(tmp_path: Path) -> None:
    """PyTorch lets no process use one that was forked from a process which asked for GPUs."""
    (figure,) = outcome("says_whether_it_may_use_a_gpu", tmp_path)
    assert figure.value == 0.0


def test_plain_program_pads_pictures_to_the_longest_utterance() -> None:
    batch = draw_batch(3, LE, vocabulary=10)
    longest = max(batch.num_faces)
    found = padded(batch)
    assert found.num_faces == (longest,) * 3
    first = batch.num_faces[0]
    assert len(found.faces) == 3 * longest
    assert torch.equal(found.faces[:first], batch.faces[:first])
    assert not found.faces[first:longest].any()


def test_pictures_are_rounded_up_and_spread_over_the_utterances() -> None:
    batch = draw_batch(3, LE, vocabulary=10)
    found = rounded_up(batch, 32)
    assert len(found.faces) == sum(found.num_faces) == 32
    assert len(found.mels) % 32 == 0
    more = [new - old for new, old in zip(found.num_faces, batch.num_faces, strict=True)]
    assert max(more) - min(more) <= 1


def test_variant_says_from_which_step_it_pays() -> None:
    assert worth(-0.1, 5.0) == "does not pay"
    assert worth(0.01, 5.0) == "start 5 s, pays from step 500 on"


@pytest.mark.slow
def test_script_is_sound_on_a_cpu(tmp_path: Path) -> None:
    """All but CUDA graphs and the tests of a GPU run, and each part gives figures."""
    file = tmp_path / "gpu.json"
    command = [sys.executable, "-m", "benchmarks.gpu", "--device", "cpu", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    content = json.loads(file.read_text())
    assert content["code"]
    figures = {part["part"]: [one["name"] for one in part["figures"]] for part in content["parts"]}
    assert figures.keys() == {
        "corpus:measure",
        "steps:measure",
        "packed:measure",
        "memory:measure",
        "checks:measure",
        "variants:measure",
        "faces:measure",
        "compiled:measure_compiled",
    }
    assert all(figures.values())
    traces = {path.name for path in tmp_path.glob("*-trace.json")}
    assert traces == {f"gpu-{system.lower()}-trace.json" for system in SYSTEMS}
