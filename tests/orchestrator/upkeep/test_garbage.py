"""What can go, and what stays because a plan names it or somebody uses it."""

import os
import shutil
from pathlib import Path

import pytest

from corpora.recipes.pictures import LE
from corpora.store.folders import corpus_folder, recipe_folder
from corpora.store.manifest import Manifest
from orchestrator.prefixes.store import DESCRIPTION_FILE, PrefixStore
from orchestrator.storage.driver import host_of, this_driver
from orchestrator.storage.leases import LEASE_S, Leases
from orchestrator.storage.objects import FolderStore
from orchestrator.upkeep.at_work import AtWork
from orchestrator.upkeep.garbage import Garbage, GarbageKind, Wanted, find_garbage
from orchestrator.upkeep.removal import Removal, remove, split_by_use
from orchestrator.upkeep.usage import measure_usage
from reports.ledger.files import DAMAGED_SUFFIX, PARTIAL_SUFFIX
from reports.ledger.ledger import CHECKPOINT_FILE, LOCK_FILE, MODEL_FILE, Ledger, LedgerError
from reports.ledger.locks import locked
from reports.ledger.planned import Planned, plan_file, remember
from reports.ledger.search_result import JOURNAL_FILE, write_result
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.tracking.searches.factories import (
    candidate,
    running,
    search_of,
    trial_of,
    write,
)
from tests.orchestrator.upkeep.factories import (
    PLACE,
    finish,
    finish_seeds,
    leave_checkpoint,
    plan_seeds,
    two_rows,
)

ELSEWHERE = "elsewhere-1-abcdef:1:1"


def found(storage: Path, *kinds: GarbageKind, keeps_best: bool = False) -> list[Garbage]:
    return find_garbage(storage, Wanted(kinds, keeps_best))


def collect(storage: Path, *kinds: GarbageKind) -> Removal:
    return remove(found(storage, *kinds), storage, AtWork(storage))


def test_checkpoint_of_a_finished_trial_goes(tmp_path: Path) -> None:
    key, *_ = finish_seeds(tmp_path, [0]).keys["good"]
    path = leave_checkpoint(tmp_path, key)
    (one,) = collect(tmp_path, "checkpoints").removed
    assert (one.num_bytes, one.key) == (1000, key)
    assert not path.exists()
    assert Ledger(tmp_path).find(key) is not None


def test_checkpoint_of_a_planned_trial_stays_and_of_any_other_goes(tmp_path: Path) -> None:
    planned = plan_seeds(tmp_path, [0])
    stays = leave_checkpoint(tmp_path, planned.keys["bad"][0])
    goes = leave_checkpoint(tmp_path, "0" * 24)
    (one,) = collect(tmp_path, "checkpoints").removed
    assert one.why == "no plan and no search names the trial"
    assert (stays.exists(), goes.exists()) == (True, False)


def test_checkpoint_of_a_trial_that_is_trained_stays(tmp_path: Path) -> None:
    path = leave_checkpoint(tmp_path, "0" * 24)
    with locked(path.parent / LOCK_FILE):
        done = collect(tmp_path, "checkpoints")
    assert (done.removed, [one.key for one in done.in_use]) == ([], ["0" * 24])
    assert path.exists()


def test_checkpoint_of_a_leased_trial_stays_until_the_lease_is_given_back(tmp_path: Path) -> None:
    path = leave_checkpoint(tmp_path, "0" * 24)
    with Leases(FolderStore(tmp_path), driver=ELSEWHERE) as leases:
        assert leases.take("0" * 24)
        assert not collect(tmp_path, "checkpoints").removed
    assert collect(tmp_path, "checkpoints").removed
    assert not path.exists()


def test_silent_driver_elsewhere_keeps_nothing_for_longer_than_its_lease(tmp_path: Path) -> None:
    path = leave_checkpoint(tmp_path, "0" * 24)
    assert Leases(FolderStore(tmp_path), driver=ELSEWHERE).take("0" * 24)
    FolderStore(tmp_path).write(f"drivers/{ELSEWHERE}", b"7")
    now = 0.0
    at_work = AtWork(tmp_path, clock=lambda: now)
    garbage = found(tmp_path, "checkpoints")
    assert split_by_use(garbage, tmp_path, at_work) == ([], garbage)
    assert at_work.is_told_by_waiting()
    now = LEASE_S
    assert split_by_use(garbage, tmp_path, at_work) == (garbage, [])
    assert path.exists()


