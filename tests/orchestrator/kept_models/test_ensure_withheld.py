"""Columns and claims about utterances that lack modalities, from trials that are finished."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.kept_models.withheld import ensure_withheld
from reports.ledger.ledger import MODEL_FILE, Ledger
from reports.ledger.planned import Planned
from reports.ledger.record import Record
from reports.ledger.withheld_file import read_withheld, withheld_file
from reports.scores.cells import Outcome, collect_outcome
from reports.scores.redrawn import RedrawnScores
from reports.scores.trials import TrialScores
from reports.tables.table import build_table
from search_spaces.claim import Score, greater
from search_spaces.metrics.metric import Withheld
from search_spaces.study import ANY_CORPUS, Column
from tests.orchestrator.factories import small_study
from tests.orchestrator.kept_models.predictors import CORPUS
from tests.running import call, make_workplace, sweep

METRICS = ("f1", "f1_without_text_50", "auc_without_text_50", "f1_without_text_audio_vision")
CLAIM = greater("C", "hears", "deep", "shallow", corpus=CORPUS, metric="acc_without_audio")
HALF: Withheld = (("text", 50),)


@pytest.fixture
def own_storage(storage: Path, trained: Callable[[str], Record], tmp_path: Path) -> Path:
    """Give a copy of the storage in which one trial is finished."""
    key = trained("le").key
    shutil.copytree(storage / "corpora", tmp_path / "corpora")
    shutil.copytree(storage / "trials" / key, tmp_path / "trials" / key)
    return tmp_path


@pytest.fixture
def planned(trained: Callable[[str], Record]) -> Planned:
    columns = {ANY_CORPUS: tuple(Column(metric=name, header=name) for name in METRICS)}
    study = small_study().model_copy(update={"columns": columns, "claims": (CLAIM,)})
    keys = {"shallow": (trained("le").key,)}
    return Planned(study=study, corpus=CORPUS, family=CORPUS, scale="tiny", keys=keys)


def ensure(planned: Planned, storage: Path) -> str:
    file = io.StringIO()
    console = Console(file=file, width=1000)
    ensure_withheld([planned], TrialScores(Ledger(storage)), storage, console)
    return file.getvalue()


def outcome_of(planned: Planned, storage: Path) -> Outcome:
    return collect_outcome(planned, TrialScores(Ledger(storage)))


def test_columns_and_claims_are_scored_without_training(
    planned: Planned, own_storage: Path, trained: Callable[[str], Record]
) -> None:
    record = trained("le")
    assert ensure(planned, own_storage) == ""
    test = read_withheld(own_storage, record, HALF)
    assert test is not None
    cells = outcome_of(planned, own_storage).cells[0]
    assert [cell.num_scores for cell in cells] == [1, 1, 1, 1]
    assert cells[-1].why_void == "every seed predicts the same for every test utterance"
    redrawn = RedrawnScores(TrialScores(Ledger(own_storage)))
    assert redrawn.find_variance([record], [], Score(CORPUS, "acc_without_audio", None)) is not None


def test_predictions_are_made_once_and_again_where_they_are_damaged(
    planned: Planned, own_storage: Path, trained: Callable[[str], Record]
) -> None:
    ensure(planned, own_storage)
    path = withheld_file(own_storage, trained("le"), HALF)
    first, written_ns = path.read_bytes(), path.stat().st_mtime_ns
    ensure(planned, own_storage)
    assert path.stat().st_mtime_ns == written_ns
    path.write_bytes(first[:-9])
    ensure(planned, own_storage)
    assert path.read_bytes() == first


def test_predictions_of_another_record_do_not_count(
    planned: Planned, own_storage: Path, trained: Callable[[str], Record]
) -> None:
    ensure(planned, own_storage)
    record = trained("le")
    result = record.result.model_copy(update={"predictions_sha256": "0" * 64})
    other = record.model_copy(update={"result": result})
    assert read_withheld(own_storage, other, HALF) is None


def test_trial_without_its_model_has_no_such_scores_and_the_user_is_told(
    planned: Planned, own_storage: Path, trained: Callable[[str], Record]
) -> None:
    key = trained("le").key
    (own_storage / "trials" / key / MODEL_FILE).unlink()
    told = ensure(planned, own_storage)
    assert f"have no scores without modalities: 1; of the first: trial '{key}' has no model" in told
    assert "or move its folder away and run its study again" in told
    cells = outcome_of(planned, own_storage).cells[0]
    assert [cell.num_scores for cell in cells] == [1, 0, 0, 0]
    redrawn = RedrawnScores(TrialScores(Ledger(own_storage)))
    score = Score(CORPUS, "f1_without_text_50", None)
    assert redrawn.find_variance([trained("le")], [], score) is None


def test_trial_that_diverged_before_it_had_a_model_predicts_nothing_either_way(
    planned: Planned, own_storage: Path, trained: Callable[[str], Record]
) -> None:
    path = own_storage / "trials" / trained("le").key / "record.json"
    record = trained("le")
    result = record.result.model_copy(update={"best_epoch": -1, "diverged_at_epoch": 0})
    path.write_text(record.model_copy(update={"result": result}).model_dump_json())
    assert ensure(planned, own_storage) == ""
    assert outcome_of(planned, own_storage).cells[0][1].why_void == "every seed diverged"


def test_table_says_what_is_withheld_and_why_scores_are_missing(
    planned: Planned, own_storage: Path, trained: Callable[[str], Record]
) -> None:
    def notes() -> str:
        return " ".join(build_table(planned.study, [outcome_of(planned, own_storage)]).notes)

    told = (
        "f1_without_text_50 is undefined for 1 finished trial on mine at the tiny scale: its model"
    )
    assert told in notes()
    ensure(planned, own_storage)
    assert "Withheld from test utterances: text of 50 % (f1_without_text_50); " in notes()
    assert told not in notes()


def test_study_that_withholds_nothing_asks_for_nothing(planned: Planned, own_storage: Path) -> None:
    columns = {ANY_CORPUS: (Column(metric="f1", header="F1"),)}
    study = planned.study.model_copy(update={"columns": columns, "claims": ()})
    assert ensure(planned.model_copy(update={"study": study}), own_storage) == ""
    assert not (own_storage / "withheld").exists()


STUDY = """
from mmer_sweep import ANY_CORPUS, LE, Column, Row, Study, apply_change

SHORT = apply_change(LE["tiny"][ANY_CORPUS], {"training.max_epochs": 1})
LACKING = Study(
    name="lacking",
    title="Without sound",
    baseline={"tiny": {ANY_CORPUS: SHORT}},
    columns={ANY_CORPUS: (Column(metric="auc_without_audio_50", header="AUC"),)},
    seeds=(0,),
    rows=(Row(name="full"),),
)
"""


def score_in(folder: Path) -> object:
    (file,) = folder.rglob("lacking.json")
    ((cell,),) = json.loads(file.read_text())["blocks"][0]["cells"]
    return cell["scores"][0]["score"]


@pytest.mark.slow
def test_run_scores_it_and_so_does_report_later(tmp_path: Path) -> None:
    place = make_workplace(tmp_path) / "base"
    study = tmp_path / "lacking.py"
    study.write_text(STUDY)
    call(*sweep(study, place), cwd=tmp_path)
    found = score_in(place / "tables")
    shutil.rmtree(place / "withheld")
    call("report", "--storage", place, cwd=tmp_path)
    assert score_in(place / "report") == found
