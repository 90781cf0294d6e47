"""A model that reads states of encoders predicts a clip with the same encoders, found again."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from corpora.checkpoints.errors import CheckpointError
from corpora.features.encoders.open import open_encoder
from corpora.features.sources import FeatureSources
from corpora.media.duration import read_duration_s
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.source.errors import CorpusError
from corpora.source.utterance import Modality
from orchestrator.kept_models.clips.load_predictor import load_predictor
from orchestrator.kept_models.clips.spoken import SpokenClip
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from search_spaces.training import TrainingConfig
from search_spaces.trial import CorpusRef, Trial, TrialConfig
from tests.corpora.media_factory import clip_lines, write_clip_folder, write_video
from tests.encoder_factory import AUDIO, TEXT
from tests.models.baselines_factory import FEATURE_ROWS
from tests.orchestrator.factories import TRAINED_FOR
from tests.orchestrator.kept_models.predictors import CPU, call

Trained = tuple[Record, Ledger, dict[Modality, str]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train for an epoch on the states of two encoders; every utterance is the whole clip."""
    folder = tmp_path_factory.mktemp("encoders")
    places: dict[Modality, str] = {
        "audio": str(AUDIO["wavlm"](folder / "wavlm")),
        "text": str(TEXT["deberta-v2"](folder / "deberta")),
    }
    opened = {modality: open_encoder(place, modality, 1) for modality, place in places.items()}
    recipe = HandcraftedRecipe(
        name="encoded",
        words=None,
        encoders={modality: states for modality, (_, states) in opened.items()},
    )
    clip = write_video(folder / "clips" / "clip.mp4")
    whole = {"start": 0.0, "end": read_duration_s(clip), "text": "it is so good"}
    source = read_clips(write_clip_folder(clip.parent, [line | whole for line in clip_lines()]))
    encoders = {modality: checkpoint for modality, (checkpoint, _) in opened.items()}
    sources = FeatureSources(encoders=encoders)
    made = prepare(source, [recipe], name="mine", storage=folder, feature_sources=sources)
    model = FEATURE_ROWS["lf_lstm"].model_copy(update={"features": "encoded"})
    training = TrainingConfig(max_epochs=1, batch_size=4, precision="fp32")
    trial = Trial(
        config=TrialConfig.model_validate({"model": model, "training": training}),
        corpus=CorpusRef(name="mine", recipe=model.recipe, fingerprint=made["encoded"].fingerprint),
        seed=0,
    )
    return run_trial(trial, folder, trained_for=TRAINED_FOR), Ledger(folder), places


def test_clip_is_predicted_as_in_the_corpus(trained: Trained, tmp_path: Path) -> None:
    record, ledger, places = trained
    moved: dict[Modality, str] = {
        modality: str(shutil.copytree(place, tmp_path / modality))
        for modality, place in places.items()
    }
    predictor = load_predictor(record, ledger, device=CPU, encoders=moved)
    clip = SpokenClip(ledger.storage / "clips" / "clip.mp4", "it is so good")
    found = [decision.probability for decision in predictor.predict(clip).decisions]
    known = ledger.predictions(record)["test"].probabilities
    np.testing.assert_allclose(np.tile(found, (len(known), 1)), known, atol=1e-5)


def test_encoders_that_are_not_those_of_the_training_are_told(
    trained: Trained, tmp_path: Path
) -> None:
    record, ledger, places = trained
    with pytest.raises(
        CorpusError,
        match=r"encoders of audio and text, but --encoder names those of no modality; give "
        r"--encoder \w+=NAME \(.*model.safetensors has SHA-256 [0-9a-f]{64}\)",
    ):
        load_predictor(record, ledger, device=CPU)
    other = places | {"audio": str(AUDIO["hubert"](tmp_path))}
    with pytest.raises(CheckpointError, match="is not the one of the recipe 'encoded': config"):
        load_predictor(record, ledger, device=CPU, encoders=other)
    with pytest.raises(CorpusError, match="states of the text: leave --words out"):
        load_predictor(record, ledger, device=CPU, encoders=places, words="random")


def test_command_takes_the_encoders(trained: Trained) -> None:
    record, ledger, places = trained
    encoders = [f"--encoder={modality}={place}" for modality, place in places.items()]
    clip = ledger.storage / "clips" / "clip.mp4"
    said = ("--trial", record.key, "--storage", ledger.storage, "--text", "it is so good", "--json")
    done = call(clip, *said, *encoders)
    assert done.exit_code == 0, done.output
    known = ledger.predictions(record)["test"].probabilities[0]
    decisions = json.loads(done.stdout)["emotions"].values()
    assert [decision["probability"] for decision in decisions] == pytest.approx(known, abs=1e-5)
