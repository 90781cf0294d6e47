"""`mmer-sweep layers` from end to end, its trials packed by what was measured."""

import json
import re
import shutil
from pathlib import Path

import torch

from orchestrator.prefixes.arithmetic import device_name
from tests.gpu.devices import slow_on_the_cpu
from tests.gpu.trials import CORPUS
from tests.running import call, records

DEVICES = {"cpu": "cpu", "cuda": "gpu"}
"""What the command calls them."""


@slow_on_the_cpu
def test_layers_are_swept_packed_and_written(
    device: torch.device, corpora: Path, tmp_path: Path
) -> None:
    shutil.copytree(corpora / "corpora" / CORPUS, tmp_path / "corpora" / CORPUS)
    place = ("--corpus", CORPUS, "--scale", "tiny", "--seeds", 1, "--storage", tmp_path)
    where = ("--device", DEVICES[device.type], "--measure", "--no-models")
    printed = call("layers", *place, *where, cwd=tmp_path, limit_s=600)
    (planned,) = re.findall(r"\d+ trials, (\d+) at once on", " ".join(printed.split()))
    assert int(planned) >= (2 if device.type == "cuda" else 1)
    found = records(tmp_path).values()
    assert {record.circumstances.device for record in found} == {device_name(device)}
    assert not any(record.circumstances.micro_batches for record in found)
    assert (tmp_path / "tables" / "layers" / f"{CORPUS}-tiny" / "layers.tex").is_file()
    files = [*(tmp_path / "probes").glob("*.json")]
    probes = [json.loads(path.read_text()) for path in files if "device" not in path.name]
    assert len(probes) >= len(found)
    if device.type == "cuda":
        assert all(probe["gpu_memory_mib"] > 0 for probe in probes)
