"""Figures of trained models, what they are drawn from, and why they may not be drawn."""

import csv
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE, XIA
from corpora.source.errors import CorpusError
from corpora.store.prepared import read_manifest
from corpora.synthetic.clip import FRAME_RATE_FPS, write_clip
from corpora.synthetic.face import NEUTRAL, draw_frames, draw_speaker
from corpora.synthetic.voice import RATE_HZ
from models.configs.base import SystemConfig
from models.configs.xia import SemConfig
from models.fusion.cross_modal import CompressExpand
from models.parts.sem import RescaledOverSites
from models.systems.xia import XiaModel
from orchestrator.errors import KeptModelError
from orchestrator.kept_models.attention import (
    CLS,
    Attended,
    attend,
    bottleneck_weights,
    fusion_weights,
    site_weights,
)
from orchestrator.kept_models.clip import choose_clip
from orchestrator.kept_models.features import LearnedFeatures, read_features
from orchestrator.kept_models.figures import FIGURE_6, LE_FULL, XIA_FULL, draw_model_figures
from orchestrator.kept_models.load import LoadedModel, MissingPartError, load_trained
from orchestrator.trial.kept_model import keep_model
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import MODEL_FILE, Ledger
from reports.ledger.record import Record
from search_spaces.catalogue import find_study
from search_spaces.study import RowRef
from search_spaces.training import TrainingConfig
from search_spaces.trial import CorpusRef, Trial, TrialConfig
from tests.corpora.media_factory import clip_lines
from tests.models import factories as le_factory
from tests.models import xia_factory
from tests.orchestrator.factories import TRAINED_FOR, small_trial

CPU = torch.device("cpu")
CORPUS = "drawn"
SECONDS, NUM_WINDOWS, NUM_CHUNKS = 1.2, 2, 4  # 97 frames of a spectrogram in chunks of 32
VISION = xia_factory.VISION.model_copy(update={"face_px": XIA.face_px, "pool": (4, 4)})

SER, FER = (
    xia_factory.change(config, vision=VISION) for config in (xia_factory.SER, xia_factory.FER)
)
SYSTEMS: Mapping[RowRef, SystemConfig] = {
    RowRef("unimodal", "SER (audio)"): xia_factory.without_sem(SER),
    RowRef("unimodal", "SER with SEM (audio, text)"): SER,
    RowRef("unimodal", "FER (faces)"): xia_factory.without_sem(FER),
    RowRef("unimodal", "FER with SEM (faces, text)"): FER,
    XIA_FULL: xia_factory.change(xia_factory.FULL, vision=VISION),
    LE_FULL: le_factory.TINY,
}
SER_ROW = next(iter(SYSTEMS))

