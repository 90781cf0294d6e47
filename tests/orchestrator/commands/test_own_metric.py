"""A metric of one's own, and a new column, on trials that were trained before."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from corpora.preparation.known import know_corpus
from orchestrator.cli import EXIT_BAD_INPUT, main
from orchestrator.plan.plan import Plan, make_plan, planned_of
from orchestrator.trial.run import run_trial
from reports.forms import document
from reports.ledger.ledger import Ledger
from reports.ledger.planned import remember
from reports.scores.trials import TrialScores
from search_spaces.catalogue import load_studies
from search_spaces.errors import StudyError
from search_spaces.study import Study
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.factories import TRAINED_FOR

FILE = """
from search_spaces.change import apply_change
from search_spaces.claim import better
from search_spaces.metrics.metric import Metric
from search_spaces.study import ANY_CORPUS, Column, Row, Study
from search_spaces.systems.le import TINY

SCALE = {scale}

def brier(labels, probabilities):
    return SCALE * ((labels - probabilities) ** 2).mean()

SHORT = apply_change(TINY, {{"training.max_epochs": 1}})
OWN = Study(
    name="with-brier",
    title="Two depths",
    baseline={{"tiny": {{ANY_CORPUS: SHORT}}}},
    columns={{ANY_CORPUS: (Column(metric="f1", header="F1"), {column})}},
    seeds=(0,),
    rows=(Row(name="shallow", change={{"model.fusion.depth": 1}}), Row(name="deep")),
    {metrics}
)
"""
COLUMN = 'Column(metric="brier", header="Brier")'
METRICS = (
    'metrics=(Metric(name="brier", header="Brier", compute=brier, higher_is_better=False),),\n'
    '    claims=(better("B1", "deep has the lower Brier score", "deep", "shallow", '
    'corpus="mine", metric="brier"),),'
)


def write(path: Path, *, has_metric: bool, column: str = COLUMN, scale: int = 1) -> Study:
    text = FILE.format(
        scale=scale, column=column if has_metric else "", metrics=METRICS if has_metric else ""
    )
    path.write_text(text, encoding="utf-8")
    (study,) = load_studies(path)
    return study


def plan(study: Study, storage: Path) -> Plan:
    corpus = know_corpus(CORPUS, storage)
    return make_plan(study, corpus, "tiny", None, Ledger(storage))


def report(storage: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own: no study file is loaded there."""
    place = ("--storage", str(storage), "--no-model-figures")
    program = f"import sys; sys.argv = {['mmer-sweep', 'report', *arguments, *place]!r}\n"
    program += "from orchestrator.cli import main; main()"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_new_metric_is_computed_on_trials_that_were_trained_before(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gates.py"
    before = plan(write(file, has_metric=False), storage)
    for trial in before.missing:
        run_trial(trial, storage, trained_for=TRAINED_FOR)

    own = write(file, has_metric=True)
    after = plan(own, storage)
    assert after.keys == before.keys
    assert after.missing == []
    remember(planned_of(after, ()), storage)

    told = report(storage)
    assert told.returncode == EXIT_BAD_INPUT
    assert "metric 'brier' is a function of the study file 'gates.py'" in " ".join(
        told.stderr.split()
    )
    monkeypatch.setattr(document, "COMPILER", "no-such-tex")
    place = ("--storage", str(storage), "--no-model-figures")
    monkeypatch.setattr(sys, "argv", ["mmer-sweep", "report", "--metrics-of", str(file), *place])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code

    (written,) = (storage / "report").rglob("with-brier.json")
    table = json.loads(written.read_text(encoding="utf-8"))
    (about,) = table["metrics"]
    assert (about["name"], about["digest"]) == ("brier", own.metrics[0].digest)
    (cells,) = (line for line in table["blocks"][0]["cells"][:1])
    record = Ledger(storage).find(after.keys["shallow"][0])
    assert record is not None
    test = TrialScores(Ledger(storage)).read_test(record)
    expected = ((test.labels - test.probabilities) ** 2).mean()
    assert cells[1]["mean"] == pytest.approx(float(expected))
    assert "Lower is better: Brier." in table["notes"]
    stored = next((storage / "plans").rglob("*.json")).read_text(encoding="utf-8")
    assert json.loads(stored)["study"]["metrics"][0]["file"] == "gates.py"


def test_metric_that_was_edited_is_told_before_numbers_mix(storage: Path, tmp_path: Path) -> None:
    file = tmp_path / "gates.py"
    planned = planned_of(plan(write(file, has_metric=True), storage), ())
    remember(planned, storage)
    write(file, has_metric=True, scale=2)
    told = report(storage, "--metrics-of", str(file))
    assert told.returncode == EXIT_BAD_INPUT
    assert "'brier' is now another function" in " ".join(told.stderr.split())


def test_metric_that_the_task_does_not_admit_is_told_before_anything_trains(
    storage: Path, tmp_path: Path
) -> None:
    study = write(
        tmp_path / "gates.py", has_metric=True, column='Column(metric="mae", header="MAE")'
    )
    with pytest.raises(StudyError, match="column 'MAE': metric 'mae' is for regression, but the"):
        plan(study, storage)
