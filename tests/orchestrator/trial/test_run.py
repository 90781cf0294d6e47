import re
import shutil
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from corpora.source.errors import CorpusError
from corpora.store.manifest import Manifest
from models.build import build
from models.configs.le import LeConfig
from models.init import init_weights
from models.macs import count_macs
from models.task import Task
from orchestrator.errors import ChangedCodeError, ChangedWeightsError, KeptModelError
from orchestrator.plan.code import code_digest
from orchestrator.training import reference_clip
from orchestrator.trial import attempts
from orchestrator.trial import run as run_module
from orchestrator.trial.checkpoints import load_checkpoint
from orchestrator.trial.conditions import Conditions, TrialHooks
from orchestrator.trial.kept_model import read_kept_model
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import CHECKPOINT_FILE, RECORD_FILE, Ledger
from reports.ledger.record import Epoch, Record
from reports.scores.trials import TrialScores
from search_spaces.change import apply_change
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import TRAINED_FOR, small_trial


class InterruptedHereError(Exception):
    """Stands for whatever ends a process in the middle of a trial."""


def interrupt_after(num_epochs: int):
    def on_epoch(epoch: Epoch) -> None:
        if epoch.epoch + 1 == num_epochs:
            raise InterruptedHereError

    return on_epoch


def run(trial: Trial, storage: Path) -> Record:
    return run_trial(trial, storage, trained_for=TRAINED_FOR)


class Whole(NamedTuple):
    """Trials that nothing happened to, each trained when it is first asked for."""

    storage: Path

    def record(self, trial: Trial) -> Record:
        return run(trial, self.storage)


