"""How much worse a trained model is without text."""

from dataclasses import replace

import numpy as np
import torch
from tokenizers import Tokenizer

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.batches.corpus import AnyCorpus
from corpora.text.tokens import encode
from orchestrator.training.evaluation import predict
from orchestrator.training.objective import make_objective
from orchestrator.training.precision import Precision
from reports.scores.metrics import mean_scores
from search_spaces.trial import TrialConfig


def valid_f1_without_text(
    model: torch.nn.Module,
    corpus: AnyCorpus,
    config: TrialConfig,
    batch_size: int,
    thresholds: tuple[float, ...],
    precision: Precision,
) -> float | None:
    """Score a model on the validation split with all texts empty.

    It is None if the model reads no text, or if the task has no F1.
    """
    if not config.model.reads_text or corpus.task == "regression":
        return None
    objective = make_objective(corpus, config.training)
    valid = corpus.splits["valid"]
    predictions, _ = predict(
        model,
        valid,
        objective,
        batch_size,
        precision,
        change=lambda batch: without_text(batch, corpus.tokenizer),
    )
    scores = mean_scores(
        predictions.labels, predictions.probabilities, np.array(thresholds), objective.task
    )
    return scores["f1"]


def without_text(
    batch: Batch | HandcraftedBatch, tokenizer: Tokenizer | None
) -> Batch | HandcraftedBatch:
    """Empty the texts of a batch: one word of zeros, or the tokens of an empty text."""
    num_utterances = len(batch.labels)
    if isinstance(batch, HandcraftedBatch):
        words = batch.text.new_zeros(num_utterances, batch.text.shape[1])
        return replace(batch, text=words, num_text=(1,) * num_utterances)
    if tokenizer is None:
        return batch
    tokens, mask = encode(tokenizer, [""] * num_utterances)
    device = batch.tokens.device
    return replace(batch, tokens=tokens.long().to(device), token_mask=mask.to(device))
