import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from corpora.parsing.sealed import sealed
from corpora.store.folders import recipe_folder, split_file
from corpora.store.manifest import Manifest
from orchestrator.floors.ensure import ensure_floors
from reports.ledger.floor_file import floor_file
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from search_spaces.trial import CorpusRef, Trial
from tests.reports.factories import make_split, make_study, make_trial, write_trial


@pytest.fixture
def planned(storage: Path, manifest: Manifest) -> Planned:
    """Give a study with a finished trial on the prepared corpus."""
    corpus = CorpusRef(name=manifest.name, recipe="le", fingerprint=manifest.fingerprint)
    trial: Trial = make_trial().model_copy(update={"corpus": corpus})
    num_emotions = len(manifest.emotions)
    test = make_split(0, 4, num_emotions)
    write_trial(Ledger(storage), trial, test, (0.5,) * num_emotions, emotions=manifest.emotions)
    return Planned(
        study=make_study(),
        corpus=manifest.name,
        family=manifest.name,
        scale="tiny",
        keys={"ours": (trial.key,)},
    )


def ensure(planned: Planned, storage: Path) -> str:
    file = io.StringIO()
    console = Console(file=file, width=200)
    ensure_floors([planned], TrialScores(Ledger(storage)), storage, console)
    return file.getvalue()


def test_floors_are_made_once_and_again_where_they_are_damaged(
    planned: Planned, storage: Path, manifest: Manifest
) -> None:
    assert ensure(planned, storage) == ""
    path = floor_file(storage, manifest.fingerprint)
    first, written_ns = path.read_bytes(), path.stat().st_mtime_ns
    ensure(planned, storage)
    assert path.stat().st_mtime_ns == written_ns
    path.write_bytes(first[:-9])
    ensure(planned, storage)
    assert path.read_bytes() == first
    floors = collect_outcome(planned, TrialScores(Ledger(storage))).floors
    assert floors is not None
    assert floors.facts.emotions == manifest.emotions
    chance, linear = floors.find("chance", "acc"), floors.find("linear", "acc")
    assert chance is not None
    assert linear is not None


def test_without_the_corpus_there_are_none(
    planned: Planned, storage: Path, manifest: Manifest
) -> None:
    shutil.rmtree(storage / "corpora")
    assert ensure(planned, storage) == ""
    assert not floor_file(storage, manifest.fingerprint).exists()
    assert collect_outcome(planned, TrialScores(Ledger(storage))).floors is None


def test_corpus_that_was_prepared_anew_is_another(
    planned: Planned, storage: Path, manifest: Manifest
) -> None:
    path = recipe_folder(storage, manifest.name, "le") / "manifest.json"
    anew = manifest.model_copy(update={"fingerprint": "f" * 64})
    path.write_bytes(sealed(anew))
    ensure(planned, storage)
    assert not (storage / "floors").exists()


def test_damaged_corpus_is_told_and_the_table_is_still_made(
    planned: Planned, storage: Path, manifest: Manifest
) -> None:
    path = split_file(recipe_folder(storage, manifest.name, "le"), "test")
    path.write_bytes(path.read_bytes()[:-100])
    assert "no floors: " in ensure(planned, storage)
    assert not (storage / "floors").exists()
