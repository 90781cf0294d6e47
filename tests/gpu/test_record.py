"""A record of a GPU is close to the CPU's, and one in bf16 to one in fp32."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.gpu.devices import every_system_on_each_device
from tests.gpu.trials import make_trial, probabilities, train

CPU = torch.device("cpu")

FP32_TOLERANCE = 0.01
"""Of a probability: cuDNN convolves in TF32, which has 10 bits, and Adam passes that on."""

BF16_TOLERANCE = 0.05
F1_TOLERANCE = 0.1


@every_system_on_each_device
def test_record_is_close_to_that_of_the_cpu(
    system: str, device: torch.device, corpora: Path, tmp_path: Path
) -> None:
    trial = make_trial(system, corpora)
    expected = train(trial, corpora, tmp_path / "cpu", CPU)
    found = train(trial, corpora, tmp_path / "device", device)
    assert len(found.result.epochs) == 2
    np.testing.assert_allclose(
        probabilities(found, tmp_path / "device"),
        probabilities(expected, tmp_path / "cpu"),
        atol=FP32_TOLERANCE,
        rtol=0,
    )


@every_system_on_each_device
def test_bf16_is_close_to_fp32(
    system: str, device: torch.device, corpora: Path, tmp_path: Path
) -> None:
    records = {
        precision: train(
            make_trial(system, corpora, training__precision=precision),
            corpora,
            tmp_path / precision,
            device,
        )
        for precision in ("fp32", "bf16")
    }
    assert records["bf16"].circumstances.precision == "bf16"
    assert records["bf16"].result.diverged_at_epoch is None
    f1 = {name: record.result.epochs[-1].valid["f1"] for name, record in records.items()}
    assert f1["bf16"] == pytest.approx(f1["fp32"], abs=F1_TOLERANCE)
    np.testing.assert_allclose(
        probabilities(records["bf16"], tmp_path / "bf16"),
        probabilities(records["fp32"], tmp_path / "fp32"),
        atol=BF16_TOLERANCE,
        rtol=0,
    )
