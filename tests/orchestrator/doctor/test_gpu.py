from pathlib import Path

import pytest
import torch

from orchestrator.doctor.gpu import (
    TorchFacts,
    TorchGpu,
    ask_torch,
    judge_drivers,
    judge_torch,
    read_drivers,
)
from tests.orchestrator.doctor.factories import wanted

SMI = "NVIDIA H200, 580.95.05\nTesla, the old, 535.104.05\n"
H200 = TorchGpu(name="NVIDIA H200", capability=(9, 0), memory_mib=143_771)
PASCAL = TorchGpu(name="Tesla P100", capability=(6, 0), memory_mib=16_384)


def facts(*gpus: TorchGpu, cuda: str | None = "13.0", said: str = "") -> TorchFacts:
    return TorchFacts(version="2.14.1", cuda=cuda, gpus=gpus, said=said)


def test_torch_says_what_it_is() -> None:
    told = ask_torch("")
    assert told.version == torch.__version__
    assert len(told.gpus) == torch.cuda.device_count()


def test_driver_is_compared_with_the_oldest_that_serves() -> None:
    gpus = read_drivers(SMI)
    assert gpus == [("NVIDIA H200", "580.95.05"), ("Tesla, the old", "535.104.05")]
    new, old = judge_drivers(gpus, "problem")
    assert (new.level, old.level) == ("ok", "problem")
    assert old.advice == "install NVIDIA's driver 580 or later"


def test_gpu_that_is_too_old_is_a_problem(tmp_path: Path) -> None:
    _, able, unable = judge_torch(
        facts(H200, PASCAL), wanted(tmp_path), num_gpus=2, level="problem"
    )
    assert (able.level, able.text) == ("ok", "NVIDIA H200, 140 GiB, compute capability 9.0")
    assert (unable.level, unable.advice.startswith("7.5 is needed")) == ("problem", True)


@pytest.mark.parametrize(
    ("cuda", "advice"),
    [(None, "install a PyTorch that is built for CUDA"), ("13.0", "driver 580 or later; or train")],
)
def test_gpu_that_torch_cannot_use_is_a_problem(
    cuda: str | None, advice: str, tmp_path: Path
) -> None:
    told = facts(cuda=cuda, said="The NVIDIA driver on your system is too old")
    _, found = judge_torch(told, wanted(tmp_path), num_gpus=1, level="problem")
    assert (found.level, "can use none of 1 GPUs. The NVIDIA" in found.text) == ("problem", True)
    assert advice in found.advice


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({}, "note"),
        ({"device": "cpu"}, "ok"),
        ({"device": "gpu"}, "problem"),
        ({"device": "gpu", "address": "auto"}, "ok"),
    ],
)
def test_no_gpu_is_a_problem_where_one_is_wanted(
    other: dict[str, str], level: str, tmp_path: Path
) -> None:
    _, found = judge_torch(facts(), wanted(tmp_path, **other), num_gpus=0, level="problem")
    assert (found.level, found.text.startswith("none")) == (level, True)
