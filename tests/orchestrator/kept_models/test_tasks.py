"""Trials on corpora of classes and of numbers, from the training to a prediction."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import JsonValue
from rich.console import Console

from corpora.batches.corpus import AnyCorpus, load_corpus
from corpora.media.duration import read_duration_s
from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from corpora.source.label_space import LabelSpace
from corpora.source.task import TaskKind
from corpora.store.folders import recipe_folder
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from corpora.text.tokens import TokenSettings
from models.build import build
from models.init import init_weights
from models.task import Task
from orchestrator.floors.make import make_linear
from orchestrator.kept_models.clips.facts import prediction_facts
from orchestrator.kept_models.clips.spoken import SpokenClip
from orchestrator.plan.plan import make_plan
from orchestrator.training.loop import start_training, train
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from reports.prediction.prediction import csv_header, csv_row
from reports.prediction.view import prediction_view
from search_spaces.change import apply_change
from search_spaces.errors import StudyError
from tests.corpora.media_factory import clip_lines, write_clip_folder, write_video
from tests.orchestrator.factories import TRAINED_FOR, small_config, small_study, small_trial
from tests.orchestrator.kept_models.predictors import loaded

CPU = torch.device("cpu")
SPACES: Mapping[TaskKind, LabelSpace] = {
    "multiclass": LabelSpace(("calm", "glad", "sad"), "multiclass"),
    "regression": LabelSpace(("valence", "arousal"), "regression", (-3.0, 3.0)),
}
of_both = pytest.mark.parametrize("task", SPACES, scope="module")


def labels_of(task: TaskKind, number: int) -> tuple[float, ...]:
    if task == "multiclass":
        return tuple(float(place == number % 3) for place in range(3))
    return (number % 4 - 1.1, -0.5 * (number % 3))


@pytest.fixture(scope="module")
def prepared_by_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare two corpora whose utterances are the whole of one file."""
    storage = tmp_path_factory.mktemp("tasks")
    clip = write_video(storage / "clips" / "clip.mp4")
    whole = {"start": 0.0, "end": read_duration_s(clip)}
    source = read_clips(write_clip_folder(clip.parent, [line | whole for line in clip_lines()]))
    for task, space in SPACES.items():
        utterances = tuple(
            replace(utterance, labels=labels_of(task, number))
            for number, utterance in enumerate(source.utterances)
        )
        labelled = replace(source, labels=space, utterances=utterances, digest=task)
        prepare(labelled, [LE], name=task, storage=storage)
    return storage


@pytest.fixture(scope="module")
def record(prepared_by_task: Path, task: TaskKind) -> Record:
    """Train a trial."""
    trial = small_trial(manifest_of(prepared_by_task, task))
    return run_trial(trial, prepared_by_task, trained_for=TRAINED_FOR)


def manifest_of(storage: Path, task: TaskKind) -> Manifest:
    return read_manifest(storage, task, LE.name)


def opened(storage: Path, task: TaskKind) -> AnyCorpus:
    tokens = TokenSettings(weights=None, vocabulary=512, max_tokens=50)
    folder = recipe_folder(storage, task, LE.name)
    return load_corpus(folder, manifest_of(storage, task), tokens, CPU)


@of_both
def test_record_holds_the_labels_and_no_thresholds(
    prepared_by_task: Path, task: TaskKind, record: Record
) -> None:
    assert record.result.task == task
    assert record.result.thresholds == ()
    test = Ledger(prepared_by_task).predictions(record)["test"]
    prepared = opened(prepared_by_task, task).splits["test"].labels.numpy()
    np.testing.assert_array_equal(test.labels, prepared)
    if task == "multiclass":
        np.testing.assert_allclose(test.probabilities.sum(1), 1, atol=1e-6)
    else:
        assert test.labels.dtype == np.float32
    assert Ledger(prepared_by_task).find(record.key) == record


@pytest.mark.parametrize(
    ("task", "selection", "metric", "sign"),
    [
        ("multiclass", "best_valid_f1", "f1", 1),
        ("multiclass", "best_valid_acc", "acc", 1),
        ("multiclass", "best_valid_uar", "uar", 1),
        ("regression", "best_valid_f1", "ccc", 1),
        ("regression", "best_valid_ccc", "ccc", 1),
        ("regression", "best_valid_mae", "mae", -1),
    ],
)
def test_epoch_is_chosen_by_what_the_task_has(
    prepared_by_task: Path, task: TaskKind, selection: str, metric: str, sign: int
) -> None:
    corpus = opened(prepared_by_task, task)
    config = small_config(max_epochs=4, learning_rate=0.01, selection=selection)
    model = build(config.model, Task(emotions=corpus.manifest.emotions))
    init_weights(model, 0)
    state = start_training(model, corpus, config.training, seed=0)
    trained = train(
        state, corpus, config.training, seed=0, precision="fp32", on_epoch=lambda *_: None
    )
    scores = [sign * epoch.valid[metric] for epoch in trained.epochs]
    assert trained.best_epoch == scores.index(max(scores))


