"""Trials and floors of corpora that hold sound alone, or text alone."""

from pathlib import Path

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from corpora.source.utterance import Modality
from corpora.store.manifest import Manifest
from orchestrator.floors.make import make_linear
from orchestrator.trial.run import run_trial
from search_spaces.change import apply_change
from search_spaces.trial import Trial
from tests.corpora.media_factory import clip_lines, text_lines, write_csv, write_sound
from tests.orchestrator.factories import TRAINED_FOR, small_trial


def of_sound(folder: Path) -> Manifest:
    write_sound(folder / "clips" / "a.wav", seconds=2.0)
    write_csv(folder / "clips" / "clips.csv", clip_lines(file="a.wav"))
    return prepare(read_clips(folder / "clips"), [LE], name="mine", storage=folder)["le"]


def of_text(folder: Path) -> Manifest:
    write_csv(folder / "clips" / "clips.csv", text_lines())
    return prepare(read_clips(folder / "clips"), [LE], name="mine", storage=folder)["le"]


def trial_of(manifest: Manifest, modality: Modality) -> Trial:
    trial = small_trial(manifest, max_epochs=1, batch_size=4)
    config = apply_change(trial.config, {"model.modalities": [modality]})
    return trial.model_copy(update={"config": config})


def test_trial_trains_on_sound_alone(tmp_path: Path) -> None:
    manifest = of_sound(tmp_path)
    record = run_trial(trial_of(manifest, "audio"), tmp_path, trained_for=TRAINED_FOR)
    assert record.result.emotions == ("happy", "sad")
    linear = make_linear(tmp_path, manifest)
    assert linear.facts.features.startswith("mean and standard deviation over time of the log-mel")
    assert "faces" not in linear.facts.features


def test_trial_trains_on_classes_of_text_alone(tmp_path: Path) -> None:
    manifest = of_text(tmp_path)
    record = run_trial(trial_of(manifest, "text"), tmp_path, trained_for=TRAINED_FOR)
    assert record.result.task == "multiclass"
    assert make_linear(tmp_path, manifest).facts.features == (
        "a bag of the 1000 most frequent tokens"
    )
