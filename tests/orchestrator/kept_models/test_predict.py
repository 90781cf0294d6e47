import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from torch.nn.attention import SDPBackend, sdpa_kernel

from corpora.batches.single_clip import ClipReader
from corpora.features.sources import NO_FEATURE_SOURCES, FeatureSources
from corpora.media.duration import read_duration_s
from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.handcrafted import HandcraftedRecipe, PublishedFeatures
from corpora.recipes.pictures import DAI, LE, XIA
from corpora.source.errors import CorpusError
from corpora.source.names import SYNTHETIC
from corpora.store.prepared import read_manifest
from corpora.text.word_vectors import RandomVectors
from models.build import build
from models.configs.base import MODALITIES, SystemConfig
from models.parts.weighing import weights_of
from models.task import Task
from orchestrator.commands import predict as predict_commands
from orchestrator.commands.predict import EXIT_UNREADABLE_CLIPS, predict
from orchestrator.errors import KeptModelError, TrialChoiceError
from orchestrator.kept_models.choose import best_trial, trial_by_key
from orchestrator.kept_models.predict import (
    Predictor,
    SpokenClip,
    cost_of_no_text,
    load_predictor,
    spoken_clip,
    videos_in,
)
from orchestrator.plan.plan import make_plan
from orchestrator.training.determinism import CUBLAS_WORKSPACE
from orchestrator.trial.kept_model import read_kept_model
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.record import Record
from reports.ledger.record_file import record_bytes
from reports.prediction.prediction import valid_f1
from search_spaces.trial import CorpusRef, TrainingConfig, Trial, TrialConfig
from tests.corpora.media_factory import (
    clip_lines,
    tone,
    write_clip_folder,
    write_sound,
    write_video,
)
from tests.cuda_driver import pretended_gpus
from tests.models import baselines_factory, xia_factory
from tests.models import factories as le_factory
from tests.orchestrator.factories import TRAINED_FOR, small_study, small_trial
from tests.other_device import OTHER

CPU = torch.device("cpu")
CORPUS = "mine"
OWN = HandcraftedRecipe(words="random", random_width=12)
FEATURES = baselines_factory.FEATURE_ROWS

XIA_VISION = xia_factory.VISION.model_copy(update={"face_px": XIA.face_px, "pool": (4, 4)})

SYSTEMS: Mapping[str, SystemConfig] = {
    "le": le_factory.TINY,
    "le_gated": le_factory.ROWS["gated"],
    "le_audio": le_factory.ROWS["audio"],
    "xia": xia_factory.change(xia_factory.FULL, vision=XIA_VISION),
    "mesm": baselines_factory.MESM,
    "emoembs": FEATURES["emoembs_random"],
    "mult": FEATURES["mult"].model_copy(update={"num_heads": 1}),
}

WEIGHT_KINDS = {"le_gated": "gates", "xia": "attention", "mesm": "sum", "emoembs": "sum"}

