from pathlib import Path

import pytest

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.addresses.named import is_named
from orchestrator.terminal import console
from orchestrator.tracking.session import mirrored_to_mlflow


def test_sweep_notes_which_mlflow_this_user_named(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMER_SWEEP_CONFIG", str(tmp_path / "config"))
    own = tracking_uri_of(None, storage)
    for uri in (own, "http://127.0.0.1:9"):
        with mirrored_to_mlflow(storage, uri, console):
            pass
    assert is_named("http://127.0.0.1:9")
    assert not is_named(own)
