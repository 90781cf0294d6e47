"""Folds as a user meets them: one corpus, one study, one table."""

from collections.abc import Collection
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from orchestrator.addresses.address import tracking_uri_of
from orchestrator.tracking.client import EXPERIMENT
from reports.ledger.record import Record
from tests.corpora.fold_factory import spoken_lines
from tests.corpora.laid_utterances import iemocap_utterances
from tests.corpora.media_factory import write_clip_folder
from tests.corpora.raw_iemocap_factory import write_raw_iemocap
from tests.running import call, record_times, records

STUDY = """
from search_spaces.change import apply_change
from search_spaces.claim import greater
from search_spaces.studies.le2023 import ABLATION_COLUMNS
from search_spaces.systems.le import TINY
from search_spaces.study import ANY_CORPUS, Row, Study

SHORT = apply_change(TINY, {"training.max_epochs": 1})

FOLDED = Study(
    name="folded",
    title="A folded study",
    baseline={"tiny": {ANY_CORPUS: SHORT}},
    columns=ABLATION_COLUMNS,
    seeds=(0,),
    rows=(
        Row(name="shallow", change={"model.fusion.depth": 1}),
        Row(name="deep", change={"model.fusion.depth": 2}),
    ),
    claims=(greater("F1", "deep is better", "deep", "shallow", corpus="NAME", metric="auc"),),
)
"""


def run_names(storage: Path) -> set[str]:
    client = MlflowClient(tracking_uri_of(None, storage))
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], "tags.kind = 'trial'")
    return {run.info.run_name for run in runs}


def write_study(folder: Path, corpus: str) -> Path:
    study = folder / "folded.py"
    study.write_text(STUDY.replace("NAME", corpus), encoding="utf-8")
    return study


@pytest.mark.slow
def test_clips_are_one_study_over_their_folds(tmp_path: Path) -> None:
    write_clip_folder(tmp_path / "clips", spoken_lines(per_split=5))
    place = ("--storage", tmp_path / "storage")
    source = ("--source", "clips", "--name", "mine", "--recipe", "le", "--folds", "speakers:3")
    assert "3 folds (speakers:3)" in call("prepare", "clips", *source, *place, cwd=tmp_path)
    study = write_study(tmp_path, "mine")
    printed = call("run", study, "--corpus", "mine", *place, cwd=tmp_path)
    assert "6 rows x seeds x folds are 6 trials" in printed
    assert "over one seed x 3 of 3 folds" in printed
    assert "corrected resampled t" in printed
    assert "F1" in printed
    folds = [record.trial.corpus.fold for record in records_of(tmp_path)]
    assert {fold.name for fold in folds if fold} == {"ann", "bob", "cy"}
    names = {f"s0 f{fold} {row}" for fold in (1, 2, 3) for row in ("shallow", "deep")}
    assert run_names(tmp_path / "storage") == names
    verdicts = next((tmp_path / "storage" / "tables").rglob("*verdicts.json")).read_text()
    assert "test_share" in verdicts
    before = record_times(tmp_path / "storage")
    again = call("run", study, "--corpus", "mine", *place, cwd=tmp_path)
    assert "6 finished, 0 to train" in again
    assert record_times(tmp_path / "storage") == before


def records_of(folder: Path) -> Collection[Record]:
    return records(folder / "storage").values()


@pytest.mark.slow
def test_each_session_of_iemocap_is_left_out_in_turn(tmp_path: Path) -> None:
    write_raw_iemocap(tmp_path / "release", iemocap_utterances())
    place = ("--storage", tmp_path / "storage")
    source = ("--source", "release", "--recipe", "le", "--folds", "sessions")
    printed = call("prepare", "iemocap", *source, *place, cwd=tmp_path)
    told = " ".join(printed.split())
    assert "Session1 6, Session2 6, Session3 6, Session4 6, Session5 6" in told
    study = write_study(tmp_path, "iemocap-folds")
    corpus = ("--corpus", "iemocap-folds", "--scale", "tiny")
    assert "1 x 5 folds" in call("plan", study, *corpus, "--no-measure", *place, cwd=tmp_path)
    printed = call("run", study, *corpus, *place, cwd=tmp_path)
    assert "over one seed x 5 of 5 folds" in printed
    folds = [record.trial.corpus.fold for record in records_of(tmp_path)]
    assert {(fold.name, fold.number) for fold in folds if fold} == {
        (f"Session{number}", number) for number in range(1, 6)
    }
