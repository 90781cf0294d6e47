"""A test split whose utterances lack modalities: what a system gets of a clip without them."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from corpora.batches.corpus import AnySplit, CorpusSplit
from models.configs.base import Modality
from orchestrator.kept_models.blanks import AnyBatch, Blanks, make_blanks
from orchestrator.kept_models.load import LoadedModel
from orchestrator.training.determinism import deterministic_algorithms
from orchestrator.training.evaluation import batch_sizes, predict
from orchestrator.training.objective import make_objective
from reports.ledger.record import Predictions
from search_spaces.metrics.metric import Withheld


class WithheldSplit(CorpusSplit[Any]):
    """A split that gives the same batches, but for the modalities that its utterances lack."""

    def __init__(self, split: AnySplit, withheld: Withheld, blanks: Blanks) -> None:
        vars(self).update(vars(split))
        self._lack = {m: draw(split.ids, m, percent) for m, percent in withheld}
        self._blanks = blanks

    def in_order(self, batch_size: int) -> Iterator[AnyBatch]:
        """Yield every utterance once, in the order of `ids`."""
        first = 0
        for batch in super().in_order(batch_size):
            last = first + len(batch.labels)
            for modality, lack in self._lack.items():
                batch = self._blanks.put_into(batch, modality, lack[first:last])
            yield batch
            first = last


def draw(ids: Sequence[str], modality: Modality, percent: int) -> list[bool]:
    """Draw which utterances lack a modality: so many percent of them, rounded.

    The draw depends on nothing but their ids, so all rows and seeds lack the same. Who lacks it at
    some rate lacks it at every higher one. Modalities are drawn apart: an utterance may lack all.
    """
    digests = [hashlib.sha256(f"{modality}/{one}".encode()).digest() for one in ids]
    num_lacking = round(len(ids) * percent / 100)
    lacking = set(sorted(digests)[:num_lacking])
    return [digest in lacking for digest in digests]


def predict_withheld(
    trained: LoadedModel, patterns: Iterable[Withheld], device: torch.device
) -> Iterator[tuple[Withheld, Predictions]]:
    """Predict the test split as the trial did, but with modalities withheld.

    Raises:
        MissingPackageError: As `make_blanks`.
    """
    corpus, circumstances = trained.corpus, trained.record.circumstances
    config = trained.record.trial.config
    sizes = (config.training.batch_size, *(size for _, size in circumstances.micro_batches))
    batch_size = batch_sizes(config, min(sizes), device).evaluation
    objective = make_objective(corpus, config.training)
    for withheld in patterns:
        modalities = [modality for modality, _ in withheld]
        manifest = corpus.manifest
        blanks = make_blanks(manifest.recipe, corpus.tokenizer, manifest.widths, modalities, device)
        test = WithheldSplit(corpus.splits["test"], withheld, blanks)
        with deterministic_algorithms(is_on=circumstances.is_deterministic):
            yield (
                withheld,
                predict(trained.model, test, objective, batch_size, circumstances.precision)[0],
            )
