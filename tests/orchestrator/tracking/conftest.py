import shutil
from pathlib import Path

import pytest


@pytest.fixture
def uri(blank_database: Path, tmp_path: Path) -> str:
    """Give an MLflow of its own, without a server."""
    shutil.copy(blank_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    (tmp_path / "storage").mkdir()
    return tmp_path / "storage"
