"""The whole program on a bucket: the real command on two machines, each with its own cache.

The model is a user's own, so its source goes from one machine to the other too.
"""

import shutil
from pathlib import Path

import pytest

from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.publish import locate_place
from reports.ledger.ledger import Ledger
from tests.models.own.own_files import STUDY, write_own_files
from tests.running import NUM_TRIALS, call, records

TABLE = Path("tables", "small", "mine-tiny")


@pytest.mark.slow
def test_what_one_machine_trained_another_reports(
    bucket: str, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMER_SWEEP_STORAGE", f"{bucket}/place")
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "here"))
    shutil.copytree(prepared / "corpora", locate_place(f"{bucket}/place") / "corpora")
    mine = write_own_files(tmp_path / "user", small=STUDY)
    study = mine / "small.py"
    plan = ("run", study, "--corpus", "mine", "--slots", 2)
    printed = call(*plan, cwd=tmp_path)
    assert "0 finished, 4 to train" in printed
    assert f"The same is in {bucket}/place/{TABLE}" in printed
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "there"))
    assert "4 finished, 0 to train" in call("plan", study, "--corpus", "mine", cwd=tmp_path)
    assert "4 finished, 0 to train" in call(*plan, cwd=tmp_path)
    (here,), (there,) = ((tmp_path / name).glob("*/*") for name in ("here", "there"))
    assert records(here) == records(there)
    assert len(records(there)) == NUM_TRIALS
    assert not list(Ledger(there).trials.glob("*/model.safetensors"))
    for name in ("small.tex", "small.csv", "small.json", "small.md"):
        ours = (here / TABLE / name).read_bytes()
        assert ours == (there / TABLE / name).read_bytes()
        assert ours == BucketStore(f"{bucket}/place").read(f"{TABLE}/{name}")
    shutil.rmtree(mine)  # the bucket has the source of the model
    clip = next((prepared / "clips").glob("*.mp4"))
    assert "happy" in call("predict", clip, "--trial", next(iter(records(there))), cwd=tmp_path)
    call("report", "--no-model-figures", cwd=tmp_path)
    assert "report/report.html" in BucketStore(f"{bucket}/place").names("report")
