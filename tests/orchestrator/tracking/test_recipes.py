"""The lines of docs/mlflow.md do what they say, on a real MLflow."""

import contextlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.storage.folder import DEFAULT_STORAGE
from tests.orchestrator.tracking.factories import deliver, record_study

PAGE = Path(__file__).parents[3] / "docs" / "mlflow.md"


@pytest.fixture
def delivered(
    tmp_path: Path, blank_database: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Deliver a study that is called layers to the MLflow of the default storage."""
    storage = tmp_path / DEFAULT_STORAGE
    storage.mkdir()
    shutil.copy(blank_database, storage / "mlflow.db")
    planned, _, _ = record_study(storage, "shallow", "deep", name="layers")
    deliver(storage, tracking_uri_of(None, storage), planned)
    monkeypatch.chdir(tmp_path)
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)


def test_recipes_read_what_a_sweep_delivered(delivered: None) -> None:
    section = PAGE.read_text(encoding="utf-8").split("\n## From Python\n")[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    printed = io.StringIO()
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    text = printed.getvalue()
    assert len(names["trials"]) == 4  # type: ignore[arg-type]
    assert re.search(r"^shallow +0\.\d+ +0\.\d+ +2$", text, re.MULTILINE)
    assert re.search(r"^cpu +2\.5 +1000\.0$", text, re.MULTILINE)
    assert "[(1, 0.5), (2, 0.6), (3, 0.7)]" in text
    assert "metrics.deep/test_f1_mean" in text
    assert text.count("Empty DataFrame") == 2