def test_waiting_tells_nothing_while_a_driver_of_this_machine_lives(tmp_path: Path) -> None:
    with Leases(FolderStore(tmp_path)):
        FolderStore(tmp_path).write(f"drivers/{this_driver()}", b"0")
        assert not AtWork(tmp_path).is_told_by_waiting()
    FolderStore(tmp_path).write(f"drivers/{host_of(this_driver())}:999999999:1", b"0")
    assert AtWork(tmp_path).drivers() == []


def test_models_go_but_not_records_nor_predictions(tmp_path: Path) -> None:
    planned = finish_seeds(tmp_path, [0, 1], with_models=True)
    ledger = Ledger(tmp_path)
    assert len(collect(tmp_path, "models").removed) == 4
    for keys in planned.keys.values():
        for record in ledger.finished(keys).values():
            assert ledger.predictions(record)
            assert not (ledger.folder(record.key) / MODEL_FILE).exists()


def test_best_model_of_each_row_is_kept(tmp_path: Path) -> None:
    planned = finish_seeds(tmp_path, [0, 1], with_models=True)
    goes = {one.key for one in found(tmp_path, "models", keeps_best=True)}
    assert goes == {max(keys) for keys in planned.keys.values()}  # equal scores: the first key


def test_model_of_a_trial_without_record_stays(tmp_path: Path) -> None:
    folder = Ledger(tmp_path).folder("0" * 24)
    folder.mkdir(parents=True)
    (folder / "model-0123456789abcdef.safetensors").write_bytes(b"staged")
    assert found(tmp_path, "models") == []


def plan_on(storage: Path, corpus: str, *fingerprints: str) -> None:
    place = PLACE | {"corpus": corpus}
    remember(Planned(study=two_rows(), keys={}, fingerprints=fingerprints, **place), storage)


def test_corpus_goes_unless_a_plan_names_it(storage: Path, manifest: Manifest) -> None:
    plan_on(storage, CORPUS, manifest.fingerprint)
    assert found(storage, "corpora") == []
    plan_on(storage, CORPUS, "of-an-earlier-preparation")
    (one,) = found(storage, "corpora")
    assert one.folder == f"corpora/{CORPUS}"
    assert one.num_bytes > 0
    assert remove([one], storage, AtWork(storage)).removed
    assert not corpus_folder(storage, CORPUS).exists()
    assert [path.name for path in (storage / "corpora").iterdir()] == [".lock"]


def test_only_the_recipe_goes_that_no_plan_names(storage: Path, manifest: Manifest) -> None:
    plan_on(storage, CORPUS, manifest.fingerprint)
    other = recipe_folder(storage, CORPUS, "other")
    shutil.copytree(recipe_folder(storage, CORPUS, LE.name), other)
    text = manifest.model_dump_json().replace(manifest.fingerprint, "0" * 64)
    (other / "manifest.json").write_text(text.replace(f'"name":"{LE.name}"', '"name":"other"'))
    (one,) = found(storage, "corpora")
    assert one.folder == f"corpora/{CORPUS}/other"


def test_corpus_stays_while_any_driver_works_or_somebody_prepares(storage: Path) -> None:
    with Leases(FolderStore(storage)):
        FolderStore(storage).write(f"drivers/{this_driver()}", b"0")
        assert not collect(storage, "corpora").removed
    with locked(storage / "corpora" / ".lock"):
        assert not collect(storage, "corpora").removed
    assert collect(storage, "corpora").removed


def test_removal_that_was_killed_goes_on(storage: Path) -> None:
    corpus_folder(storage, CORPUS).rename(storage / "corpora" / f".{CORPUS}-removed")
    (one,) = collect(storage, "corpora").removed
    assert one.why == "its removal was interrupted"
    assert not (storage / "corpora" / f".{CORPUS}-removed").exists()


def test_media_go_unless_somebody_makes_them(tmp_path: Path) -> None:
    (tmp_path / "media" / "synthetic").mkdir(parents=True)
    (tmp_path / "media" / "synthetic" / "digest.txt").write_text("digest")
    with locked(tmp_path / "media" / ".lock"):
        assert not collect(tmp_path, "media").removed
    assert collect(tmp_path, "media").removed
    assert [path.name for path in (tmp_path / "media").iterdir()] == [".lock"]


