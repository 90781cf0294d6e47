"""Corpora of classes and of numbers through the whole program, as a user runs it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mlflow.tracking import MlflowClient
from sklearn.metrics import balanced_accuracy_score, f1_score, mean_absolute_error

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from corpora.source.task import TaskKind
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.tracking.client import EXPERIMENT
from reports.ledger.ledger import Ledger
from reports.ledger.record import Predictions
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.running import COMMAND, call

pytestmark = pytest.mark.slow

STUDY = """
from search_spaces.change import apply_change
from search_spaces.claim import better
from search_spaces.study import ANY_CORPUS, Column, Row, Study
from search_spaces.systems.le import TINY

SHORT = apply_change(TINY, {{"training.max_epochs": 2}})

SMALL = Study(
    name="small",
    title="A small study",
    baseline={{"tiny": {{ANY_CORPUS: SHORT}}}},
    columns={{ANY_CORPUS: ({columns})}},
    seeds=(0, 1, 2),
    rows=(Row(name="usual"), Row(name="other", change={{"training.loss": "{loss}"}})),
    claims=(
        better("loss", "usual is better", "usual", "other", corpus="mine", metric="{first}"),
    ),
)
"""

Score = Callable[[Predictions], float]
SCORES: dict[TaskKind, tuple[str, dict[str, Score]]] = {
    "multiclass": (
        "focal",
        {
            "uar": lambda p: balanced_accuracy_score(p.labels.argmax(1), p.probabilities.argmax(1)),
            "f1": lambda p: f1_score(
                p.labels.argmax(1), p.probabilities.argmax(1), average="macro", zero_division=0
            ),
        },
    ),
    "regression": (
        "mse",
        {
            "mae": lambda p: mean_absolute_error(p.labels, p.probabilities),
            "pearson": lambda p: np.corrcoef(p.labels[:, 0], p.probabilities[:, 0])[0, 1],
        },
    ),
}


def lay_out(folder: Path, task: TaskKind) -> Path:
    """Write a study file, and prepare a corpus of one column of labels."""
    lines = [
        {name: cell for name, cell in line.items() if name not in ("happy", "sad")}
        for line in clip_lines(per_split=6)
    ]
    for number, line in enumerate(lines):
        if task == "multiclass":
            line["class"] = ("joy", "anger", "neutral")[number % 3]
        else:
            line["sentiment"] = (number * 7 % 13) / 2 - 3
    source = read_clips(write_clip_folder(folder / "clips", lines))
    prepare(source, [LE], name="mine", storage=folder / "storage")
    loss, scores = SCORES[task]
    columns = "".join(f'Column(metric="{name}", header="{name}"), ' for name in scores)
    study = folder / "small.py"
    study.write_text(STUDY.format(columns=columns, loss=loss, first=next(iter(scores))))
    return study


@pytest.mark.parametrize("task", SCORES)
def test_study_trains_is_judged_and_predicts(tmp_path: Path, task: TaskKind) -> None:
    study, storage = lay_out(tmp_path, task), tmp_path / "storage"
    sweep = ("run", study, "--corpus", "mine", "--storage", storage, "--no-measure")
    printed = call(*sweep, cwd=tmp_path)
    assert "[6/6]" in printed.replace(" ", "")
    assert "1 claim" in printed
    ledger = Ledger(storage)
    records = {record.key: record for record in ledger.records()}
    assert {record.result.task for record in records.values()} == {task}
    table = json.loads((storage / "tables" / "small" / "mine-tiny" / "small.json").read_text())
    cells = [cell for row in table["blocks"][0]["cells"] for cell in row]
    assert len(cells) == 4
    for cell in cells:
        score = SCORES[task][1][cell["metric"]]
        for one in cell["scores"]:
            test = ledger.predictions(records[one["trial"]])["test"]
            assert one["score"] == pytest.approx(score(test), abs=1e-6)
    client = MlflowClient(tracking_uri=tracking_uri_of(None, storage))
    (experiment,) = client.search_experiments(filter_string=f"name = '{EXPERIMENT}'")
    runs = client.search_runs([experiment.experiment_id], max_results=100)
    trials = [run for run in runs if f"test_{next(iter(SCORES[task][1]))}" in run.data.metrics]
    assert {run.info.status for run in trials} == {"FINISHED"}
    assert len(trials) == len(records)
    predicted = ("predict", "clips/clip.mp4", "--best", study, "--corpus", "mine", "--json")
    said = json.loads(
        subprocess.run(
            [COMMAND, *map(str, predicted), "--storage", storage],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    assert ("targets" in said) == (task == "regression")
