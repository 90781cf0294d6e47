import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from orchestrator.errors import CodeVersionError
from orchestrator.trial import code_version as module
from tests.test_layers import ROOT


@pytest.mark.parametrize(
    ("script", "why"),
    [("echo dubious ownership >&2; exit 128", "dubious ownership"), ("sleep 5", "timed out")],
)
def test_checkout_that_git_cannot_read_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    """The release alone would be the version of other code."""
    (tmp_path / ".git").mkdir()
    git = tmp_path / "git"
    git.write_text(f"#!/bin/sh\n{script}\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(module, "PATIENCE_S", 0.5)
    monkeypatch.setattr(module, "PACKAGE", tmp_path / "orchestrator")
    with pytest.raises(CodeVersionError, match=f"(?s)cannot tell the version of .*{why}.*; make"):
        module.code_version.__wrapped__()


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