def test_prefixes_go_unless_somebody_reads_them(tmp_path: Path) -> None:
    def make(folder: Path) -> None:
        (folder / DESCRIPTION_FILE).write_text("{}")

    store = PrefixStore(tmp_path)
    with store.holding("aa", {"train.maps": 10}, make):
        assert not collect(tmp_path, "prefixes").removed
    (one,) = collect(tmp_path, "prefixes").removed
    assert (one.num_bytes, store.folders()) == (12, [])


def test_damaged_files_go_and_partial_ones_that_are_old(tmp_path: Path) -> None:
    folder = Ledger(tmp_path).folder("0" * 24)
    folder.mkdir(parents=True)
    damaged = folder / f"{CHECKPOINT_FILE}{DAMAGED_SUFFIX}"
    old, new = (folder / f".{CHECKPOINT_FILE}.{n}{PARTIAL_SUFFIX}" for n in ("old", "new"))
    for path in (damaged, old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    assert len(collect(tmp_path, "damaged").removed) == 2
    assert [path.exists() for path in (damaged, old, new)] == [False, False, True]


def test_what_the_program_did_not_make_stays(tmp_path: Path) -> None:
    finish_seeds(tmp_path, [0])
    names = ("thesis/a.damaged", "b.damaged", "downloads/c.partial", "media/mine/film.mp4")
    for path in (tmp_path / name for name in names):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (0, 0))
    assert found(tmp_path, "damaged", "media") == []


@pytest.mark.parametrize("kinds", [("checkpoints",), ("corpora",)])
def test_nothing_is_called_needless_while_a_plan_is_damaged(
    kinds: tuple[GarbageKind, ...], storage: Path
) -> None:
    path = plan_file(plan_seeds(storage, [0]), storage)
    leave_checkpoint(storage, "0" * 24)
    path.write_text("{}")
    with pytest.raises(LedgerError, match=r"plan '.*' is damaged"):
        found(storage, *kinds)
    usage = measure_usage(storage)
    assert usage.gc_bytes is None
    assert "is damaged" in usage.why_unknown


def test_usage_counts_every_file_once(storage: Path) -> None:
    finish_seeds(storage, [0], with_models=True)
    leave_checkpoint(storage, "0" * 24)
    usage = measure_usage(storage)
    files = [path for path in storage.rglob("*") if path.is_file()]
    assert (usage.num_files, usage.num_bytes) == (
        len(files),
        sum(path.stat().st_size for path in files),
    )
    by_kind = {one.kind: one for one in usage.kinds}
    assert sum(one.num_files for one in by_kind.values()) == len(files)
    assert "other" not in by_kind
    assert by_kind["checkpoints"].gc_bytes == 1000
    assert (by_kind["records"].num_files, by_kind["models"].num_files) == (2, 2)
    corpora = {(one.corpus, one.recipe): one.can_go for one in usage.corpora}
    assert corpora == {(CORPUS, ""): True, (CORPUS, LE.name): True}


def test_what_a_search_names_stays(storage: Path) -> None:
    """Its trials may go on, its corpus is asked for again, and its best candidates are wanted."""
    best, worse, begun = trial_of(0), trial_of(1), trial_of(2)
    for trial in (best, worse):
        finish(storage, trial, model=trial.key.encode())
    leave_checkpoint(storage, begun.key)
    searched = search_of(candidate(0, 0.6, is_best=True), candidate(1, 0.5), running(2))
    write(storage, searched.model_copy(update={"corpus": CORPUS}))
    assert found(storage, "checkpoints", "corpora") == []
    (goes,) = found(storage, "models", keeps_best=True)
    assert goes.key == worse.key


def test_search_that_was_killed_keeps_all_that_it_may_name(storage: Path) -> None:
    finish(storage, trial_of(0), model=b"weights")
    leave_checkpoint(storage, trial_of(1).key)
    journal = storage / "searches" / search_of().name / JOURNAL_FILE
    journal.parent.mkdir(parents=True)
    journal.write_text("begun")

    def kinds() -> set[GarbageKind]:
        garbage = found(storage, "checkpoints", "models", "corpora", keeps_best=True)
        return {one.kind for one in garbage}

    assert kinds() == set()
    result = write_result(search_of(), journal.parent)
    os.utime(result, (0, 0))  # the search went on after that, and was killed
    assert kinds() == set()
    os.utime(journal, (0, 0))
    assert kinds() == {"checkpoints", "models", "corpora"}
