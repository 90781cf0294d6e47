"""Runs one trial from start to record: a plain function call, in any process."""

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch

from corpora.batches.corpus import AnyCorpus
from models.macs import count_parameters, count_parameters_without_embeddings
from models.weights.find import weights_sha256
from orchestrator.errors import ChangedCodeError, ChangedWeightsError
from orchestrator.plan.code import code_digest
from orchestrator.prefixes.arithmetic import device_name
from orchestrator.prefixes.reading import reading_maps
from orchestrator.storage.own_code import with_own_code
from orchestrator.storage.patience import PATIENCE, Patience, explained
from orchestrator.training.determinism import deterministic_algorithms
from orchestrator.training.precision import resolve_precision
from orchestrator.trial.attempts import Setting, train_trial
from orchestrator.trial.checkpoints import drop_checkpoint
from orchestrator.trial.code_version import code_version
from orchestrator.trial.conditions import Conditions, TrialHooks
from orchestrator.trial.kept_model import keep_model, num_bytes
from orchestrator.trial.open_corpus import open_corpus
from orchestrator.trial.usage import Meter
from reports.ledger.ledger import LOCK_FILE, Ledger, remove_partial_files, stage_predictions
from reports.ledger.locks import locked
from reports.ledger.record import Circumstances, Record, Result
from search_spaces.study import RowRef
from search_spaces.trial import Trial

RECORDED_LIBRARIES = ("numpy", "ray", "torch", "torchaudio", "torchvision", "transformers")


def run_trial(
    trial: Trial,
    storage: Path,
    *,
    trained_for: RowRef,
    conditions: Conditions | None = None,
    hooks: TrialHooks | None = None,
    open_other_corpus: Callable[[], AnyCorpus] | None = None,
) -> Record:
    """Train a trial and record it; continue from its checkpoint if it was interrupted.

    A finished trial is not trained again, no matter who finished it. Two processes of a machine
    never train the same trial at once: the second waits for the first. A trial that diverges is
    recorded like any other.

    Args:
        trial: The trial to train.
        storage: Holds the prepared corpus, and receives checkpoint and record.
        trained_for: The study and row that asked for it first.
        conditions: How to train; by default alone on this machine's GPU, or on one of its cores.
        hooks: The functions to call meanwhile; by default, problems are logged.
        open_other_corpus: Opens another corpus instead of the one in the storage.

    Raises:
        CorpusError: If the prepared corpus is not the one that the trial names.
        ChangedCodeError: If the code is not the one that the trial names.
        ChangedWeightsError, WeightsError: If the pretrained weights changed or are not available.
        NotEnoughMemoryError: If a single utterance, or the model alone, does not fit into memory.
        OwnCodeError: If the code of a user's own system cannot be loaded.
        StorageError: If the record could not be written; the checkpoint stays.
    """
    conditions, hooks = conditions or Conditions(), hooks or TrialHooks()
    ledger, patience = Ledger(storage), conditions.patience
    trial = patience.at_start(with_own_code, trial, storage)
    folder = ledger.folder(trial.key)
    with ExitStack() as held:
        patience.at_start(lambda: held.enter_context(locked(folder / LOCK_FILE)))
        patience.at_start(remove_partial_files, folder)
        record = patience.at_start(ledger.find, trial.key)
        if record is None:
            held.enter_context(deterministic_algorithms(is_on=conditions.is_deterministic))
            precision = resolve_precision(trial.config.training.precision, conditions.device)
            torch.set_num_threads(conditions.num_threads)
            setting = Setting(folder, precision, conditions, hooks)
            opened = _opened(trial, storage, setting)
            open_it = open_other_corpus or partial(held.enter_context, opened)
            record = _train_and_record(trial, open_it, ledger, setting, trained_for)
        else:
            patience.at_start(ledger.move_into_place, record)
        try:
            patience.for_checkpoint(drop_checkpoint, folder)
        except OSError as error:
            hooks.trouble(f"checkpoint of a finished trial stays in '{folder}': {error.strerror}")
        return record


