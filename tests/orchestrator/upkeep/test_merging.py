"""Ledgers of two machines become one, and nothing that is here changes."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from corpora.parsing.sealed import unsealed
from models.own.system import OwnSystem
from orchestrator.errors import StorageError
from orchestrator.storage.own_code import keep_code
from orchestrator.storage.publish import locate_place
from orchestrator.storage.trials import has_model
from orchestrator.upkeep import merging
from orchestrator.upkeep.merging import Merged, locate_other, merge_ledger, open_target
from reports.ledger.files import stage
from reports.ledger.ledger import MODEL_FILE, PREDICTIONS_FILE, RECORD_FILE, Ledger
from reports.ledger.planned import read_planned
from reports.ledger.record import Record
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from search_spaces.trial import Trial, TrialConfig
from tests.models.own.own_files import wrap, write_own_files
from tests.orchestrator.upkeep.factories import finish, finish_seeds, trials_of, two_rows
from tests.reports.factories import make_trial
from tests.test_kept_ledger import KEPT


def merge(other: Path, storage: Path, *, with_models: bool = False) -> Merged:
    return merge_ledger(other, storage, with_models=with_models)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "here"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


def test_seeds_of_both_machines_count(here: Path, there: Path) -> None:
    finish_seeds(here, (0, 1))
    finish_seeds(there, (2, 3, 4))
    merged = merge(there, here)
    assert (len(merged.trials), merged.known, merged.is_complete) == (6, [], True)
    (planned,) = read_planned(Ledger(here))
    (cell, *_), *_ = collect_outcome(planned, TrialScores(Ledger(here))).cells
    assert [one.seed for one in cell.scores] == [0, 1, 2, 3, 4]
    assert cell.complete


def test_whole_ledger_of_earlier_comes_byte_by_byte(here: Path) -> None:
    merged = merge(KEPT, here)
    assert (len(merged.trials), merged.is_complete) == (4, True)
    stored = {n: c for n, c in contents(KEPT).items() if not n.startswith("tables/")}
    plans = [name for name in stored if name.startswith("plans/")]
    assert {n: c for n, c in contents(here).items() if n not in plans} == {
        n: c for n, c in stored.items() if n not in plans
    }
    assert [unsealed(contents(here)[name])[0] for name in plans] == [stored[name] for name in plans]


def test_second_merge_has_nothing_to_do(here: Path, there: Path) -> None:
    finish_seeds(there, (0,), with_models=True)
    merge(there, here, with_models=True)
    before = contents(here)
    merged = merge(there, here, with_models=True)
    assert (merged.trials, merged.models, len(merged.known)) == ([], [], 2)
    assert merged.plans[0].state == "same"
    assert contents(here) == before


def test_models_come_only_if_they_are_asked_for_and_may_come_later(here: Path, there: Path) -> None:
    record = finish(there, make_trial(), model=b"a model")
    merge(there, here)
    assert not has_model(here, record)
    assert merge(there, here, with_models=True).models == [record.key]
    assert (Ledger(here).folder(record.key) / MODEL_FILE).read_bytes() == b"a model"


def test_other_results_are_told_and_ours_stay(here: Path, there: Path) -> None:
    ours = finish(here, make_trial(), num_wrong=1)
    finish(there, make_trial(), num_wrong=5)
    before = contents(here)
    merged = merge(there, here)
    assert (merged.differing, merged.trials, merged.is_complete) == ([ours.key], [], False)
    assert contents(here) == before


def test_equal_predictions_count_as_equal_however_they_are_packed(here: Path, there: Path) -> None:
    ours, theirs = finish(here, make_trial()), finish(there, make_trial(), host="elsewhere")
    folder = Ledger(there).folder(theirs.key)
    pq.write_table(pq.read_table(folder / PREDICTIONS_FILE), folder / "packed", compression="gzip")
    (folder / RECORD_FILE).unlink()
    (folder / PREDICTIONS_FILE).unlink()
    sha256 = stage(folder / PREDICTIONS_FILE, (folder / "packed").read_bytes())
    assert sha256 != ours.result.predictions_sha256
    result = theirs.result.model_copy(update={"predictions_sha256": sha256})
    Ledger(there).write(theirs.model_copy(update={"result": result}))
    merged = merge(there, here)
    assert (merged.known, merged.is_complete) == ([ours.key], True)


def damage_predictions(record: Record, there: Path) -> None:
    (Ledger(there).folder(record.key) / PREDICTIONS_FILE).write_bytes(b"damaged")


def remove_predictions(record: Record, there: Path) -> None:
    (Ledger(there).folder(record.key) / PREDICTIONS_FILE).unlink()


def change_record(record: Record, there: Path) -> None:
    path = Ledger(there).folder(record.key) / RECORD_FILE
    path.write_text(path.read_text().replace("0.7", "0.1"))


def damage_model(record: Record, there: Path) -> None:
    (Ledger(there).folder(record.key) / MODEL_FILE).write_bytes(b"damaged")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_predictions, "do not have the SHA-256"),
        (remove_predictions, "are missing"),
        (change_record, "is damaged: it was changed after it was written"),
        (damage_model, "does not have the SHA-256 that the record names"),
    ],
)
def test_damaged_trial_is_told_and_the_others_are_taken(
    damage: Callable[[Record, Path], None], message: str, here: Path, there: Path
) -> None:
    planned = finish_seeds(there, (0,), with_models=True)
    record = Ledger(there).find(planned.keys["good"][0])
    assert record is not None
    damage(record, there)
    merged = merge(there, here, with_models=True)
    (fault,) = merged.faults
    assert message in fault
    assert merged.trials == [planned.keys["bad"][0]]
    assert not merged.is_complete
    assert Ledger(here).find(record.key) is None


def test_damaged_plan_is_told_and_the_others_are_taken(here: Path, there: Path) -> None:
    finish_seeds(there, (0,))
    finish_seeds(there, (0,), study=two_rows(name="another"))
    (there / "plans" / "another" / "synthetic-tiny.json").write_text("{}")
    merged = merge(there, here)
    assert ["is damaged" in fault for fault in merged.faults] == [True]
    assert [one.planned.study.name for one in merged.plans] == ["depth"]


@pytest.mark.parametrize("step", ["stage_copy", "create_once", "join_plan"])
def test_merge_that_was_killed_goes_on(
    step: str, here: Path, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed at the second call of a step, before that does anything."""
    finish_seeds(there, (0,), with_models=True)
    finish_seeds(there, (0,), study=two_rows(name="another"))
    whole = here.parent / "whole"
    merge(there, whole, with_models=True)
    real, calls = getattr(merging, step), []

    def killed(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(merging, step, killed)
        with pytest.raises(KeyboardInterrupt):
            merge(there, here, with_models=True)
    assert merge(there, here, with_models=True).is_complete
    assert contents(here) == contents(whole)


def test_only_the_chosen_plans_are_taken(here: Path, there: Path) -> None:
    finish_seeds(there, (0,))
    finish_seeds(there, (1,), study=two_rows(name="another"))
    chosen = [one for one in read_planned(Ledger(there)) if one.study.name == "another"]
    merged = merge_ledger(there, here, with_models=False, chosen=chosen)
    expected = {t.key for of_row in trials_of(two_rows(), [1]).values() for t in of_row}
    assert set(merged.trials) == expected
    assert read_planned(Ledger(here)) == chosen


def test_bucket_gives_and_takes(
    here: Path, there: Path, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_seeds(there, (0,), with_models=True)
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "one"))
    assert len(merge(there, open_target(bucket, there)).trials) == 2
    assert merge(there, open_target(bucket, there), with_models=True).models
    monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / "two"))
    merged = merge(locate_other(bucket, here), here, with_models=True)
    assert (len(merged.trials), len(merged.models)) == (2, 2)
    assert read_planned(Ledger(here)) == read_planned(Ledger(there))
    for record in Ledger(there).records():
        assert Ledger(here).predictions(record)
        assert has_model(locate_place(bucket), record)


