"""Which finished trial predicts."""

from pathlib import Path

import pytest

from corpora.preparation.known import know_corpus
from orchestrator.errors import TrialChoiceError
from orchestrator.kept_models.choose import best_trial, trial_by_key
from orchestrator.plan.plan import make_plan
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.record import Record
from reports.ledger.record_file import record_bytes
from reports.prediction.prediction import valid_score
from tests.orchestrator.factories import TRAINED_FOR, small_study
from tests.orchestrator.kept_models.predictors import CORPUS


def test_trial_is_found_by_the_first_digits_of_its_key(record: Record, storage: Path) -> None:
    chosen = trial_by_key(Ledger(storage), record.key[:8])
    assert (chosen.record, chosen.rows) == (record, (TRAINED_FOR,))
    with pytest.raises(TrialChoiceError, match="'7e' is too short for a trial's key: give 6"):
        trial_by_key(Ledger(storage), "7e")
    with pytest.raises(TrialChoiceError, match=rf"'ffffff'; .*{record.key} \(small/shallow, se"):
        trial_by_key(Ledger(storage), "ffffff")


def test_ambiguous_and_unknown_keys_are_told_with_the_choices(
    record: Record, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path)
    with pytest.raises(TrialChoiceError, match="train some first; or name a study with --best"):
        trial_by_key(ledger, record.key)
    keys = [f"abcdef{number:018}" for number in range(12)]
    for key in keys:
        ledger.folder(key).mkdir(parents=True)
        content = record_bytes(record.model_copy(update={"key": key}))
        (ledger.folder(key) / RECORD_FILE).write_bytes(content)
    with pytest.raises(
        TrialChoiceError, match=r"12 trials have a key that begins with '.*, and 2 more"
    ):
        trial_by_key(ledger, "abcdef")
    assert trial_by_key(ledger, keys[3]).record.key == keys[3]


def test_best_trial_is_that_of_validation_whatever_the_test_split_says(
    record: Record, storage: Path
) -> None:
    known = know_corpus(CORPUS, storage)
    plan = make_plan(small_study(num_seeds=2), known, "tiny", None, Ledger(storage))
    assert not plan.finished
    with pytest.raises(TrialChoiceError, match="'small' has no finished trial on corpus 'mine' at"):
        best_trial([plan])
    for key, f1 in zip(sorted(plan.by_key), (0.3, 0.7, 0.7, 0.5), strict=True):
        epoch = record.result.epochs[0].model_copy(update={"valid": {"f1": f1}})
        worse = epoch.model_copy(update={"valid": {"f1": 1.0}})
        update = {"epochs": (epoch, worse), "best_epoch": 0}
        result = record.result.model_copy(update=update)
        plan.finished[key] = record.model_copy(update={"key": key, "result": result})
    chosen = best_trial([plan])
    assert chosen.record.key == sorted(plan.by_key)[1]
    assert valid_score(chosen.record) == 0.7
    assert chosen.rows == plan.rows_by_key[chosen.record.key]


@pytest.mark.parametrize("has_model", [False, True])
def test_trial_that_diverged_is_never_the_best(
    record: Record, storage: Path, has_model: bool
) -> None:
    known = know_corpus(CORPUS, storage)
    plan = make_plan(small_study(), known, "tiny", None, Ledger(storage))
    diverged, other = sorted(plan.by_key)
    nothing = {"epochs": (), "best_epoch": -1}
    diverging = {"diverged_at_epoch": 1, **({} if has_model else nothing)}
    result = record.result.model_copy(update=diverging)
    assert (result.best is not None) == has_model
    plan.finished[diverged] = record.model_copy(update={"key": diverged, "result": result})
    with pytest.raises(TrialChoiceError, match="all 1 finished trials diverged; choose"):
        best_trial([plan])
    plan.finished[other] = record.model_copy(update={"key": other})
    assert best_trial([plan]).record.key == other