of_every_kind = pytest.mark.parametrize("system", ["le", *WEIGHT_KINDS])
"""Every recipe, and every way to weigh modalities."""


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare by every recipe a corpus whose utterances are the whole of one file."""
    storage = tmp_path_factory.mktemp("predict")
    clip = write_video(storage / "clips" / "clip.mp4")
    whole = {"start": 0.0, "end": read_duration_s(clip)}
    source = read_clips(write_clip_folder(clip.parent, [line | whole for line in clip_lines()]))
    words = FeatureSources(words=RandomVectors(OWN.random_width))
    prepare(source, [LE, DAI, XIA, OWN], name=CORPUS, storage=storage, feature_sources=words)
    return storage


@pytest.fixture(scope="module")
def trained(storage: Path) -> Callable[[str], Record]:
    """Train a system for an epoch when it is first asked for."""

    @cache
    def train(name: str) -> Record:
        config = SYSTEMS[name]
        manifest = read_manifest(storage, CORPUS, config.recipe)
        training = TrainingConfig(max_epochs=1, batch_size=4, precision="fp32")
        trial = Trial(
            config=TrialConfig.model_validate({"model": config, "training": training}),
            corpus=CorpusRef(name=CORPUS, recipe=config.recipe, fingerprint=manifest.fingerprint),
            seed=0,
        )
        return run_trial(trial, storage, trained_for=TRAINED_FOR)

    return train


@pytest.fixture
def record(trained: Callable[[str], Record]) -> Record:
    return trained("le")


def loaded(record: Record, storage: Path) -> Predictor:
    return load_predictor(record, Ledger(storage), device=CPU)


def with_model(record: Record, model: SystemConfig) -> Record:
    """Copy a record as if its trial had trained another model."""
    config = record.trial.config.model_copy(update={"model": model})
    trial = record.trial.model_copy(update={"config": config})
    return record.model_copy(update={"trial": trial})


def with_recipe(record: Record, recipe: HandcraftedRecipe | PublishedFeatures | None) -> Record:
    settings = recipe.model_dump(mode="json") if recipe else {}
    circumstances = record.circumstances.model_copy(update={"recipe": settings})
    return record.model_copy(update={"circumstances": circumstances})


def call(*arguments: object) -> Result:
    return CliRunner().invoke(predict, [str(argument) for argument in arguments])


# What it says


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


# What the lack of text costs


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


def test_text_is_the_given_one_else_what_lies_beside_the_clip(tmp_path: Path) -> None:
    clip, srt = tmp_path / "talk.mp4", tmp_path / "talk.srt"
    assert spoken_clip(clip) == SpokenClip(clip, "", None)
    srt.write_text("1\n00:00:00,500 --> 00:00:01,000\nbeside\n")
    other = tmp_path / "other.vtt"
    other.write_text("WEBVTT\n\n00:00.500 --> 00:01.000\ngiven\n")
    assert spoken_clip(clip) == SpokenClip(clip, "beside", "talk.srt, beside the clip")
    assert spoken_clip(clip, subtitles=other).text == "given"
    assert spoken_clip(clip, text="said") == SpokenClip(clip, "said", "--text")


# Which trial it is


def test_trial_is_found_by_the_first_digits_of_its_key(record: Record, storage: Path) -> None:
    chosen = trial_by_key(Ledger(storage), record.key[:8])
    assert (chosen.record, chosen.rows) == (record, (TRAINED_FOR,))
    with pytest.raises(TrialChoiceError, match="'7e' is too short for a trial's key: give 6"):
        trial_by_key(Ledger(storage), "7e")
    with pytest.raises(TrialChoiceError, match=rf"'ffffff'; .*{record.key} \(small/shallow, se"):
        trial_by_key(Ledger(storage), "ffffff")


def test_ambiguous_and_unknown_keys_are_told_with_the_choices(
    record: Record, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path)
    with pytest.raises(TrialChoiceError, match="train some first; or name a study with --best"):
        trial_by_key(ledger, record.key)
    keys = [f"abcdef{number:018}" for number in range(12)]
    for key in keys:
        ledger.folder(key).mkdir(parents=True)
        content = record_bytes(record.model_copy(update={"key": key}))
        (ledger.folder(key) / RECORD_FILE).write_bytes(content)
    with pytest.raises(
        TrialChoiceError, match=r"12 trials have a key that begins with '.*, and 2 more"
    ):
        trial_by_key(ledger, "abcdef")
    assert trial_by_key(ledger, keys[3]).record.key == keys[3]


def test_best_trial_is_that_of_validation_whatever_the_test_split_says(
    record: Record, storage: Path
) -> None:
    known = know_corpus(CORPUS, storage)
    plan = make_plan(small_study(num_seeds=2), known, "tiny", None, Ledger(storage))
    assert not plan.finished
    with pytest.raises(TrialChoiceError, match="'small' has no finished trial on corpus 'mine' at"):
        best_trial([plan])
    for key, f1 in zip(sorted(plan.by_key), (0.3, 0.7, 0.7, 0.5), strict=True):
        epoch = record.result.epochs[0].model_copy(update={"valid": {"f1": f1}})
        worse = epoch.model_copy(update={"valid": {"f1": 1.0}})
        update = {"epochs": (epoch, worse), "best_epoch": 0}
        result = record.result.model_copy(update=update)
        plan.finished[key] = record.model_copy(update={"key": key, "result": result})
    chosen = best_trial([plan])
    assert chosen.record.key == sorted(plan.by_key)[1]
    assert valid_f1(chosen.record) == 0.7
    assert chosen.rows == plan.rows_by_key[chosen.record.key]


@pytest.mark.parametrize("has_model", [False, True])
def test_trial_that_diverged_is_never_the_best(
    record: Record, storage: Path, has_model: bool
) -> None:
    known = know_corpus(CORPUS, storage)
    plan = make_plan(small_study(), known, "tiny", None, Ledger(storage))
    diverged, other = sorted(plan.by_key)
    nothing = {"epochs": (), "best_epoch": -1}
    diverging = {"diverged_at_epoch": 1, **({} if has_model else nothing)}
    result = record.result.model_copy(update=diverging)
    assert (result.best is not None) == has_model
    plan.finished[diverged] = record.model_copy(update={"key": diverged, "result": result})
    with pytest.raises(TrialChoiceError, match="all 1 finished trials diverged; choose"):
        best_trial([plan])
    plan.finished[other] = record.model_copy(update={"key": other})
    assert best_trial([plan]).record.key == other


# What it needs


def test_trial_without_a_model_or_a_recipe_is_refused(
    record: Record, storage: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeptModelError, match=f"trial '{record.key}' has no model in"):
        load_predictor(record, Ledger(tmp_path), device=CPU)
    with pytest.raises(KeptModelError, match="is old: it holds no recipe"):
        loaded(with_recipe(record, None), storage)


def test_published_features_cannot_be_made_from_a_video(
    storage: Path, trained: Callable[[str], Record]
) -> None:
    published = with_recipe(trained("emoembs"), PublishedFeatures(sha256="0" * 64))
    with pytest.raises(CorpusError, match="published hand-crafted features, which cannot be made"):
        loaded(published, storage)


def test_word_vectors_must_be_those_of_the_trial(
    record: Record, storage: Path, trained: Callable[[str], Record], tmp_path: Path
) -> None:
    ledger, own = Ledger(storage), trained("emoembs")
    with pytest.raises(CorpusError, match="recipe 'le', reads no word vectors: leave --words out"):
        load_predictor(record, ledger, device=CPU, words="random")
    with pytest.raises(CorpusError, match="'random', but --words is 'glove:x'; choose random"):
        load_predictor(own, ledger, device=CPU, words="glove:x")
    assert load_predictor(own, ledger, device=CPU, words="random").weighed == MODALITIES
    recipe = HandcraftedRecipe(words="glove", word_vectors_sha256="0" * 64)
    glove = with_recipe(own, recipe)
    with pytest.raises(CorpusError, match="words 'glove', but --words is None; choose glove:FILE"):
        load_predictor(glove, ledger, device=CPU)
    file = tmp_path / "vectors.txt"
    file.write_text("well " + " ".join(["0.5"] * 12) + "\n")
    with pytest.raises(
        CorpusError, match=r"have SHA-256 .*, the recipe 'handcrafted' asks for 000"
    ):
        load_predictor(glove, ledger, device=CPU, words=f"glove:{file}", texts=["well"])


def test_file_that_is_no_clip_is_told(record: Record, storage: Path, tmp_path: Path) -> None:
    predictor = loaded(record, storage)
    sound = write_sound(tmp_path / "sound.mp4.wav")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    for path, reason in ((sound, "no_video: the file has no"), (broken, "unreadable: ")):
        with pytest.raises(CorpusError, match=f"clip '{path}' cannot be used: {reason}"):
            predictor.predict(SpokenClip(path))


def test_videos_of_a_folder_are_those_by_name(tmp_path: Path) -> None:
    for name in ("b.MP4", "a.webm", "._b.mp4", "notes.txt", "sub.mkv/x.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "circle.mp4").symlink_to("circle.mp4")
    (tmp_path / "a.srt").touch()
    videos, others = videos_in(tmp_path)
    assert [path.name for path in videos] == ["a.webm", "b.MP4"]
    assert [path.name for path in others] == ["circle.mp4", "notes.txt"]
    (tmp_path / "none").mkdir()
    with pytest.raises(CorpusError, match=r"holds no video file: none ends in .mp4, .m4v, .mov"):
        videos_in(tmp_path / "none")


# The command


@pytest.fixture
def folder(storage: Path, tmp_path: Path) -> Path:
    """Lay out two clips, one of them with subtitles, and a file that is none."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(storage / "clips" / "clip.mp4", folder / name)
    (folder / "a.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nthis is number 1\n")
    return folder


