"""The worked studies in `examples/`, which are files of a user: they lie outside the packages."""

from pathlib import Path

import pytest
import torch
from rich.console import Console

from corpora.features.sources import FeatureSources
from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.recipes.pictures import DAI
from corpora.recipes.union import AnyRecipe
from corpora.source.task import TaskKind
from corpora.text.word_vectors import RandomVectors
from orchestrator.floors.ensure import ensure_floors
from orchestrator.plan.plan import make_plan, planned_of
from orchestrator.trial.conditions import Conditions
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from reports.lint.checks import lint
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from search_spaces.catalogue import load_studies
from search_spaces.printed.read import read_published
from search_spaces.study import RowRef, Study
from tests.corpora.media_factory import clip_lines, write_clip_folder

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
DAI2021 = EXAMPLES / "dai2021"


def third_paper() -> Study:
    (study,) = load_studies(DAI2021 / "study.py")
    return study


def test_printed_values_of_a_third_paper_lie_beside_its_study() -> None:
    study = third_paper()
    for corpus in ("iemocap", "mosei"):
        for row in study.rows:
            for column in study.columns_for(corpus):
                if column.emotion is not None:
                    assert study.find_printed(row, corpus, column), (row.name, column.title)
    cell = study.find_printed(study.rows[-1], "mosei", study.columns_for("mosei")[0])
    assert cell == "mosei/fe2e/Happiness.WA"
    assert study.printed.row("mosei/fe2e").values[0] == "65.4"


@pytest.mark.parametrize(
    ("name", "task"), [("single_label", "multiclass"), ("regression", "regression")]
)
def test_study_fits_the_labels_of_its_corpus(name: str, task: TaskKind, tmp_path: Path) -> None:
    (study,) = load_studies(EXAMPLES / f"{name}.py")
    corpus = know_corpus(f"synthetic-{task}", tmp_path)
    plan = make_plan(study, corpus, "tiny", None, Ledger(tmp_path))
    assert len(plan.missing) == 3 * len(study.rows)


def test_printed_values_of_the_third_paper_have_no_finding() -> None:
    assert lint(read_published(DAI2021 / "dai2021.yaml")).findings == ()


def test_study_of_the_third_paper_trains_and_is_judged(tmp_path: Path) -> None:
    source = read_clips(write_clip_folder(tmp_path / "clips", clip_lines()))
    recipes: list[AnyRecipe] = [DAI, HandcraftedRecipe(words="random", random_width=8)]
    words = FeatureSources(words=RandomVectors(8))
    prepare(source, recipes, name="mine", storage=tmp_path, feature_sources=words)
    study = third_paper()
    plan = make_plan(study, know_corpus("mine", tmp_path), "tiny", 1, Ledger(tmp_path))
    conditions = Conditions(device=torch.device("cpu"), keeps_model=False)
    for row, trials in plan.trials.items():
        run_trial(trials[0], tmp_path, trained_for=RowRef(study.name, row), conditions=conditions)
    planned, trial_scores = planned_of(plan, looks=()), TrialScores(Ledger(tmp_path))
    ensure_floors([planned], trial_scores, tmp_path, Console())
    outcome = collect_outcome(planned, trial_scores)
    assert [cells[0].row for cells in outcome.cells if cells[0].complete] == list(plan.trials)