def test_training_that_diverges_predicts_all_classes_alike(prepared_by_task: Path) -> None:
    corpus = opened(prepared_by_task, "multiclass")
    config = small_config(learning_rate=1e30, clip_norm=None, warmup=0.0).training
    model = build(small_config().model, Task(emotions=corpus.manifest.emotions))
    init_weights(model, 0)
    state = start_training(model, corpus, config, seed=0)
    trained = train(state, corpus, config, seed=0, precision="fp32", on_epoch=lambda *_: None)
    assert (trained.best_epoch, trained.thresholds) == (-1, ())
    np.testing.assert_allclose(trained.predictions["test"].probabilities, 1 / 3, atol=1e-6)


def test_balanced_sampling_draws_each_class_as_often(prepared_by_task: Path) -> None:
    corpus = opened(prepared_by_task, "multiclass")
    train_split = corpus.splits["train"]
    train_split.labels[:] = torch.tensor([1.0, 0.0, 0.0])
    train_split.labels[0] = torch.tensor([0.0, 1.0, 0.0])
    train_split.labels[1] = torch.tensor([0.0, 0.0, 1.0])
    weights = train_split.labels @ (1 / train_split.labels.sum(0))
    drawn = torch.cat(
        [train_split.random_order(seed=0, epoch=epoch, weights=weights) for epoch in range(600)]
    )
    counts = train_split.labels[drawn].sum(0)
    assert counts.tolist() == pytest.approx([len(drawn) / 3] * 3, rel=0.1)
    again = train_split.random_order(seed=0, epoch=7, weights=weights)
    assert again.tolist() == drawn[7 * len(again) :][: len(again)].tolist()


@of_both
def test_linear_model_predicts_what_the_task_has(prepared_by_task: Path, task: TaskKind) -> None:
    linear = make_linear(prepared_by_task, manifest_of(prepared_by_task, task))
    assert linear.facts.task == task
    predicted = linear.predictions["test"].probabilities
    assert predicted.shape == linear.predictions["test"].labels.shape
    if task == "multiclass":
        np.testing.assert_allclose(predicted.sum(1), 1, atol=1e-6)


@of_both
def test_kept_model_predicts_what_the_trial_recorded(
    prepared_by_task: Path, task: TaskKind, record: Record
) -> None:
    recorded = Ledger(prepared_by_task).predictions(record)["test"]
    predictor = loaded(record, prepared_by_task)
    for utterance, expected in zip(recorded.ids, recorded.probabilities, strict=True):
        text = f"this is number {utterance.removeprefix('test')}"
        said = predictor.predict(
            SpokenClip(prepared_by_task / "clips" / "clip.mp4", text, "--text")
        )
        if task == "regression":
            assert said.decisions == ()
            assert [*said.numbers] == ["valence", "arousal"]
            assert [*said.numbers.values()] == pytest.approx(expected.tolist(), abs=1e-5)
            continue
        assert said.numbers == {}
        found = [decision.probability for decision in said.decisions]
        assert found == pytest.approx(expected.tolist(), abs=1e-5)
        assert [decision.present for decision in said.decisions].index(True) == np.argmax(found)
        assert sum(decision.present for decision in said.decisions) == 1


@of_both
def test_prediction_is_shown_in_every_form(
    prepared_by_task: Path, task: TaskKind, record: Record
) -> None:
    clip = SpokenClip(prepared_by_task / "clips" / "clip.mp4", "oh well", "--text")
    said = loaded(record, prepared_by_task).predict(clip)
    plain = json.loads(prediction_facts(said, record, [TRAINED_FOR]).model_dump_json())
    header, row = csv_header(record.result, []), csv_row(said)
    assert len(header) == len(row)
    console = Console(record=True, width=100)
    console.print(prediction_view(said, record, [TRAINED_FOR]))
    shown = console.export_text()
    if task == "regression":
        assert plain["targets"] == said.numbers
        assert "valid_ccc" in plain["trial"]
        assert header == ["file", "valence", "arousal"]
        assert "validation CCC" in shown
        assert f"{said.numbers['arousal']:.3f}" in shown
    else:
        assert {one["threshold"] for one in plain["emotions"].values()} == {None}
        assert header[1:3] == ["calm", "calm_present"]
        assert shown.count("present") == 1


@pytest.mark.parametrize(
    ("task", "change", "fault"),
    [
        ("regression", {"training.loss": "focal"}, "choose from l1, mse"),
        ("multiclass", {"training.selection": "best_valid_ccc"}, "choose from best_valid_f1"),
    ],
)
def test_training_that_does_not_fit_the_task_is_told_before_it_begins(
    prepared_by_task: Path, task: TaskKind, change: dict[str, JsonValue], fault: str
) -> None:
    study = small_study()
    baseline = {"tiny": {"*": apply_change(small_config(), change)}}
    study = study.model_copy(update={"baseline": baseline})
    corpus = know_corpus(task, prepared_by_task)
    with pytest.raises(StudyError, match=rf"row 'shallow', training: .*{fault}"):
        make_plan(study, corpus, "tiny", None, Ledger(prepared_by_task))
