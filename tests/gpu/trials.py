"""Small trials of each kind of system, on any device, and what is read of them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue

from corpora.batches.corpus import AnyCorpus
from corpora.store.prepared import read_manifest
from orchestrator.trial.conditions import Conditions, TrialHooks
from orchestrator.trial.run import open_corpus_of, run_trial
from reports.ledger.ledger import Ledger
from reports.ledger.record import Epoch, Record
from search_spaces.change import apply_change
from search_spaces.study import ANY_CORPUS, RowRef
from search_spaces.systems.dai import FE2E
from search_spaces.systems.features import LF_LSTM
from search_spaces.systems.le import LE
from search_spaces.systems.xia import XIA
from search_spaces.trial import CorpusRef, Trial

CORPUS = "mine"
TRAINED_FOR = RowRef("gpu", "a system")

SYSTEMS = {"FE2E": FE2E, "Le": LE, "MER-SEM-MBT": XIA, "LF-LSTM": LF_LSTM}
"""None of them has dropout at this scale, whose random numbers differ between devices."""


def make_trial(system: str, corpora: Path, **changes: JsonValue) -> Trial:
    """Make a system's trial of two epochs in fp32; changes name fields with `__` for a dot."""
    settings: dict[str, JsonValue] = {
        "training__max_epochs": 2,
        "training__precision": "fp32",
        **changes,
    }
    dotted = {name.replace("__", "."): value for name, value in settings.items()}
    config = apply_change(SYSTEMS[system]["tiny"][ANY_CORPUS], dotted)
    manifest = read_manifest(corpora, CORPUS, config.model.recipe)
    reference = CorpusRef(
        name=manifest.name, recipe=manifest.recipe.name, fingerprint=manifest.fingerprint
    )
    return Trial(config=config, corpus=reference, seed=0)


def train(
    trial: Trial,
    corpora: Path,
    ledger: Path,
    device: torch.device,
    *,
    open_corpus: Callable[[], AnyCorpus] | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Record:
    """Train a trial on the corpus of one folder, and record it in another."""
    return run_trial(
        trial,
        ledger,
        trained_for=TRAINED_FOR,
        open_other_corpus=open_corpus or partial(open_corpus_of, trial, corpora, device),
        conditions=Conditions(device=device, keeps_model=False),
        hooks=TrialHooks(epoch_done=on_epoch),
    )


def probabilities(record: Record, ledger: Path) -> NDArray[np.float32]:
    """Read what a trial predicted of the utterances of validation and test: (2 U, K)."""
    predictions = Ledger(ledger).predictions(record)
    return np.concatenate([predictions[split].probabilities for split in ("valid", "test")])
