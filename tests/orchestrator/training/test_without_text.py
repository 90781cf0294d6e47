from pathlib import Path

import pytest
import torch

from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.store.manifest import Manifest
from corpora.text.tokens import fit_tokenizer
from models.configs.base import Modality
from orchestrator.training.without_text import without_text
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from search_spaces.change import apply_change
from search_spaces.studies.le2023 import unimodal
from tests.orchestrator.factories import TRAINED_FOR, small_trial


def test_empty_text_is_framed_by_the_tokenizer(storage: Path, manifest: Manifest) -> None:
    from orchestrator.trial.open_corpus import open_corpus

    trial = small_trial(manifest)
    corpus = open_corpus(storage, trial.corpus, trial.config.model, torch.device("cpu"))
    (batch,) = corpus.splits["valid"].in_order(100)
    tokenizer = fit_tokenizer(["well"], vocabulary=10)
    emptied = without_text(batch, tokenizer)
    assert isinstance(emptied, Batch)
    assert isinstance(batch, Batch)
    words = [[tokenizer.id_to_token(token) for token in line] for line in emptied.tokens.tolist()]
    assert words == [["[CLS]", "[SEP]"]] * len(batch.labels)
    assert emptied.token_mask.all()
    assert torch.equal(emptied.faces, batch.faces)


def test_features_without_text_are_one_word_of_zeros() -> None:
    lengths, rows = (2, 1), torch.ones(3, 4)
    batch = HandcraftedBatch(rows, lengths, rows, lengths, rows, lengths, torch.zeros(2, 6))
    emptied = without_text(batch, None)
    assert isinstance(emptied, HandcraftedBatch)
    assert emptied.text.tolist() == [[0] * 4] * 2
    assert emptied.num_text == (1, 1)
    assert torch.equal(emptied.audio, rows)


@pytest.mark.parametrize(("modality", "is_told"), [("text", True), ("vision", False)])
def test_record_tells_what_no_text_costs(
    modality: Modality, is_told: bool, storage: Path, manifest: Manifest
) -> None:
    trial = small_trial(manifest)
    config = apply_change(trial.config, unimodal(modality))
    trial = trial.model_copy(update={"config": config})
    record = run_trial(trial, storage, trained_for=TRAINED_FOR)
    cost = record.result.valid_f1_without_text
    assert (cost is not None) == is_told
    if cost is not None:
        # Without text all utterances are alike: each emotion is called in all of them, or in none.
        labels = Ledger(storage).predictions(record)["valid"].labels
        always = 2 * labels.sum(0) / (labels.sum(0) + len(labels))
        assert any(
            cost == pytest.approx((always * mask).mean())
            for mask in ([0, 0], [0, 1], [1, 0], [1, 1])
        )
