"""What a kept model predicts for a clip, and what is told beside it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from corpora.batches.single_clip import ClipReader
from corpora.features.sources import NO_FEATURE_SOURCES
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from corpora.source.errors import CorpusError
from corpora.source.names import SYNTHETIC
from corpora.store.prepared import read_manifest
from models.build import build
from models.configs.base import MODALITIES, SystemConfig
from models.parts.weighing import weights_of
from models.task import Task
from orchestrator.errors import KeptModelError
from orchestrator.kept_models.clips.load_predictor import load_predictor
from orchestrator.kept_models.clips.notes import cost_of_no_text
from orchestrator.kept_models.clips.predictor import Predictor
from orchestrator.kept_models.clips.spoken import SpokenClip, spoken_clip
from orchestrator.training.determinism import CUBLAS_WORKSPACE
from orchestrator.trial.kept_model import read_kept_model
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from tests.corpora.media_factory import (
    tone,
    write_sound,
    write_video,
)
from tests.models import baselines_factory, xia_factory
from tests.models import factories as le_factory
from tests.orchestrator.factories import TRAINED_FOR, small_trial
from tests.orchestrator.kept_models.predictors import (
    CORPUS,
    CPU,
    FEATURES,
    WEIGHT_KINDS,
    loaded,
    of_every_kind,
    with_model,
)
from tests.other_device import OTHER


@of_every_kind
def test_prediction_equals_what_the_trial_recorded(
    system: str, storage: Path, trained: Callable[[str], Record]
) -> None:
    record = trained(system)
    recorded = Ledger(storage).predictions(record)["test"]
    predictor = loaded(record, storage)
    for utterance, probabilities in zip(recorded.ids, recorded.probabilities, strict=True):
        text = f"this is number {utterance.removeprefix('test')}"
        said = predictor.predict(SpokenClip(storage / "clips" / "clip.mp4", text, "--text"))
        found = [decision.probability for decision in said.decisions]
        assert found == pytest.approx(probabilities.tolist(), abs=1e-5)
        assert [decision.emotion for decision in said.decisions] == ["happy", "sad"]
        called = np.array(found) > np.array(record.result.thresholds)
        assert [decision.present for decision in said.decisions] == called.tolist()


def test_prediction_of_a_segment_equals_what_the_trial_recorded(
    prepared: Path, tmp_path: Path
) -> None:
    shutil.copytree(prepared / "corpora", tmp_path / "corpora")
    trial = small_trial(read_manifest(tmp_path, CORPUS, LE.name), max_epochs=1)
    record = run_trial(trial, tmp_path, trained_for=TRAINED_FOR)
    predictor = loaded(record, tmp_path)
    utterances = {each.id: each for each in read_clips(prepared / "clips").utterances}
    recorded = Ledger(tmp_path).predictions(record)["test"]
    for name, probabilities in zip(recorded.ids, recorded.probabilities, strict=True):
        said = predictor.predict_utterance(utterances[name])
        found = [decision.probability for decision in said.decisions]
        assert found == pytest.approx(probabilities.tolist(), abs=1e-5)


@pytest.mark.parametrize("is_deterministic", [True, False])
def test_prediction_uses_the_algorithms_of_the_trial(
    record: Record, storage: Path, is_deterministic: bool
) -> None:
    seen: list[bool] = []

    def look(*_: object) -> None:
        seen.append(torch.are_deterministic_algorithms_enabled())

    change = {"is_deterministic": is_deterministic}
    circumstances = record.circumstances.model_copy(update=change)
    predictor = loaded(record.model_copy(update={"circumstances": circumstances}), storage)
    with torch.nn.modules.module.register_module_forward_pre_hook(look):
        predictor.predict(SpokenClip(storage / "clips" / "clip.mp4", "oh well", "--text"))
    assert set(seen[-1:]) == {is_deterministic}
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("is_deterministic", [True, False])
def test_cublas_is_told_before_faces_are_found(
    record: Record, storage: Path, is_deterministic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks once in the life of a process."""
    name, workspace = CUBLAS_WORKSPACE
    monkeypatch.setenv(name, "")  # so that what is set here is put back
    monkeypatch.delenv(name)
    change = {"is_deterministic": is_deterministic}
    circumstances = record.circumstances.model_copy(update=change)
    loaded(record.model_copy(update={"circumstances": circumstances}), storage)
    assert os.environ.get(name) == (workspace if is_deterministic else None)


