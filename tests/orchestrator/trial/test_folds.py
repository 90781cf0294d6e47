"""Trials on a fold: what they read, and what they cannot read."""

from pathlib import Path

import numpy as np
import pytest
import torch

from corpora.preparation.dealing import FoldRule, deal
from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from corpora.source.errors import CorpusError
from corpora.store.folds import folds_file, write_folds
from orchestrator.plan.folds import folds_of
from orchestrator.trial.open_corpus import open_corpus
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from reports.ledger.probe import architecture_of
from reports.ledger.record import Record
from search_spaces.trial import CorpusRef, FoldRef, Trial
from tests.corpora.fold_factory import spoken_lines
from tests.corpora.media_factory import write_clip_folder
from tests.orchestrator.factories import TRAINED_FOR, small_config

CPU, TESTED = torch.device("cpu"), 2


@pytest.fixture(scope="module")
def storages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Prepare clips with folds, and with the splits that one of the folds makes."""
    folder, lines = tmp_path_factory.mktemp("folds"), spoken_lines(per_split=5)
    folded, apart = folder / "folded", folder / "apart"
    source = read_clips(write_clip_folder(folded / "clips", lines))
    folds = deal(source, FoldRule.parse("speakers"), "mine")
    prepare(source, [LE], name="mine", storage=folded)
    write_folds(folded, "mine", folds)
    again = [
        line | {"split": folds.split_of(folds.assigned[str(line["utterance"])], TESTED)}
        for line in lines
    ]
    prepare(read_clips(write_clip_folder(apart / "clips", again)), [LE], name="mine", storage=apart)
    return folded, apart


def trial_on(storage: Path, number: int | None = None) -> Trial:
    known = know_corpus("mine", storage)
    fold = folds_of(known.folds)[number - 1] if number else None
    fingerprint = known.identify("le").fingerprint
    reference = CorpusRef(name="mine", recipe="le", fingerprint=fingerprint, fold=fold)
    return Trial(config=small_config(max_epochs=1), corpus=reference, seed=0)


def trained(storage: Path, number: int | None) -> Record:
    return run_trial(trial_on(storage, number), storage, trained_for=TRAINED_FOR)


def test_fold_trains_as_a_corpus_with_its_splits_bit_for_bit(storages: tuple[Path, Path]) -> None:
    records = [
        trained(storage, number) for storage, number in zip(storages, (TESTED, None), strict=True)
    ]
    ours, theirs = (record.result for record in records)
    assert ours.epochs == theirs.epochs
    assert ours.thresholds == theirs.thresholds
    predicted = [
        Ledger(storage).predictions(record, ["valid", "test"])
        for storage, record in zip(storages, records, strict=True)
    ]
    for split, mine in predicted[0].items():
        their = predicted[1][split]
        assert mine.ids.tolist() == their.ids.tolist()
        assert np.array_equal(mine.probabilities, their.probabilities)
    assert len(predicted[0]["test"].ids) == 5
    (read,) = Ledger(storages[0]).finished([records[0].key]).values()
    assert read.trial.corpus.fold == trial_on(storages[0], TESTED).corpus.fold


def test_each_utterance_is_tested_once(storages: tuple[Path, Path]) -> None:
    tested = []
    for number in (1, 2, 3):
        trial = trial_on(storages[0], number)
        corpus = open_corpus(storages[0], trial.corpus, trial.config.model, CPU)
        every = [name for split in corpus.splits.values() for name in split.ids]
        assert len(every) == len(set(every)) == 15
        tested += corpus.splits["test"].ids
    assert len(tested) == len(set(tested)) == 15


def test_folds_that_were_dealt_otherwise_are_told(storages: tuple[Path, Path]) -> None:
    folded, apart = storages
    trial = trial_on(folded, 1)
    assert isinstance(trial.corpus.fold, FoldRef)
    other = trial.corpus.model_copy(
        update={"fold": trial.corpus.fold.model_copy(update={"digest": "other" * 5})}
    )
    with pytest.raises(CorpusError, match=r"no such folds .* tests fold 'ann' of 3: .*--folds"):
        open_corpus(folded, other, trial.config.model, CPU)
    without = trial_on(apart).corpus.model_copy(update={"fold": trial.corpus.fold})
    with pytest.raises(CorpusError, match=r"they have the digest of none"):
        open_corpus(apart, without, trial.config.model, CPU)
    assert not folds_file(apart, "mine").exists()


def test_folds_are_measured_once(storages: tuple[Path, Path]) -> None:
    names = {architecture_of(trial_on(storages[0], number)) for number in (1, 2, 3)}
    assert len(names) == 1
    assert architecture_of(trial_on(storages[0])) not in names