def test_terminal_shows_bars_thresholds_decisions_weights_and_notes(
    storage: Path, trained: Callable[[str], Record], folder: Path
) -> None:
    record = trained("xia")
    result = call(folder / "b.mp4", "--trial", record.key, "--storage", storage)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"trial {record.key}: small/shallow, seed 0"
    assert lines[1].startswith("system 'xia', recipe 'xia', trained on corpus 'mine', valida")
    happy = next(line for line in lines if line.startswith("happy"))
    predictor = loaded(record, storage)
    said = predictor.predict(SpokenClip(folder / "b.mp4"))
    decision = said.decisions[0]
    assert f"{decision.probability:.3f}" in happy
    assert f"{decision.threshold:.2f}" in happy
    assert happy.count("█") + happy.count("░") + happy.count("│") == 30
    assert happy.rstrip().endswith("present" if decision.present else "absent")
    assert said.weights is not None
    vision = next(line for line in lines if line.startswith("vision"))
    assert vision.rstrip().endswith(f"{said.weights.values['vision']:.3f}")
    assert "note: no text was given, so this model reads an empty one" in result.stdout


def test_subtitles_beside_the_clip_are_read_and_it_is_said(
    record: Record, storage: Path, folder: Path
) -> None:
    result = call(folder / "a.mp4", "--trial", record.key, "--storage", storage)
    assert 'text (a.srt, beside the clip): "this is number 1"' in result.stdout
    assert "no text was given" not in result.stdout


