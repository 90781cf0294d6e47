"""Run one trial, start to record: a plain function call, on whatever process it happens to be."""

import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from models.build import build
from models.init import init_weights
from models.macs import count_macs, count_parameters, count_parameters_without_embeddings
from models.weights.find import weights_sha256
from orchestrator.checkpoints import (
    Checkpoint,
    drop_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from orchestrator.code_version import code_version
from orchestrator.errors import ChangedWeightsError
from orchestrator.kept_model import keep_model
from orchestrator.locks import locked
from orchestrator.open_corpus import open_corpus, task_of
from orchestrator.precision import resolve_precision
from orchestrator.reference_clip import reference_clip
from orchestrator.training import TrainingState, start_training, train
from orchestrator.without_text import valid_f1_without_text
from reports.ledger import PREDICTIONS_FILE, Ledger, remove_partial_files, write_predictions
from reports.record import Circumstances, Epoch, Record, Result
from search_spaces.study import RowRef
from search_spaces.trial import Trial

LOCK_FILE = "lock"
RECORDED_LIBRARIES = ("numpy", "ray", "torch", "torchaudio", "torchvision", "transformers")


def run_trial(
    trial: Trial,
    storage: Path,
    *,
    trained_for: RowRef,
    device: torch.device | None = None,
    num_threads: int = 1,
    keeps_model: bool = True,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Record:
    """Train a trial and record it; go on from its checkpoint if it was interrupted.

    A trial that is finished already, by whomever, is not trained again. Two processes never train
    the same trial at once: the second waits for the first.

    Args:
        trial: What to train.
        storage: Holds the prepared corpus, and receives checkpoint and record.
        trained_for: The study and row that asked for it first.
        device: Where to train; by default the first GPU, else the CPU.
        num_threads: Of PyTorch on the CPU.
        keeps_model: Keep the trained model beside the record, for `mmer-sweep predict`.
        on_epoch: Called after each epoch is safe in the checkpoint.

    Raises:
        CorpusError: If the prepared corpus is not the one that the trial names.
        ChangedWeightsError, WeightsError: If the pretrained weights cannot be had.
        DivergedError: If the loss is not finite.
    """
    ledger = Ledger(storage)
    folder = ledger.folder(trial.key)
    with locked(folder / LOCK_FILE):
        remove_partial_files(folder)
        known = ledger.find(trial.key)
        if known is not None:
            drop_checkpoint(folder)
            return known
        device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
        record = _train_and_record(
            trial, storage, trained_for, device, num_threads, keeps_model, on_epoch
        )
        drop_checkpoint(folder)
        return record


def _train_and_record(
    trial: Trial,
    storage: Path,
    trained_for: RowRef,
    device: torch.device,
    num_threads: int,
    keeps_model: bool,
    on_epoch: Callable[[Epoch], None],
) -> Record:
    started_at, start = datetime.now(UTC), time.perf_counter()
    torch.set_num_threads(num_threads)
    torch.backends.cudnn.deterministic = True
    ledger = Ledger(storage)
    folder = ledger.folder(trial.key)
    config = trial.config
    if weights_sha256(config.model) != trial.weights:
        raise ChangedWeightsError(
            f"trial '{trial.key}' was planned with other pretrained weights than those found now; "
            "run the command again, on a machine that has the weights you mean"
        )
    corpus = open_corpus(storage, trial.corpus, config.model, device)
    precision = resolve_precision(config.training.precision, device)
    model = build(config.model, task_of(corpus, config.model))
    init_weights(model, trial.seed)
    macs = count_macs(model, reference_clip(corpus.manifest, torch.device("cpu")))
    state = start_training(model.to(device), corpus, config.training, seed=trial.seed)
    checkpoint = load_checkpoint(folder, device, code_version())
    resumed: tuple[int, ...] = ()
    if checkpoint is not None:
        state.load_state_dict(checkpoint.training)
        resumed = (*checkpoint.resumed_from_epochs, len(state.epochs))

    def keep(epoch: Epoch, state: TrainingState) -> None:
        save_checkpoint(folder, Checkpoint(code_version(), state.state_dict(), resumed))
        on_epoch(epoch)

    training_start = time.perf_counter()
    trained = train(
        state, corpus, config.training, seed=trial.seed, precision=precision, on_epoch=keep
    )
    training_s = time.perf_counter() - training_start
    sha256 = write_predictions(folder / PREDICTIONS_FILE, trained.predictions)
    record = Record(
        key=trial.key,
        trial=trial,
        result=Result(
            emotions=corpus.manifest.emotions,
            epochs=trained.epochs,
            best_epoch=trained.best_epoch,
            thresholds=trained.thresholds,
            num_parameters=count_parameters(model),
            num_parameters_without_embeddings=count_parameters_without_embeddings(model),
            macs=macs,
            valid_f1_without_text=valid_f1_without_text(
                model, corpus, config, trained.thresholds, precision
            ),
            predictions_sha256=sha256,
        ),
        circumstances=Circumstances(
            study=trained_for.study,
            row=trained_for.row,
            code_version=code_version(),
            device=_device_name(device),
            precision=precision,
            num_threads=num_threads,
            libraries={library: version(library) for library in RECORDED_LIBRARIES},
            recipe=corpus.manifest.recipe.model_dump(mode="json"),
            host=platform.node(),
            started_at=started_at.isoformat(timespec="seconds"),
            wall_s=round(time.perf_counter() - start, 3),
            training_s=round(training_s, 3),
            resumed_from_epochs=resumed,
            model_sha256=keep_model(folder, model, corpus.tokenizer) if keeps_model else None,
        ),
    )
    ledger.write(record)
    return record


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.cpu.get_capabilities().get('cpu_name', platform.processor())} (CPU)"
