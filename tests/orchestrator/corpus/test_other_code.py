import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from corpora.preparation.code import preparation_digest
from corpora.source import code as source
from corpora.store.folders import MANIFEST_FILE, recipe_folder
from corpora.store.manifest import Manifest
from orchestrator.corpus.setup import ensure_corpus
from tests.test_layers import ROOT


@pytest.mark.parametrize(
    ("code_digest", "is_told"), [(preparation_digest(), False), ("", False), ("0123", True)]
)
def test_corpus_that_other_code_prepared_is_told(
    storage: Path, manifest: Manifest, tmp_path: Path, code_digest: str, is_told: bool
) -> None:
    assert manifest.code_digest == preparation_digest()
    shutil.copytree(storage / "corpora", tmp_path / "corpora")
    folder = recipe_folder(tmp_path, manifest.name, manifest.recipe.name)
    changed = manifest.model_copy(update={"code_digest": code_digest})
    (folder / MANIFEST_FILE).write_text(changed.model_dump_json(), encoding="utf-8")
    console = Console(file=(printed := io.StringIO()))
    assert ensure_corpus(manifest.name, tmp_path, console, manifest.recipe.name) == [changed]
    assert (f"remove '{folder}' and prepare it again" in printed.getvalue()) is is_told


def test_edit_of_a_reader_changes_the_digest_and_one_of_a_report_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("corpora", "reports"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.setattr(source, "ROOT", tmp_path)
    preparation_digest.cache_clear()
    assert (before := preparation_digest()) == preparation_digest.__wrapped__()
    with (tmp_path / "reports/tables/table.py").open("a", encoding="utf-8") as file:
        file.write("X = 1\n")
    assert preparation_digest.__wrapped__() == before
    with (tmp_path / "corpora/media/frames.py").open("a", encoding="utf-8") as file:
        file.write("X = 1\n")
    assert preparation_digest.__wrapped__() != before