def test_json_is_one_object_and_nothing_else(
    storage: Path, trained: Callable[[str], Record], folder: Path
) -> None:
    record = trained("mesm")
    result = call(folder / "a.mp4", "--trial", record.key, "--json", "--storage", storage)
    content = json.loads(result.stdout)
    assert content["trial"] == {
        "key": record.key,
        "rows": ["small/shallow"],
        "seed": 0,
        "system": "mesm",
        "recipe": "dai",
        "corpus": "mine",
        "valid_f1": valid_f1(record),
    }
    recorded = Ledger(storage).predictions(record)["test"].probabilities[1]
    found = [content["emotions"][emotion]["probability"] for emotion in ("happy", "sad")]
    assert found == pytest.approx(recorded.tolist(), abs=1e-5)
    assert (content["clip"], content["seconds"]) == ("a.mp4", pytest.approx(2.0))
    assert content["text_from"] == "a.srt, beside the clip"
    assert content["weights"]["kind"] == "sum"
    assert list(content["weights"]["values"]) == list(MODALITIES)
    assert content["remarks"] == ["no_face"]


@pytest.mark.parametrize("suffix", [".3gp", ".mpg", ".ts", ".wmv", ".flv"])
def test_videos_of_phones_and_cameras_are_taken(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").touch()
    assert videos_in(tmp_path) == ([tmp_path / f"a{suffix}"], [])


def test_folder_gives_a_line_for_each_clip(
    storage: Path, trained: Callable[[str], Record], folder: Path
) -> None:
    record = trained("xia")
    (folder / "notes.txt").touch()
    result = call(folder, "--trial", record.key, "--storage", storage)
    assert result.exit_code == 0, result.stderr
    assert "note: not taken for videos: notes.txt\n" in result.stderr
    first, second = csv.DictReader(io.StringIO(result.stdout))
    assert (first["file"], second["file"]) == ("a.mp4", "b.mp4")
    recorded = Ledger(storage).predictions(record)["test"].probabilities[1]
    assert [float(first["happy"]), float(first["sad"])] == pytest.approx(recorded, abs=1e-5)
    assert {first["happy_present"], second["sad_present"]} <= {"0", "1"}
    assert sum(float(first[f"weight_{name}"]) for name in MODALITIES) == pytest.approx(1, abs=1e-5)
    assert "note: b.mp4: no text was given" in result.stderr


def test_clips_of_a_folder_that_cannot_be_read_are_told_and_the_rest_goes_on(
    record: Record, storage: Path, folder: Path
) -> None:
    (folder / "c.mov").write_bytes(b"no video")
    (folder / "a.srt").write_text("no cue")
    output = folder / "out.csv"
    arguments = ("--trial", record.key, "--storage", storage, "--output", output)
    result = call(folder, *arguments)
    assert result.exit_code == EXIT_UNREADABLE_CLIPS
    assert result.stdout == ""
    header, line = output.read_text().splitlines()
    assert header == "file,happy,happy_present,sad,sad_present"
    assert line.startswith("b.mp4,0.")
    assert f"error: subtitles '{folder / 'a.srt'}' hold no cue" in result.stderr
    assert f"error: clip '{folder / 'c.mov'}' cannot be used: unreadable" in result.stderr


def test_best_trial_of_a_study_says_which_row_and_seed_it_is(
    storage: Path, folder: Path, tmp_path: Path
) -> None:
    study = tmp_path / "own.py"
    study.write_text(
        "from tests.orchestrator.factories import small_study\n"
        "OWN = small_study().model_copy(update={'name': 'own'})\n"
    )
    known = know_corpus(CORPUS, storage)
    ledger = Ledger(storage)
    plan = make_plan(small_study(), known, "tiny", None, ledger)
    record = run_trial(plan.trials["deep"][0], storage, trained_for=TRAINED_FOR)
    clip = folder / "a.mp4"
    result = call(clip, "--best", study, "--corpus", CORPUS, "--storage", storage)
    assert result.stdout.startswith(f"trial {record.key}: own/deep, seed 0"), result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name the trial with either '--trial KEY' or '--best STUDY'"),
        (("--trial", "abcdef", "--best", "layers"), "either '--trial KEY' or '--best STUDY'"),
        (("--trial", "abcdef", "--output", "x.csv"), "'--output' works only for a folder, and"),
        (("--trial", "abcdef", "--text", "a", "--subtitles", __file__), "say the same thing"),
        (("--trial", "abcdef", "--device", "tpu"), "'tpu' is not one of 'cpu', 'cuda'"),
    ],
    ids=["neither", "both", "output", "texts", "device"],
)
def test_options_that_do_not_go_together_are_told(
    arguments: tuple[str, ...], message: str, storage: Path
) -> None:
    result = call(storage / "clips" / "clip.mp4", *arguments, "--storage", storage)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", "").split())


