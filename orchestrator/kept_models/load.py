"""Loads the model of a finished trial, with the corpus that it was trained on."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from corpora.batches.corpus import AnyCorpus
from corpora.source.errors import CorpusError
from models.build import build
from orchestrator.errors import KeptModelError
from orchestrator.storage.own_code import with_own_code
from orchestrator.trial.kept_model import read_kept_model
from orchestrator.trial.open_corpus import open_corpus, task_of
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record


class MissingPartError(Exception):
    """A trained model lacks the part that is to be shown; the message names the trial."""


@dataclass(frozen=True)
class TrainedModel:
    """A trained model in evaluation mode, and the record of its trial."""

    record: Record
    model: nn.Module


@dataclass(frozen=True)
class LoadedModel(TrainedModel):
    """A trained model with the corpus of its trial."""

    corpus: AnyCorpus


def load_trained(record: Record, storage: Path, *, device: torch.device) -> LoadedModel:
    """Load the kept model of a trial, and open its corpus.

    Raises:
        CorpusError: If the corpus is missing, or is not the one that the trial names.
        KeptModelError: If the model was not kept, is not the one that the record names, or does not
            fit the current code.
        OwnCodeError: If the code of a user's own system cannot be loaded.
        WeightsError: If the checkpoint that the model started from is not available.
    """
    state, _ = read_kept_model(Ledger(storage), record)
    config = with_own_code(record.trial, storage).config.model
    try:
        corpus = open_corpus(storage, record.trial.corpus, config, device)
    except CorpusError as error:
        raise CorpusError(f"corpus of trial '{record.key}' cannot be opened: {error}") from error
    model = build(config, task_of(corpus, config))
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise KeptModelError(
            f"the model of trial '{record.key}', trained by code "
            f"{record.circumstances.code_version}, does not fit this version of the code; move its "
            f"folder away and run its study again: {error}"
        ) from error
    return LoadedModel(record, model.to(device).eval(), corpus)
