"""Every file of a storage has a kind."""

import re
from pathlib import Path

import pytest

from orchestrator.upkeep.kinds import kind_of

PAGE = Path(__file__).parents[3] / "docs" / "storage.md"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("trials/0/record.json", "records"),
        ("trials/0/predictions-0123456789abcdef.parquet", "predictions"),
        ("trials/0/model-0123456789abcdef.safetensors", "models"),
        ("trials/0/tokenizer.json", "models"),
        ("trials/0/checkpoint.pt.damaged", "damaged"),
        ("trials/0/.model.safetensors.ab.partial", "partial"),
        ("trials/0/lease-12", "locks"),
        ("trials/0/lock", "locks"),
        ("plans/lock", "locks"),
        ("plans/layers/lock", "locks"),
        ("plans/layers/synthetic-tiny.json", "plans"),
        ("corpora/.mine-0123/1/part.json", "preparations"),
        ("corpora/mine/folds.json", "corpora"),
        ("prefixes/ab.host.partial/train.maps", "prefixes"),
        ("mlflow.db-wal", "mlflow"),
        ("mlflow-artifacts/1/x/record.json", "mlflow"),
        (".bucket/seen/trials/0/record.json", "mirror"),
        ("mlflow.db", "mlflow"),
        ("notes.txt", "other"),
        ("thesis/model.damaged", "other"),
        ("downloads/film.partial", "other"),
        ("film.partial", "other"),
        ("poetry/poetry.lock", "other"),
    ],
)
def test_kind_of_a_file_is_told_by_its_path(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_every_path_of_the_page_about_storage_has_a_kind() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    paths = {path for row in rows for path in re.findall(r"`STORAGE/([^`]+)`", row)}
    assert len(paths) > 15
    files = [re.sub(r"<\w+>", "0", path) + ("file" if path.endswith("/") else "") for path in paths]
    assert [file for file in files if kind_of(file) == "other"] == []
