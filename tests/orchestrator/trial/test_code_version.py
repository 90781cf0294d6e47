import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from orchestrator.trial import code_version as module
from tests.test_layers import ROOT


@pytest.mark.parametrize("script", ["exit 128", "sleep 5"])
def test_checkout_that_git_cannot_read_has_an_unknown_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    (tmp_path / ".git").mkdir()
    git = tmp_path / "git"
    git.write_text(f"#!/bin/sh\n{script}\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(module, "PATIENCE_S", 0.5)
    monkeypatch.setattr(module, "PACKAGE", tmp_path / "orchestrator")
    assert module.code_version.__wrapped__() == f"{version('mmer-sweep')}+unknown"


def test_checkout_of_another_user_has_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the environment names another repository, as inside a git hook."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    if os.geteuid() == 0:  # others cannot give a file away
        os.chown(tmp_path, 12345, -1)
        os.chown(tmp_path / ".git", 12345, -1)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setattr(module, "PACKAGE", tmp_path / "orchestrator")
    assert "+g" in module.code_version.__wrapped__()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no git checkout")
def test_checkout_has_the_version_of_its_commit() -> None:
    head = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    released, _, commit = module.code_version.__wrapped__().partition("+g")
    assert released == version("mmer-sweep")
    assert commit.removesuffix(".dirty") == head