@pytest.fixture(scope="module")
def whole(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    storage = tmp_path_factory.mktemp("whole")
    (storage / "corpora").symlink_to(prepared / "corpora")
    return Whole(storage)


def test_trial_leaves_a_record_that_its_predictions_confirm(
    manifest: Manifest, whole: Whole
) -> None:
    record = whole.record(small_trial(manifest))
    ledger = Ledger(whole.storage)
    assert ledger.find(record.key) == record
    predictions = ledger.predictions(record)
    assert predictions["test"].ids.tolist() == [f"test{index}" for index in range(12)]
    best = record.result.epochs[record.result.best_epoch].valid
    valid = predictions["valid"]
    called = valid.probabilities > np.array(record.result.thresholds)
    assert best["f1"] == pytest.approx(f1_score(valid.labels, called, average="macro"))
    accuracies = [accuracy_score(valid.labels[:, k], called[:, k]) for k in range(2)]
    assert best["acc"] == pytest.approx(np.mean(accuracies))
    assert record.circumstances.study == "small"
    assert record.result.macs
    assert record.result.num_parameters > (record.result.num_parameters_without_embeddings or 0) > 0
    assert not (ledger.folder(record.key) / CHECKPOINT_FILE).exists()


def test_same_seed_gives_equal_results_and_another_seed_does_not(
    storage: Path, manifest: Manifest, whole: Whole
) -> None:
    first = run(small_trial(manifest), storage)
    assert whole.record(small_trial(manifest)).result == first.result
    other = whole.record(small_trial(manifest, seed=1))
    assert other.result.predictions_sha256 != first.result.predictions_sha256


DROPOUT = {"model.layer.dropout": 0.3}
"""The tiny scale has no dropout."""


def with_dropout(trial: Trial, **streams: int) -> Trial:
    config = apply_change(trial.config, DROPOUT)
    return Trial(config=config, corpus=trial.corpus, seed=trial.seed, streams=streams)


@pytest.mark.parametrize("stream", ["init", "order", "dropout"])
def test_each_random_stream_alone_changes_the_result(
    stream: str, manifest: Manifest, whole: Whole
) -> None:
    plain = whole.record(with_dropout(small_trial(manifest)))
    varied = whole.record(with_dropout(small_trial(manifest), **{stream: 1}))
    assert varied.result.epochs != plain.result.epochs


def test_all_random_streams_together_are_the_seed(manifest: Manifest, whole: Whole) -> None:
    trial = with_dropout(small_trial(manifest), init=1, order=1, dropout=1)
    seed = whole.record(with_dropout(small_trial(manifest, seed=1)))
    assert whole.record(trial).result == seed.result


def test_finished_trial_is_not_trained_again(manifest: Manifest, whole: Whole) -> None:
    first = whole.record(small_trial(manifest))
    file = Ledger(whole.storage).folder(first.key) / RECORD_FILE
    written = file.stat().st_mtime_ns
    second = run_trial(
        small_trial(manifest),
        whole.storage,
        trained_for=TRAINED_FOR,
        hooks=TrialHooks(epoch_done=interrupt_after(1)),
    )
    assert second == first
    assert file.stat().st_mtime_ns == written


@pytest.mark.parametrize("selection", ["best_valid_f1", "last"])
def test_resumed_trial_equals_an_uninterrupted_one_bit_for_bit(
    storage: Path, manifest: Manifest, whole: Whole, selection: str
) -> None:
    trial = small_trial(manifest, max_epochs=4, selection=selection)
    assert isinstance(trial.config.model, LeConfig)
    layer = trial.config.model.layer.model_copy(update={"dropout": 0.2})  # uses the random state
    model = trial.config.model.model_copy(update={"layer": layer})
    trial = trial.model_copy(update={"config": trial.config.model_copy(update={"model": model})})
    for num_epochs in (1, 3):
        with pytest.raises(InterruptedHereError):
            run_trial(
                trial,
                storage,
                trained_for=TRAINED_FOR,
                hooks=TrialHooks(epoch_done=interrupt_after(num_epochs)),
            )
    resumed = run(trial, storage)
    assert resumed.circumstances.resumed_from_epochs == (1, 3)
    assert resumed.result == whole.record(trial).result
    files = [Ledger(s).folder(trial.key) / "predictions.parquet" for s in (whole.storage, storage)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_checkpoint_holds_model_optimiser_schedule_and_random_state(
    storage: Path, manifest: Manifest
) -> None:
    trial = small_trial(manifest)
    with pytest.raises(InterruptedHereError):
        run_trial(
            trial, storage, trained_for=TRAINED_FOR, hooks=TrialHooks(epoch_done=interrupt_after(1))
        )
    folder = Ledger(storage).folder(trial.key)
    checkpoint = load_checkpoint(folder, torch.device("cpu"))
    assert checkpoint is not None
    state = checkpoint.training
    model = build(trial.config.model, Task(emotions=("happy", "sad")))
    init_weights(model, trial.seed)
    assert state["model"].keys() == model.state_dict().keys()
    assert state["schedule"]["last_epoch"] == 2  # batches of 8 in 12 utterances
    assert state["optimizer"]["state"]
    assert state["random_cpu"].dtype == torch.uint8


def test_checkpoint_of_the_older_form_is_gone_on_from(
    storage: Path, manifest: Manifest, whole: Whole
) -> None:
    """It holds the best model beside the model even where both are one."""
    trial = small_trial(manifest)
    with pytest.raises(InterruptedHereError):
        run_trial(
            trial, storage, trained_for=TRAINED_FOR, hooks=TrialHooks(epoch_done=interrupt_after(1))
        )
    file = Ledger(storage).folder(trial.key) / CHECKPOINT_FILE
    content = torch.load(file, weights_only=True)
    training = content["training"]
    assert training["best_model"] is None
    training["best_model"] = {name: value.clone() for name, value in training["model"].items()}
    once = file.stat().st_size
    torch.save(content, file)
    model_bytes = sum(value.nbytes for value in training["model"].values())
    assert file.stat().st_size - once > model_bytes
    resumed = run(trial, storage)
    assert resumed.circumstances.resumed_from_epochs == (1,)
    assert resumed.result == whole.record(trial).result


def test_trial_without_memory_for_a_checkpoint_trains_on(
    storage: Path, manifest: Manifest, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = small_trial(manifest)
    expected = whole.record(trial).result
    empty_like = torch.empty_like
    troubles: list[str] = []

    def refuse_copies(tensor: torch.Tensor, **settings: Any) -> torch.Tensor:
        if "pin_memory" in settings:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return empty_like(tensor, **settings)

    monkeypatch.setattr(torch, "empty_like", refuse_copies)
    record = run_trial(
        trial, storage, trained_for=TRAINED_FOR, hooks=TrialHooks(trouble=troubles.append)
    )
    assert record.result == expected
    assert record.circumstances.micro_batches == ()
    assert len(troubles) == 2
    assert re.match("checkpoint in .* could not be written: out of memory; training", troubles[0])


def test_checkpoint_that_other_machines_do_not_find_is_told(
    storage: Path, manifest: Manifest
) -> None:
    trial = small_trial(manifest)
    troubles: list[str] = []
    file = Ledger(storage).folder(trial.key) / CHECKPOINT_FILE

    def publish() -> None:
        raise OSError(f"it is away; here it is {file.is_file()}")

    run_trial(
        trial,
        storage,
        trained_for=TRAINED_FOR,
        hooks=TrialHooks(publish=publish, trouble=troubles.append),
    )
    assert troubles == ["it is away; here it is True"] * 2


def test_trial_leaves_no_thread_however_it_ends(storage: Path, manifest: Manifest) -> None:
    run(small_trial(manifest), storage)  # loads what keeps threads of its own
    before = set(threading.enumerate())

    def stop(_: Epoch) -> None:
        raise SystemExit(0)  # as Tune does

    trial = small_trial(manifest, seed=1)
    with pytest.raises(SystemExit):
        run_trial(trial, storage, trained_for=TRAINED_FOR, hooks=TrialHooks(epoch_done=stop))
    assert set(threading.enumerate()) <= before
    assert run(trial, storage).circumstances.resumed_from_epochs == (1,)
    assert set(threading.enumerate()) <= before


def test_trials_of_one_architecture_share_the_count_of_its_cost(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_clip, "_MACS", {})
    counted: list[int] = []

    def count_and_note(*given: Any) -> int:
        counted.append(count_macs(*given))
        return counted[-1]

    monkeypatch.setattr(reference_clip, "count_macs", count_and_note)
    settings = {"max_epochs": 1}
    trials = [small_trial(manifest, seed=seed, **settings) for seed in (0, 1)]
    deep = small_trial(manifest, **settings)
    config = apply_change(deep.config, {"model.fusion.depth": 3})
    trials.append(deep.model_copy(update={"config": config}))
    assert [run(trial, storage).result.macs for trial in trials] == [
        counted[0],
        counted[0],
        counted[1],
    ]
    assert len(counted) == 2
    assert counted[0] < counted[1]


def test_trial_of_another_corpus_is_refused(storage: Path, manifest: Manifest) -> None:
    trial = small_trial(manifest)
    other = trial.model_copy(
        update={"corpus": CorpusRef(name=manifest.name, recipe="le", fingerprint="0" * 64)}
    )
    message = "it has the fingerprint " + re.escape(manifest.fingerprint[:12]) + ", not 0000"
    with pytest.raises(CorpusError, match=message):
        run(other, storage)


@pytest.mark.parametrize(
    "place",
    [
        "orchestrator.trial.attempts.save_checkpoint",
        "orchestrator.trial.run.stage_predictions",
        "reports.ledger.ledger.Ledger.write",
        "reports.ledger.ledger.Ledger.move_into_place",
        "orchestrator.trial.run.drop_checkpoint",
    ],
)
def test_death_at_any_point_leaves_a_trial_that_ends_equal(
    storage: Path, manifest: Manifest, whole: Whole, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    trial = small_trial(manifest)
    expected = whole.record(trial).result

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(place, die)
        with pytest.raises(KeyboardInterrupt):
            run(trial, storage)
    folder = Ledger(storage).folder(trial.key)
    (folder / ".checkpoint.pt.abcd.partial").write_bytes(b"half")
    assert run(trial, storage).result == expected
    left = {path.name for path in folder.iterdir()}
    assert left == {
        "lock",
        "model.safetensors",
        "predictions.parquet",
        "record.json",
        "tokenizer.json",
    }


def truncate(checkpoint: Path, _: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])


def empty(checkpoint: Path, _: Path) -> None:
    checkpoint.write_bytes(b"")


def flip_a_bit_of_a_parameter(checkpoint: Path, _: Path) -> None:
    content = bytearray(checkpoint.read_bytes())
    content[len(content) // 2] ^= 1
    checkpoint.write_bytes(content)


def take_that_of_another(checkpoint: Path, other: Path) -> None:
    shutil.copy(other, checkpoint)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (truncate, "is damaged (File is not a zip file)"),
        (empty, "is damaged (File is not a zip file)"),
        (flip_a_bit_of_a_parameter, "is damaged (the checksum of its part"),
        (take_that_of_another, "is that of trial '"),
    ],
)
def test_damaged_checkpoint_is_told_and_set_aside_and_the_trial_begins_anew(
    storage: Path,
    manifest: Manifest,
    whole: Whole,
    damage: Callable[[Path, Path], None],
    told: str,
) -> None:
    trial, other = small_trial(manifest), small_trial(manifest, seed=1)
    files = []
    for one in (trial, other) if damage is take_that_of_another else (trial,):
        files.append(Ledger(storage).folder(one.key) / CHECKPOINT_FILE)
        hooks = TrialHooks(epoch_done=interrupt_after(1))
        with pytest.raises(InterruptedHereError):
            run_trial(one, storage, trained_for=TRAINED_FOR, hooks=hooks)
    damage(files[0], files[-1])
    damaged = files[0].read_bytes()
    aside, seen = files[0].with_name("checkpoint.pt.damaged"), list[bool]()
    troubles: list[str] = []

    def look(_: Epoch) -> None:
        seen.append(aside.read_bytes() == damaged)

    hooks = TrialHooks(trouble=troubles.append, epoch_done=look)
    record = run_trial(trial, storage, trained_for=TRAINED_FOR, hooks=hooks)
    (trouble,) = troubles
    assert trouble.startswith(f"checkpoint in '{files[0].parent}' {told}")
    assert trouble.endswith("is set aside as 'checkpoint.pt.damaged': the trial starts anew")
    assert record.circumstances.resumed_from_epochs == ()
    assert record.result == whole.record(trial).result
    assert seen == [True, True]
    assert not files[0].exists()
    assert not aside.exists()


def interrupted_trial(storage: Path, manifest: Manifest) -> Trial:
    """Train a trial for its first epoch."""
    trial = small_trial(manifest)
    with pytest.raises(InterruptedHereError):
        run_trial(
            trial, storage, trained_for=TRAINED_FOR, hooks=TrialHooks(epoch_done=interrupt_after(1))
        )
    return trial


def test_checkpoint_of_other_code_is_not_gone_on_from(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = interrupted_trial(storage, manifest)
    monkeypatch.setattr("orchestrator.trial.attempts.code_digest", lambda system: "0123")
    troubles: list[str] = []
    record = run_trial(
        trial, storage, trained_for=TRAINED_FOR, hooks=TrialHooks(trouble=troubles.append)
    )
    assert record.circumstances.resumed_from_epochs == ()
    assert len(record.result.epochs) == 2
    assert "was written by other code than this: the trial starts anew" in troubles[0]


def test_commit_that_leaves_the_code_alone_changes_nothing(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = interrupted_trial(storage, manifest)
    monkeypatch.setattr("orchestrator.trial.run.code_version", lambda: "9.9.9")
    record = run_trial(trial, storage, trained_for=TRAINED_FOR)
    assert record.circumstances.resumed_from_epochs == (1,)
    assert record.circumstances.code_digest == code_digest(trial.config.model)


def test_trial_to_be_trained_anew_is_refused_by_code_that_it_does_not_name(
    storage: Path, manifest: Manifest
) -> None:
    given = small_trial(manifest)
    trial = Trial.model_validate({**given.model_dump(), "code": "0123"})
    with pytest.raises(ChangedCodeError, match="by other code than there is now; run the command"):
        run(trial, storage)


def test_weights_that_are_not_those_of_the_plan_are_refused(
    storage: Path, manifest: Manifest
) -> None:
    trial = small_trial(manifest).model_copy(update={"weights": {"text/model.safetensors": "0"}})
    with pytest.raises(ChangedWeightsError, match="planned with other pretrained weights"):
        run(trial, storage)


def test_trial_that_diverges_at_once_is_recorded_without_a_model(
    storage: Path, manifest: Manifest
) -> None:
    trial = small_trial(manifest, learning_rate=1e30, warmup=0.0)
    record = run(trial, storage)
    ledger = Ledger(storage)
    assert record.result.diverged_at_epoch == 0
    assert (record.result.best, record.result.epochs) == (None, ())
    assert record.result.valid_f1_without_text is None
    assert record.circumstances.model_sha256 is None
    labels = ledger.predictions(record)["test"].labels
    scores = TrialScores(ledger)
    assert scores.find(record, "f1") == 0
    assert scores.find(record, "acc") == pytest.approx((1 - labels.mean(axis=0)).mean())
    with pytest.raises(KeptModelError, match="diverged before it had a model; choose another"):
        read_kept_model(ledger, record)
    assert run_trial(trial, storage, trained_for=TRAINED_FOR) == record  # and is not tried again


def test_trial_that_diverged_is_not_trained_again_though_its_record_was_lost(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = small_trial(manifest, learning_rate=1e30, warmup=0.0)

    def die(*_: object) -> None:
        raise InterruptedHereError

    with monkeypatch.context() as patch:
        patch.setattr("reports.ledger.ledger.Ledger.write", die)
        with pytest.raises(InterruptedHereError):
            run(trial, storage)
    checkpoint = load_checkpoint(Ledger(storage).folder(trial.key), torch.device("cpu"))
    assert checkpoint is not None
    assert checkpoint.training["diverged_at_epoch"] == 0


def test_micro_batches_are_recorded_and_outlast_an_interruption(
    storage: Path, manifest: Manifest
) -> None:
    trial = small_trial(manifest, max_epochs=3, batch_size=8)
    with pytest.raises(InterruptedHereError):
        run_trial(
            trial,
            storage,
            trained_for=TRAINED_FOR,
            conditions=Conditions(micro_batch_size=4),
            hooks=TrialHooks(epoch_done=interrupt_after(1)),
        )
    with pytest.raises(InterruptedHereError):
        run_trial(
            trial, storage, trained_for=TRAINED_FOR, hooks=TrialHooks(epoch_done=interrupt_after(2))
        )
    record = run_trial(
        trial, storage, trained_for=TRAINED_FOR, conditions=Conditions(micro_batch_size=2)
    )
    assert record.circumstances.micro_batches == ((0, 4), (2, 2))


def test_trial_that_runs_out_of_memory_once_goes_on_from_its_checkpoint(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real thing is in `test_memory_limit`; here the epoch is chosen in which it happens."""
    trial = small_trial(manifest, max_epochs=3, batch_size=8)
    step = torch.optim.Adam.step
    steps = count(1)

    def fail_at_the_fourth(optimizer: torch.optim.Adam) -> None:
        if next(steps) == 4:  # batches of 8 in 12 utterances: the last one of the second epoch
            raise torch.OutOfMemoryError("CUDA out of memory")
        step(optimizer)

    monkeypatch.setattr(torch.optim.Adam, "step", fail_at_the_fourth)
    epochs: list[int] = []
    troubles: list[str] = []
    record = run_trial(
        trial,
        storage,
        trained_for=TRAINED_FOR,
        hooks=TrialHooks(
            epoch_done=lambda epoch: epochs.append(epoch.epoch), trouble=troubles.append
        ),
    )
    assert epochs == [0, 1, 2]
    assert troubles == ["out of memory: goes on with micro-batches of 4"]
    assert record.circumstances.micro_batches == ((1, 4),)
    assert record.circumstances.resumed_from_epochs == (1,)


def test_memory_that_does_not_suffice_after_training_is_worked_with_too(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With empty texts a model reads validation once more."""
    score, failures = attempts.valid_f1_without_text, iter([torch.OutOfMemoryError("CUDA")])

    def fail_once(*given: Any) -> float | None:
        for error in failures:
            raise error
        return score(*given)

    monkeypatch.setattr(attempts, "valid_f1_without_text", fail_once)
    record = run(small_trial(manifest, max_epochs=2, batch_size=8), storage)
    assert record.circumstances.resumed_from_epochs == (2,)
    assert record.circumstances.micro_batches == ((2, 4),)
    assert record.result.valid_f1_without_text is not None


def test_record_tells_what_the_trial_took(manifest: Manifest, whole: Whole) -> None:
    taken = whole.record(small_trial(manifest)).circumstances
    assert taken.cpu_s is not None
    assert taken.cpu_s > 0
    if torch.cuda.is_available():
        assert taken.peak_gpu_memory_mib
    else:
        assert taken.peak_gpu_memory_mib is None


def test_record_of_another_driver_is_kept(storage: Path, manifest: Manifest) -> None:
    """Both may train a trial if leases fail: the second finds the first one's record."""
    trial = small_trial(manifest)
    first = run(trial, storage)
    folder = Ledger(storage).folder(trial.key)
    content = (folder / RECORD_FILE).read_bytes()
    (folder / RECORD_FILE).unlink()

    def finish_meanwhile(epoch: Epoch) -> None:
        (folder / RECORD_FILE).write_bytes(content)

    second = run_trial(
        trial, storage, trained_for=TRAINED_FOR, hooks=TrialHooks(epoch_done=finish_meanwhile)
    )
    assert second == first


def test_record_of_another_machine_keeps_its_files_whenever_it_comes(
    storage: Path, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without locks that hold, both see no record and write theirs: one of them stands, whole."""
    trial, other = small_trial(manifest), tmp_path / "other"
    other.mkdir()
    (other / "corpora").symlink_to(storage / "corpora")
    changed = trial.config.training.model_copy(update={"learning_rate": 0.01})
    rounded = trial.config.model_copy(update={"training": changed})  # as on other hardware
    theirs = run(trial.model_copy(update={"config": rounded}), other)
    theirs_whole = theirs.model_copy(update={"key": trial.key, "trial": trial})
    stage = run_module.stage_predictions

    def finish_before(folder: Path, predictions: Any) -> str:
        if not (folder / RECORD_FILE).exists():
            shutil.copytree(Ledger(other).folder(theirs.key), folder, dirs_exist_ok=True)
            (folder / RECORD_FILE).write_text(theirs_whole.model_dump_json())
        return stage(folder, predictions)

    monkeypatch.setattr(run_module, "stage_predictions", finish_before)
    assert run(trial, storage) == theirs_whole
    ledger = Ledger(storage)
    assert ledger.predictions(theirs_whole)
    assert read_kept_model(ledger, theirs_whole)
    assert not list(ledger.folder(trial.key).glob("*-*"))