@pytest.mark.parametrize("system", ["le", "xia", "mesm", "mult"])
def test_another_device_predicts_as_the_cpu(
    system: str, storage: Path, trained: Callable[[str], Record]
) -> None:
    """Faces are found there, too."""
    clip = SpokenClip(storage / "clips" / "clip.mp4", "oh well", "--text")
    record = trained(system)
    with sdpa_kernel(SDPBackend.MATH):  # both attend by the same operations
        there = load_predictor(record, Ledger(storage), device=OTHER).predict(clip)
        here = loaded(record, storage).predict(clip)
    assert there == here


@of_every_kind
def test_modalities_are_weighed_where_the_model_weighs_them(
    system: str, storage: Path, trained: Callable[[str], Record]
) -> None:
    record = trained(system)
    predictor = loaded(record, storage)
    said = predictor.predict(SpokenClip(storage / "clips" / "clip.mp4", "oh well", "--text"))
    if system not in WEIGHT_KINDS:
        assert said.weights is None
        assert predictor.weighed == ()
        return
    assert said.weights is not None
    assert said.weights.kind == WEIGHT_KINDS[system]
    assert tuple(said.weights.values) == predictor.weighed == MODALITIES
    values = list(said.weights.values.values())
    if said.weights.kind == "attention":
        assert sum(values) == pytest.approx(1)
    elif said.weights.kind == "sum":
        state, _ = read_kept_model(Ledger(storage), record)
        assert values == pytest.approx(state["fusion.weight"].tolist())
    else:
        assert all(0 < value < 1 for value in values)


def test_model_whose_config_means_another_computation_now_is_refused(
    record: Record, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(record.trial.config.model), "revision", 2)
    kept = Ledger(storage).find(record.key)
    assert kept is not None
    with pytest.raises(KeptModelError, match="when its config meant another computation"):
        read_kept_model(Ledger(storage), kept)


def test_gates_are_averaged_over_their_features(
    storage: Path, trained: Callable[[str], Record]
) -> None:
    record = trained("le_gated")
    state, tokenizer = read_kept_model(Ledger(storage), record)
    model = build(record.trial.config.model, Task(emotions=record.result.emotions))
    model.load_state_dict(state)
    clip = SpokenClip(storage / "clips" / "clip.mp4", "oh well", "--text")
    predictor = Predictor(
        record, model, ClipReader(LE, NO_FEATURE_SOURCES, tokenizer, CPU), tokenizer, CPU
    )
    with weights_of(model) as weights:
        said = predictor.predict(clip)
    assert weights["fusion.gates"].shape == (1, 16, 3)
    means = weights["fusion.gates"][0].sum(0) / 16
    assert said.weights is not None
    assert list(said.weights.values.values()) == pytest.approx(means.tolist())


def test_what_a_clip_lacks_is_told(record: Record, storage: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "silent.mp4", seconds=0.4, sound_hz=None)
    said = loaded(record, storage).predict(SpokenClip(path, "oh well", "--text"))
    assert said.remarks == ("no_face", "no_sound", "short")
    assert said.notes == (
        "no face was found: the centre of each frame is used instead",
        "there is no sound: silence is used instead",
        "it is shorter than the interval between two frames: only one frame is used",
    )


