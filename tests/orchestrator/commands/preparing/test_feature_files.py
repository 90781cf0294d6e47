"""`prepare features` as a user runs it, and hand-crafted systems that train on what it makes."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from corpora.batches.corpus import load_handcrafted
from corpora.preparation.known import know_corpus
from corpora.recipes.handcrafted import HANDCRAFTED, MODALITIES
from corpora.store.folders import recipe_folder
from corpora.store.folds import read_folds
from corpora.store.prepared import read_manifest
from models.configs.base import SystemConfig
from orchestrator.cli import main
from orchestrator.floors.make import make_linear
from orchestrator.plan.plan import misfits
from orchestrator.trial.run import run_trial
from search_spaces.training import TrainingConfig
from search_spaces.trial import CorpusRef, Trial, TrialConfig
from tests.corpora.feature_file_factory import (
    features_of,
    mmsa_split,
    write_array_folder,
    write_mmsa,
)
from tests.models.baselines_factory import FEATURE_ROWS
from tests.orchestrator.factories import TRAINED_FOR

Prepare = Callable[..., tuple[int, str]]


@pytest.fixture
def prepare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Prepare:
    """Prepare a corpus 'mine' in this process; returns the exit status and what was said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMER_SWEEP_STORAGE", raising=False)

    def run(*arguments: str) -> tuple[int, str]:
        place = ("--storage", "here", "--name", "mine")
        monkeypatch.setattr(sys, "argv", ["mmer-sweep", "prepare", "features", *arguments, *place])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code or 0
        assert isinstance(code, int)
        return code, " ".join(f"{said.out} {said.err}".split())

    return run


def trial_of(storage: Path, system: SystemConfig) -> Trial:
    manifest = read_manifest(storage, "mine", HANDCRAFTED)
    training = TrainingConfig(max_epochs=1, batch_size=4, precision="fp32")
    return Trial(
        config=TrialConfig.model_validate({"model": system, "training": training}),
        corpus=CorpusRef(name="mine", recipe=HANDCRAFTED, fingerprint=manifest.fingerprint),
        seed=0,
    )


def test_folder_of_arrays_becomes_batches(prepare: Prepare, tmp_path: Path) -> None:
    write_array_folder(tmp_path / "features")
    code, said = prepare("--source", "features")
    assert code == 0, said
    assert "numbers in a row of features: text 6, audio 5, vision 4" in said
    assert "minutes" not in said
    assert "part of a file" not in said  # nobody knows
    manifest = read_manifest(tmp_path / "here", "mine", HANDCRAFTED)
    folder = recipe_folder(tmp_path / "here", "mine", HANDCRAFTED)
    corpus = load_handcrafted(folder, manifest, torch.device("cpu"))
    (batch,) = corpus.splits["valid"].in_order(4)
    for modality in MODALITIES:
        rows = [torch.from_numpy(features_of(f"valid{n}", modality)) for n in range(4)]
        assert torch.equal(getattr(batch, modality), torch.cat(rows))


def test_same_features_are_prepared_once(prepare: Prepare, tmp_path: Path) -> None:
    write_array_folder(tmp_path / "features")
    prints = []
    for arguments in ((), (), ("--nan", "zero")):
        assert prepare("--source", "features", *arguments)[0] == 0
        prints.append(read_manifest(tmp_path / "here", "mine", HANDCRAFTED).fingerprint)
    assert prints[0] == prints[1] != prints[2]


@pytest.mark.parametrize("system", ["lf_lstm", "emoembs_random", "mult", "bimha"])
def test_handcrafted_system_trains_on_opinions_of_mmsa(
    system: str, prepare: Prepare, tmp_path: Path
) -> None:
    write_mmsa(tmp_path / "unaligned_50.pkl")
    code, said = prepare("--source", "unaligned_50.pkl")
    assert code == 0, said
    assert "corpus 'mine' (mmsa, regression), recipe 'handcrafted'" in said
    config = FEATURE_ROWS[system]
    if system in ("mult", "bimha"):
        config = config.model_copy(update={"num_heads": 1})
    record = run_trial(
        trial_of(tmp_path / "here", config), tmp_path / "here", trained_for=TRAINED_FOR
    )
    assert (record.result.task, record.result.emotions) == ("regression", ("sentiment",))


def test_system_of_text_trains_where_text_is_all(prepare: Prepare, tmp_path: Path) -> None:
    write_array_folder(tmp_path / "features", modalities={"text": ".npy"})
    code, said = prepare("--source", "features")
    assert code == 0, said
    assert "the corpus holds no audio and no vision" in said
    assert "numbers in a row of features: text 6 " in said
    storage = tmp_path / "here"
    known = know_corpus("mine", storage)
    (fault,) = misfits(trial_of(storage, FEATURE_ROWS["lf_lstm"]).config, known)
    assert "the model reads audio and vision, which corpus 'mine' does not hold" in fault
    trial = trial_of(storage, FEATURE_ROWS["lf_lstm_text"])
    assert misfits(trial.config, known) == []
    run_trial(trial, storage, trained_for=TRAINED_FOR)
    linear = make_linear(storage, read_manifest(storage, "mine", HANDCRAFTED))
    assert linear.predictions["test"].probabilities.shape == (4, 2)


def test_folds_are_dealt_as_of_clips(prepare: Prepare, tmp_path: Path) -> None:
    write_mmsa(tmp_path / "unaligned_50.pkl")
    code, said = prepare("--source", "unaligned_50.pkl", "--folds", "dialogues:3")
    assert code == 0, said
    folds = read_folds(tmp_path / "here", "mine")
    assert folds is not None
    assert (folds.num, len(folds.assigned)) == (3, 12)
    assert folds.assigned["trainVideo0$_$0"] == folds.assigned["trainVideo0$_$1"]


def test_numbers_that_are_not_finite_are_told_with_the_remedy(
    prepare: Prepare, tmp_path: Path
) -> None:
    audio = mmsa_split("train")["audio"]
    audio[0, 0, 0] = float("-inf")  # type: ignore[index]
    write_mmsa(tmp_path / "a.pkl", {"train": {"audio": audio}})
    code, said = prepare("--source", "a.pkl")
    assert code == 2
    assert "'trainVideo0$_$0', audio: 1 of its 35 numbers are NaN or infinite" in said
    assert "give --nan zero" in said
    code, said = prepare("--source", "a.pkl", "--nan", "zero")
    assert code == 0, said
    assert "1 numbers are NaN or infinite; 0 stands for them" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--source", "nowhere"), "nowhere' does not exist; choose a folder of labels.csv and"),
        (("--source", "features", "--range", "0", "1"), "a range is only that of numbers"),
        (("--source", "features", "--folds", "dialogues:12"), "12 folds need as many dialogues"),
        (("--source", "features", "--csv", "other.csv"), "CSV '{folder}/other.csv' does not exist"),
    ],
)
def test_wrong_choice_is_told(
    prepare: Prepare, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    write_array_folder(tmp_path / "features")
    code, said = prepare(*arguments)
    assert (code, message.format(folder=tmp_path) in said) == (2, True), said