def test_storage_that_holds_no_ledger_is_refused(here: Path, there: Path) -> None:
    here.mkdir()
    with pytest.raises(StorageError, match="holds no trials and no plans"):
        locate_other(str(there), here)
    finish_seeds(here, (0,))
    with pytest.raises(StorageError, match="was named twice"):
        locate_other(str(here / ".." / "here"), here)


def own_trial(there: Path) -> Trial:
    """Make a trial of a user's own system, whose source the storage keeps."""
    system = wrap(write_own_files(there.parent / "user"))
    keep_code(system, there)
    return make_trial(config=TrialConfig(model=system))


def test_source_of_own_systems_comes_with_the_models(here: Path, there: Path) -> None:
    finish(there, own_trial(there), model=b"a model")
    merge(there, here)
    assert not (here / "code").exists()
    merge(there, here, with_models=True)
    assert contents(here / "code") == contents(there / "code") != {}


def test_source_that_was_changed_is_told_and_not_taken(here: Path, there: Path) -> None:
    trial = own_trial(there)
    assert isinstance(trial.config.model, OwnSystem)
    finish(there, trial, model=b"a model")
    (there / "code" / trial.config.model.code.digest / "gate.py").write_text("x = 1\n")
    (fault,) = merge(there, here, with_models=True).faults
    assert "does not hold the source that its name says" in fault
    assert not (here / "code").exists()
