from pathlib import Path

import pytest

from orchestrator.errors import CodeVersionError
from orchestrator.trial import code_version as module


@pytest.mark.parametrize(
    ("script", "why"),
    [("echo dubious ownership >&2; exit 128", "dubious ownership"), ("sleep 5", "timed out")],
)
def test_checkout_that_git_cannot_read_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    """The release alone would be the version of other code."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "orchestrator").mkdir()
    git = tmp_path / "git"
    git.write_text(f"#!/bin/sh\n{script}\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(module, "PATIENCE_S", 0.5)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "orchestrator" / "code_version.py"))
    with pytest.raises(CodeVersionError, match=f"(?s)cannot tell the version of .*{why}.*; make"):
        module.code_version.__wrapped__()