def test_what_is_odd_about_a_clip_is_told_with_its_detail(
    record: Record, storage: Path, tmp_path: Path
) -> None:
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        assert isinstance(video, av.VideoStream)
        video.height, video.width, video.pix_fmt = 96, 128, "yuv420p"
        sounds = [container.add_stream("pcm_s16le", rate=16_000) for _ in range(2)]
        for _ in range(20):
            picture = np.zeros((96, 128, 3), np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
        for sound in sounds:
            assert isinstance(sound, av.AudioStream)
            for frame in tone(2.0, 16_000):
                container.mux(sound.encode(frame))
    said = loaded(record, storage).predict(SpokenClip(path, "oh well", "--text", sound_track=2))
    assert said.remarks[-1] == "several_sound_tracks"
    assert said.notes[-1] == "it has several sound tracks (track 2 is read, of 1, 2)"


def test_text_that_is_longer_than_the_model_reads_is_told(record: Record, storage: Path) -> None:
    clip = SpokenClip(storage / "clips" / "clip.mp4", "well " * 60, "--text")
    notes = loaded(record, storage).predict(clip).notes
    assert notes[0] == "the text is long: the model reads only its first 50 tokens"


def test_model_of_drawn_faces_is_told_to_know_nothing_of_people(
    record: Record, storage: Path
) -> None:
    corpus = record.trial.corpus.model_copy(update={"name": SYNTHETIC})
    trial = record.trial.model_copy(update={"corpus": corpus})
    predictor = loaded(record.model_copy(update={"trial": trial}), storage)
    said = predictor.predict(SpokenClip(storage / "clips" / "clip.mp4", "oh well", "--text"))
    assert "trained on drawn faces and synthetic voices" in said.notes[0]


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        (le_factory.ROWS["audio"], ["none is needed: this model reads only audio"]),
        (
            xia_factory.XIA_ROWS["full"].model_copy(update={"modalities": ("audio", "vision")}),
            ["decides by audio and vision;", "uses the text when it reads audio and vision"],
        ),
        (xia_factory.table5(xia_factory.Joint()), ["this model reads only audio and vision"]),
        (le_factory.ROWS["text"], ["it predicts the same for every clip"]),
        (
            baselines_factory.MESM,
            ["decides by text, audio and vision", "uses the text when it reads audio and vision"],
        ),
        (FEATURES["lf_transformer_audio_vision"], ["reads only audio and vision"]),
        (le_factory.TINY, ["decides by text, audio and vision. Its validation F1 is 0."]),
    ],
    ids=["audio", "sem", "without sem", "text", "mesm", "features", "all"],
)
def test_cost_of_no_text_is_told_of_the_very_model(
    model: SystemConfig, parts: list[str], record: Record
) -> None:
    told = cost_of_no_text(with_model(record, model), has_weight=False)
    assert all(part in told for part in parts)
    assert ("validation F1" in told) == (model.reads_text and model.modalities != ("text",))


def test_vectors_that_name_emotions_are_no_text() -> None:
    config = FEATURES["emoembs_random"].model_copy(update={"modalities": ("audio", "vision")})
    assert "text" in config.encoders
    assert not config.reads_text


def test_text_for_a_model_that_reads_none_is_told(
    storage: Path, trained: Callable[[str], Record]
) -> None:
    predictor = loaded(trained("le_audio"), storage)
    clip = storage / "clips" / "clip.mp4"
    spoken = predictor.predict(SpokenClip(clip, "oh well", "--text"))
    assert "this model reads no text, only audio" in spoken.notes
    assert spoken.decisions == predictor.predict(SpokenClip(clip)).decisions


def test_model_without_vision_reads_a_file_of_sound(
    storage: Path, trained: Callable[[str], Record], tmp_path: Path
) -> None:
    predictor = loaded(trained("le_audio"), storage)
    said = predictor.predict(SpokenClip(write_sound(tmp_path / "a.wav", seconds=2.0)))
    assert (said.num_frames, said.remarks) == (0, ())
    assert said.notes == ("no text was given, and none is needed: this model reads only audio",)


def test_model_of_text_reads_a_file_of_text(
    storage: Path, trained: Callable[[str], Record], tmp_path: Path
) -> None:
    predictor = loaded(trained("le_text"), storage)
    file = tmp_path / "a.txt"
    file.write_text("this is number 1\n", encoding="utf-8")
    said = predictor.predict(spoken_clip(file))
    assert (said.text, said.text_from) == ("this is number 1", "the file itself")
    assert (said.remarks, said.notes) == ((), ())
    of_clip = predictor.predict(SpokenClip(storage / "clips" / "clip.mp4", "this is number 1"))
    assert said.decisions == of_clip.decisions


def test_file_of_text_is_no_clip_for_a_model_that_reads_more(
    record: Record, storage: Path, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match=r"is a file of text, but trial '.*' reads text, audio"):
        loaded(record, storage).predict(SpokenClip(tmp_path / "a.txt", "well"))


def test_text_is_the_given_one_else_what_lies_beside_the_clip(tmp_path: Path) -> None:
    clip, srt = tmp_path / "talk.mp4", tmp_path / "talk.srt"
    assert spoken_clip(clip) == SpokenClip(clip, "", None)
    srt.write_text("1\n00:00:00,500 --> 00:00:01,000\nbeside\n")
    other = tmp_path / "other.vtt"
    other.write_text("WEBVTT\n\n00:00.500 --> 00:01.000\ngiven\n")
    assert spoken_clip(clip) == SpokenClip(clip, "beside", "talk.srt, beside the clip")
    assert spoken_clip(clip, subtitles=other).text == "given"
    assert spoken_clip(clip, text="said") == SpokenClip(clip, "said", "--text")