Trials = dict[RowRef, list[Record]]


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare clips of a face that MTCNN finds; the first test utterance has no text."""
    storage = tmp_path_factory.mktemp("figures")
    (storage / "clips").mkdir()
    generator = np.random.default_rng(0)
    num_frames = 2 * FRAME_RATE_FPS
    openings = np.linspace(0, 1, num_frames).tolist()
    frames = draw_frames(draw_speaker(generator), [NEUTRAL] * num_frames, openings, generator)
    wave = 0.1 * generator.standard_normal(2 * RATE_HZ).astype(np.float32)
    write_clip(storage / "clips" / "clip.mp4", frames, wave)
    lines = [
        line | ({"text": " "} if line["utterance"] == "test0" else {}) for line in clip_lines()
    ]
    with (storage / "clips" / "clips.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    prepare(read_clips(storage / "clips"), [LE, XIA], name=CORPUS, storage=storage)
    return storage


@pytest.fixture(scope="module")
def trials(storage: Path) -> Trials:
    """Train every row that a figure needs for an epoch."""
    return {row: [train(config, storage)] for row, config in SYSTEMS.items()}


def train(config: SystemConfig, storage: Path) -> Record:
    manifest = read_manifest(storage, CORPUS, config.recipe)
    training = TrainingConfig(max_epochs=1, batch_size=4, precision="fp32")
    trial = Trial(
        config=TrialConfig.model_validate({"model": config, "training": training}),
        corpus=CorpusRef(name=CORPUS, recipe=config.recipe, fingerprint=manifest.fingerprint),
        seed=0,
    )
    return run_trial(trial, storage, trained_for=TRAINED_FOR)


def loaded(row: RowRef, trials: Trials, storage: Path) -> LoadedModel:
    return load_trained(trials[row][0], storage, device=CPU)


def attended(row: RowRef, trials: Trials, storage: Path) -> Attended:
    return attend(loaded(row, trials, storage), 1)


def of_seed(record: Record, seed: int) -> Record:
    """Copy a record as if its trial had another seed."""
    return record.model_copy(update={"trial": record.trial.model_copy(update={"seed": seed})})


def listen(part: nn.Module) -> dict[str, tuple[Tensor, ...]]:
    """Remember what goes into a part, and what comes out."""
    heard: dict[str, tuple[Tensor, ...]] = {}

    def remember(_part: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        heard.update(inputs=inputs, output=(output,))

    part.register_forward_hook(remember)
    return heard


# Features


def test_decision_is_the_last_layer_on_the_features(trials: Trials, storage: Path) -> None:
    trained = loaded(SER_ROW, trials, storage)
    learned = read_features(trained)
    assert isinstance(trained.model, XiaModel)
    decide = trained.model.decide["audio"]
    assert isinstance(decide, nn.Sequential)
    last = decide[-1]
    with torch.inference_mode():
        decided = last(torch.from_numpy(learned.features["audio"])).sigmoid().numpy()
    np.testing.assert_allclose(decided, learned.predictions.probabilities, rtol=1e-6)
    assert (learned.features["audio"] >= 0).all(), "after the ReLU"


@pytest.mark.parametrize("row", [SER_ROW, XIA_FULL], ids=str)
def test_predictions_are_those_that_the_trial_recorded(
    row: RowRef, trials: Trials, storage: Path
) -> None:
    learned = read_features(loaded(row, trials, storage))
    recorded = Ledger(storage).predictions(trials[row][0])["test"]
    assert np.array_equal(learned.predictions.probabilities, recorded.probabilities)
    assert learned.predictions.ids.tolist() == recorded.ids.tolist()


def test_models_without_an_mlp_a_modality_have_no_such_features(
    trials: Trials, storage: Path
) -> None:
    trained = loaded(LE_FULL, trials, storage)
    with pytest.raises(MissingPartError, match=rf"'{trained.record.key}', system 'le', has no MLP"):
        read_features(trained)


# Attention


@pytest.mark.parametrize("row", [XIA_FULL, LE_FULL], ids=str)
def test_asking_for_attention_changes_no_bit_and_leaves_nobody_listening(
    row: RowRef, trials: Trials, storage: Path
) -> None:
    trained = loaded(row, trials, storage)
    seen, model = attend(trained, 1), trained.model
    assert not any(part._forward_hooks for part in model.modules())
    _, batch, *_ = trained.corpus.splits["test"].in_order(1)
    with torch.inference_mode():
        assert torch.equal(seen.logits, model(batch))


def test_weights_of_sites_are_those_that_the_module_used(trials: Trials, storage: Path) -> None:
    trained = loaded(XIA_FULL, trials, storage)
    part = trained.model.get_submodule("branches.vision.backbone.groups.conv5.enhance.attend")
    assert isinstance(part, RescaledOverSites)
    heard = listen(part)
    weights = site_weights(attend(trained, 1))["vision"]["conv5"]
    assert weights.shape == (NUM_WINDOWS, 2, 2)  # 224 px, averaged by 4, halved five times
    np.testing.assert_allclose(weights.sum((1, 2)), 1, rtol=1e-6)
    used = 4 * torch.from_numpy(weights).flatten(1)[..., None] * heard["inputs"][2]
    torch.testing.assert_close(heard["output"][0], used)


def test_weights_of_the_bottleneck_are_those_that_it_used(trials: Trials, storage: Path) -> None:
    trained = loaded(XIA_FULL, trials, storage)
    layer = trained.model.get_submodule("cross.layers.0")
    assert isinstance(layer, CompressExpand)
    heard = listen(layer.compress["audio"].get_submodule("attend"))
    seen = attend(trained, 1)
    of_heads = seen.weights["cross.layers.0.compress.audio.attend"]
    torch.testing.assert_close(of_heads @ heard["inputs"][2], heard["output"][0])
    write, read = bottleneck_weights(seen)
    np.testing.assert_allclose(write["audio"], of_heads[0].mean(0), rtol=1e-6)
    for modality in ("audio", "vision"):
        assert write[modality].shape == read[modality].shape == (4, NUM_WINDOWS)
        np.testing.assert_allclose(write[modality].sum(1), 1, rtol=1e-6)
        np.testing.assert_allclose(read[modality].sum(0), 1, rtol=1e-6)


def test_fusion_and_decoder_weigh_cls_tokens_chunks_and_frames(
    trials: Trials, storage: Path
) -> None:
    trained = loaded(LE_FULL, trials, storage)
    queries, weights = fusion_weights(attend(trained, 1))
    tokens = choose_clip(trained, storage).tokens
    assert queries == (CLS, "happy", "sad")
    assert tokens == ("[CLS]", "this", "is", "number", "1", "[SEP]")
    assert weights.shape == (3, 1 + len(tokens) + NUM_CHUNKS + NUM_WINDOWS)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-6)


def test_parts_that_a_model_has_not_are_named(trials: Trials, storage: Path) -> None:
    le, xia = attended(LE_FULL, trials, storage), attended(XIA_FULL, trials, storage)
    key = le.trained.record.key
    with pytest.raises(MissingPartError, match=rf"'{key}', system 'le', has no semantic enhancem"):
        site_weights(le)
    with pytest.raises(MissingPartError, match=rf"'{key}', system 'le', has no bottleneck that"):
        bottleneck_weights(le)
    with pytest.raises(MissingPartError, match="system 'xia', has no transformer with a"):
        fusion_weights(xia)


def test_weights_over_tokens_are_no_weights_of_sites(trials: Trials, storage: Path) -> None:
    trained = loaded(XIA_FULL, trials, storage)
    reading = xia_factory.change(xia_factory.FULL, sem=SemConfig(attention="tokens"))
    other = LoadedModel(trained.record, xia_factory.initialised_xia(reading), trained.corpus)
    with pytest.raises(MissingPartError, match="no semantic enhancement that weighs sites"):
        site_weights(Attended(other, torch.zeros(1, 2), {}, {}))


# The clip


@pytest.mark.parametrize("row", [XIA_FULL, LE_FULL], ids=str)
def test_clip_is_the_first_with_a_text_and_a_face(
    row: RowRef, trials: Trials, storage: Path
) -> None:
    clip = choose_clip(loaded(row, trials, storage), storage)
    assert (clip.id, clip.index, clip.text) == ("test1", 1, "this is number 1")
    assert clip.faces.shape[0] == NUM_WINDOWS
    assert len(clip.sound) * clip.chunk_s >= SECONDS


def test_corpus_without_faces_has_no_clip_to_show(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared / "corpora", tmp_path / "corpora")
    trial = small_trial(read_manifest(tmp_path, "mine", LE.name), max_epochs=1)
    record = run_trial(trial, tmp_path, trained_for=TRAINED_FOR)
    with pytest.raises(CorpusError, match="no test utterance with a text and a face in every"):
        choose_clip(load_trained(record, tmp_path, device=CPU), tmp_path)


# The figures


def test_every_figure_is_drawn(trials: Trials, storage: Path) -> None:
    drawings, reasons = draw_model_figures(trials, storage)
    assert reasons == []
    assert [drawing.name for drawing in drawings] == [
        "xia2022-figure-6",
        "xia2022-sem-attention",
        "xia2022-bottleneck-attention",
        "le2023-fusion-attention",
    ]
    features, *attention = drawings
    assert "for the 2 test utterances with exactly one emotion; 2 with none" in features.caption
    assert set(features.data["emotion"]) == {"happy", "sad"}
    assert all("'this is number 1' (test1: the first" in each.caption for each in attention)
    assert all("Corpus drawn, seed 0: the lowest" in each.caption for each in drawings)


def test_figures_of_rows_that_nobody_trained_are_passed_over(storage: Path) -> None:
    assert draw_model_figures({}, storage) == ([], [])


def test_figures_that_lack_models_are_told(trials: Trials, storage: Path) -> None:
    (full,) = trials[LE_FULL]
    not_kept = full.model_copy(
        update={"circumstances": full.circumstances.model_copy(update={"model_sha256": None})}
    )
    given = {SER_ROW: trials[SER_ROW], LE_FULL: [not_kept]}
    drawings, (features, fusion) = draw_model_figures(given, storage)
    assert drawings == []
    assert features.startswith("Figure 6 of Xia et al. (features) is not drawn: no trained model")
    assert "is kept of unimodal/SER with SEM (audio, text), " in features
    assert "; run modules, unimodal without --no-models (a trial that is fin" in features
    assert f"is kept of {LE_FULL}; run components without --no-models" in fusion


def test_all_rows_of_a_figure_have_one_seed_the_lowest_of_all(
    trials: Trials, storage: Path
) -> None:
    several = {row: [of_seed(record, seed) for seed in (2, 1)] for row, (record,) in trials.items()}
    several[SER_ROW].append(of_seed(trials[SER_ROW][0], 0))
    drawings, _ = draw_model_figures(several, storage)
    assert "seed 1: the lowest" in drawings[0].caption
    several[SER_ROW] = several[SER_ROW][2:]
    _, (reason,) = draw_model_figures(several, storage)
    assert "the rows have no seed in common of which every model is kept" in reason


def test_model_that_was_removed_or_changed_is_told(
    trials: Trials, storage: Path, tmp_path: Path
) -> None:
    (record,) = trials[LE_FULL]
    folder = shutil.copytree(storage / "trials" / record.key, tmp_path / "trials" / record.key)
    (folder / MODEL_FILE).write_bytes(b"another")
    _, reasons = draw_model_figures({LE_FULL: [record]}, tmp_path)
    assert "is not the one that its record names" in reasons[-1]
    (folder / MODEL_FILE).unlink()
    _, reasons = draw_model_figures({LE_FULL: [record]}, tmp_path)
    assert f"is kept of {LE_FULL}; run components without --no-models" in reasons[-1]
    with pytest.raises(KeptModelError, match=f"trial '{record.key}' has no model in .*--no-models"):
        load_trained(record, tmp_path, device=CPU)


def test_model_of_another_version_of_the_code_is_told(
    trials: Trials, storage: Path, tmp_path: Path
) -> None:
    (record,) = trials[LE_FULL]
    shutil.copytree(storage / "trials" / record.key, tmp_path / "trials" / record.key)
    (tmp_path / "corpora").symlink_to(storage / "corpora")
    sha256 = keep_model(tmp_path / "trials" / record.key, nn.Linear(1, 1), None)
    circumstances = record.circumstances.model_copy(update={"model_sha256": sha256})
    record = record.model_copy(update={"circumstances": circumstances})
    with pytest.raises(KeptModelError, match=rf"'{record.key}', trained by .* does not fit"):
        load_trained(record, tmp_path, device=CPU)


def test_split_without_utterances_of_one_emotion_is_told(
    trials: Trials, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_without_labels(trained: LoadedModel) -> LearnedFeatures:
        learned = read_features(trained)
        labels = np.zeros_like(learned.predictions.labels)
        return replace(learned, predictions=replace(learned.predictions, labels=labels))

    monkeypatch.setattr("orchestrator.kept_models.figures.read_features", read_without_labels)
    _, (reason,) = draw_model_figures(trials, storage)
    assert reason.endswith("not drawn: none of 4 test utterances has exactly one emotion")


def test_trial_whose_corpus_is_gone_is_named(trials: Trials, storage: Path, tmp_path: Path) -> None:
    (record,) = trials[LE_FULL]
    shutil.copytree(storage / "trials" / record.key, tmp_path / "trials" / record.key)
    with pytest.raises(CorpusError, match=rf"trial '{record.key}' .* run `mmer-sweep prepare`"):
        load_trained(record, tmp_path, device=CPU)
    _, reasons = draw_model_figures({LE_FULL: [record]}, tmp_path)
    assert record.key in reasons[-1]


@pytest.mark.parametrize(
    "row", sorted({*(panel.row for panel in FIGURE_6), XIA_FULL, LE_FULL}), ids=str
)
def test_row_of_a_figure_exists(row: RowRef) -> None:
    assert row.row in [each.name for each in find_study(row.study).rows]
