"""A trial without training: a worker does everything else, and records an invented result."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from ray import tune

from orchestrator.sweep.messages import EpochDone, order_in, result_of
from orchestrator.trial.code_version import code_version
from reports.ledger.ledger import Ledger, remove_partial_files, stage_predictions
from reports.ledger.locks import locked
from reports.ledger.record import Circumstances, Epoch, Predictions, Record, Result
from search_spaces.trial import Trial

NUM_EPOCHS = 2
NUM_UTTERANCES = 8
EMOTIONS = ("happy", "sad")
METRICS = ("acc", "wacc", "f1", "precision", "recall", "auc")


def record_noop(config: dict[str, Any]) -> None:
    """Report two epochs and record the trial, as `run_trial` does. This is a trainable of Tune."""
    import orchestrator.trial.run  # noqa: F401  (a worker loads PyTorch and all our code)
    from orchestrator.trial.checkpoints import drop_checkpoint

    order = order_in(config)
    trial, ledger = order.trial, Ledger(Path(order.manner.place))
    folder = ledger.folder(trial.key)
    with locked(folder / "lock"):
        remove_partial_files(folder)
        if ledger.find(trial.key) is None:
            for epoch in noop_epochs(trial.seed):
                tune.report(result_of(EpochDone(epoch=epoch)))
            write_noop(ledger, trial)
        drop_checkpoint(folder)


def noop_epochs(seed: int) -> tuple[Epoch, ...]:
    """Invent learning curves that differ from seed to seed."""
    return tuple(
        Epoch(
            epoch=number,
            train_loss=0.7 - number / 10,
            valid_loss=0.6,
            valid=dict.fromkeys(METRICS, 0.5 + number / 10 + seed / 1000),
        )
        for number in range(NUM_EPOCHS)
    )


def write_noop(ledger: Ledger, trial: Trial) -> Record:
    """Record a trial with invented predictions for a few utterances."""
    sha256 = stage_predictions(
        ledger.folder(trial.key), {split: _draw(trial.seed) for split in ("valid", "test")}
    )
    result = Result(
        emotions=EMOTIONS,
        epochs=noop_epochs(trial.seed),
        best_epoch=NUM_EPOCHS - 1,
        thresholds=(0.5,) * len(EMOTIONS),
        num_parameters=1000,
        predictions_sha256=sha256,
    )
    circumstances = Circumstances(
        study="scale",
        row="made up",
        code_version=code_version(),
        device="cpu",
        precision="fp32",
        num_threads=1,
        libraries={"torch": "not used"},
        host="made up",
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        wall_s=0.0,
        training_s=0.0,
        cpu_s=time.process_time(),
    )
    record = Record(key=trial.key, trial=trial, result=result, circumstances=circumstances)
    return ledger.write(record)


def _draw(seed: int) -> Predictions:
    rng = np.random.default_rng(seed)
    labels = (np.arange(NUM_UTTERANCES)[:, None] % (2, 3) == 0).astype(np.int8)
    return Predictions(
        ids=np.array([f"utterance-{number}" for number in range(NUM_UTTERANCES)]),
        groups=np.array([f"group-{number % 2}" for number in range(NUM_UTTERANCES)]),
        labels=labels,
        probabilities=rng.random(labels.shape, dtype=np.float32),
    )