@pytest.mark.parametrize("option", ["--json", "--text=well"])
def test_options_of_a_file_are_refused_for_a_folder(option: str, storage: Path) -> None:
    result = call(storage / "clips", "--trial", "abcdef", option, "--storage", storage)
    assert result.exit_code == 2
    assert "is a folder; '--text', '--subtitles'" in result.stderr


def test_clip_that_is_not_there_is_told(storage: Path) -> None:
    result = call(storage / "gone.mp4", "--trial", "abcdef", "--storage", storage)
    assert "gone.mp4' does not exist" in result.stderr


def test_gpu_that_is_not_there_is_told(record: Record, storage: Path) -> None:
    clip = storage / "clips" / "clip.mp4"
    with pretended_gpus(0):
        result = call(clip, "--trial", record.key, "--device", "cuda", "--storage", storage)
    assert "Invalid value for '--device': PyTorch finds no GPU here" in result.stderr


@pytest.mark.parametrize(("name", "device"), [(None, "cuda:0"), ("cuda", "cuda:0"), ("cpu", "cpu")])
def test_device_is_a_gpu_by_its_index_unless_the_cpu_is_asked_for(
    name: str | None, device: str
) -> None:
    with pretended_gpus():
        assert predict_commands._device(name) == torch.device(device)