def _train_and_record(
    trial: Trial,
    open_it: Callable[[], AnyCorpus],
    ledger: Ledger,
    setting: Setting,
    trained_for: RowRef,
) -> Record:
    started_at, start, meter = datetime.now(UTC), time.perf_counter(), Meter(setting.device)
    torch.backends.cudnn.deterministic = True
    folder, patience = setting.folder, setting.patience
    if trial.code not in ("", code_digest(trial.config.model)):
        raise ChangedCodeError(
            f"trial '{trial.key}' was planned to be trained anew by other code than there is now; "
            "run the command again"
        )
    corpus = open_it()
    done = train_trial(trial, corpus, setting)
    trained, model = done.trained, done.model
    usage, wall_s = meter.read(), time.perf_counter() - start
    with explained(ledger.storage, needed_bytes=num_bytes(model), tried_s=patience.end_s):
        if (known := patience.at_end(ledger.find, trial.key)) is not None:
            return known
        sha256 = patience.at_end(stage_predictions, folder, trained.predictions)
        model_sha256 = None
        if setting.conditions.keeps_model and trained.best_epoch >= 0:
            model_sha256 = patience.at_end(keep_model, folder, model, corpus.tokenizer)
        record = Record(
            key=trial.key,
            trial=trial,
            result=Result(
                emotions=corpus.manifest.emotions,
                task=corpus.task,
                epochs=trained.epochs,
                best_epoch=trained.best_epoch,
                thresholds=trained.thresholds,
                num_parameters=count_parameters(model),
                num_parameters_without_embeddings=count_parameters_without_embeddings(model),
                macs=done.macs,
                valid_f1_without_text=done.valid_f1_without_text,
                predictions_sha256=sha256,
                diverged_at_epoch=trained.diverged_at_epoch,
            ),
            circumstances=Circumstances(
                study=trained_for.study,
                row=trained_for.row,
                code_version=code_version(),
                code_digest=code_digest(trial.config.model),
                device=device_name(setting.device),
                precision=setting.precision,
                num_threads=torch.get_num_threads(),
                is_deterministic=torch.are_deterministic_algorithms_enabled(),
                libraries={library: version(library) for library in RECORDED_LIBRARIES},
                recipe=corpus.manifest.recipe.model_dump(mode="json"),
                host=platform.node(),
                started_at=started_at.isoformat(timespec="seconds"),
                wall_s=round(wall_s, 3),
                training_s=round(done.training_s, 3),
                resumed_from_epochs=done.resumed_from_epochs,
                model_sha256=model_sha256,
                micro_batches=done.micro_batches,
                peak_memory_mib=usage.peak_memory_mib,
                peak_gpu_memory_mib=usage.peak_gpu_memory_mib,
                cpu_s=usage.cpu_s,
            ),
        )
        return patience.at_end(ledger.write, record)


def open_corpus_of(
    trial: Trial, storage: Path, device: torch.device, patience: Patience = PATIENCE
) -> AnyCorpus:
    """Open the corpus that a trial names, and check that its pretrained weights are unchanged.

    Raises:
        ChangedWeightsError, CorpusError, WeightsError: If one of them differs, or is missing.
    """
    if weights_sha256(trial.config.model) != trial.weights:
        raise ChangedWeightsError(
            f"trial '{trial.key}' was planned with other pretrained weights than those found now; "
            "run the command again, on a machine that has the weights you mean"
        )
    return patience.at_start(open_corpus, storage, trial.corpus, trial.config.model, device)


@contextmanager
def _opened(trial: Trial, storage: Path, setting: Setting) -> Iterator[AnyCorpus]:
    """Open the corpus of a trial, with stored maps of its frozen prefix if it has one."""
    corpus = open_corpus_of(trial, storage, setting.device, setting.patience)
    arithmetic, trouble = setting.arithmetic, setting.hooks.trouble
    with reading_maps(trial, corpus, storage, arithmetic, trouble) as read:
        yield read
