"""Two machines that share a bucket: each has a cache folder of its own."""

import hashlib
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from corpora.recipes.pictures import LE
from corpora.source.errors import CorpusError
from corpora.source.split import SPLITS
from corpora.store.folders import MANIFEST_FILE, recipe_folder, split_file
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from corpora.store.remarked import REMARKS_FILE
from corpora.store.splits import check_splits, hash_splits
from orchestrator.errors import StorageError
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.corpora import fetch_corpus, publish_corpus
from orchestrator.storage.leases import Leases
from orchestrator.storage.mirror import place_of
from orchestrator.storage.objects import store_of
from orchestrator.storage.patience import Patience
from orchestrator.storage.publish import (
    fetch_file,
    locate_place,
    publish_file,
    publish_files,
    publish_folder,
    pull_plans,
    pull_probes,
)
from orchestrator.storage.trials import (
    fetch_model,
    fetch_record,
    has_model,
    prepare_trial,
    publish_epoch,
    publish_trial,
    remove_checkpoint,
)
from orchestrator.trial.conditions import TrialHooks
from orchestrator.trial.kept_model import read_kept_model
from orchestrator.trial.run import run_trial
from reports.ledger.files import PARTIAL_SUFFIX
from reports.ledger.ledger import (
    CHECKPOINT_FILE,
    MODEL_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    Ledger,
    LedgerError,
)
from reports.ledger.planned import Planned, plan_file, read_planned, remember
from reports.ledger.probe import find_probe, remember_probe
from reports.ledger.record import Epoch, Record
from tests.bucket_server import BucketServer
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.factories import TRAINED_FOR, small_trial
from tests.orchestrator.probe_factory import make_probe
from tests.reports.factories import (
    make_circumstances,
    make_split,
    make_study,
    make_trial,
    write_trial,
)

Machine = Callable[[str], Path]
BRIEF = Patience(first_pause_s=0.1, longest_pause_s=0.1, checkpoint_s=0.2, end_s=0.2)


class PreemptedError(Exception):
    """The machine goes, in the middle of a trial."""


@pytest.fixture
def place(bucket: str) -> str:
    return f"{bucket}/some/place"


@pytest.fixture
def on(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Give what starts a command on a machine: returns the storage folder that it works on."""

    def start(machine: str) -> Path:
        monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / machine))
        return locate_place(place)

    return start


@pytest.fixture
def shared(on: Machine, prepared: Path) -> Manifest:
    """Prepare the corpus on a machine and put it into the bucket."""
    storage = on("preparing")
    shutil.copytree(prepared / "corpora", storage / "corpora")
    manifest = read_manifest(storage, CORPUS, LE.name)
    publish_corpus(storage, manifest)
    return manifest


def finish(storage: Path, *, num_wrong: int = 1, host: str = "a") -> Record:
    """Finish a trial that nobody trained; its model is the name of its host."""
    trial, sha256 = make_trial(), hashlib.sha256(host.encode()).hexdigest()
    circumstances = make_circumstances(host=host, model_sha256=sha256)
    split = make_split(0, num_wrong)
    record = write_trial(Ledger(storage), trial, split, circumstances=circumstances)
    (Ledger(storage).folder(trial.key) / MODEL_FILE).write_text(host)
    return record


def names(place: str, below: str = "") -> list[str]:
    return BucketStore(place).names(below)


# Trials


def test_trial_that_was_trained_on_one_machine_is_found_on_another(
    on: Machine, place: str, shared: Manifest
) -> None:
    trial = small_trial(shared, max_epochs=1)
    here = on("here")
    record = run_trial(
        trial,
        prepare_trial(place, trial),
        trained_for=TRAINED_FOR,
        hooks=TrialHooks(publish=lambda: publish_epoch(here, trial.key, patience=BRIEF)),
    )
    assert fetch_record(here, trial.key) is None  # others do not see it yet
    assert f"trials/{trial.key}/{CHECKPOINT_FILE}" in names(place)
    assert publish_trial(here, record) == record
    there = on("there")
    assert list(Ledger(there).records()) == [record]
    ours, theirs = (Ledger(place).predictions(record)["test"] for place in (here, there))
    assert (ours.probabilities == theirs.probabilities).all()
    model = Ledger(there).folder(trial.key) / MODEL_FILE
    assert not model.exists()
    assert has_model(there, record)
    assert read_kept_model(Ledger(there), record)[0]
    assert model.is_file()
    assert run_trial(trial, prepare_trial(place, trial), trained_for=TRAINED_FOR) == record
    assert not (Ledger(here).folder(trial.key) / MODEL_FILE).exists()  # the bucket has it
    assert f"trials/{trial.key}/{CHECKPOINT_FILE}" not in names(place)


def test_trial_goes_on_from_the_last_epoch_of_a_machine_that_is_gone(
    on: Machine, place: str, shared: Manifest
) -> None:
    trial = small_trial(shared, max_epochs=3)
    whole = run_trial(trial, on("elsewhere"), trained_for=TRAINED_FOR)
    gone = on("gone")

    def after_epoch(epoch: Epoch) -> None:
        if epoch.epoch == 1:
            raise PreemptedError

    with pytest.raises(PreemptedError):
        run_trial(
            trial,
            prepare_trial(place, trial),
            trained_for=TRAINED_FOR,
            hooks=TrialHooks(
                publish=partial(publish_epoch, gone, trial.key), epoch_done=after_epoch
            ),
        )
    there = on("there")
    resumed = run_trial(trial, prepare_trial(place, trial), trained_for=TRAINED_FOR)
    assert resumed.circumstances.resumed_from_epochs == (2,)
    assert resumed.result == whole.result
    publish_trial(there, resumed)
    assert [record.circumstances for record in Ledger(on("gone")).records()] == [
        resumed.circumstances
    ]


def test_of_two_machines_that_finish_a_trial_one_gives_the_record(on: Machine, place: str) -> None:
    machines = [on(name) for name in "abcd"]
    finished = [finish(m, num_wrong=n, host=str(n)) for n, m in enumerate(machines)]
    with ThreadPoolExecutor() as pool:
        standing = list(pool.map(publish_trial, machines, finished))
    assert len({record.circumstances.host for record in standing}) == 1
    for machine in [*machines, on("another")]:
        ledger = Ledger(machine)
        assert list(ledger.records()) == [standing[0]]
        ledger.predictions(standing[0])  # raises unless they are those of the record
        fetch_model(machine, standing[0])
        model = ledger.folder(standing[0].key) / MODEL_FILE
        assert model.read_text() == standing[0].circumstances.host
    assert len(names(place, f"trials/{standing[0].key}")) == 3


def test_model_that_was_deleted_before_it_was_published_is_just_gone(on: Machine) -> None:
    here = on("here")
    record = finish(here)
    (Ledger(here).folder(record.key) / MODEL_FILE).unlink()
    assert list(Ledger(on("here")).records()) == [record]
    there = on("there")
    assert list(Ledger(there).records()) == [record]
    assert not has_model(there, record)


@pytest.mark.parametrize("name", [PREDICTIONS_FILE, MODEL_FILE])
def test_file_that_is_not_the_records_never_gets_its_name(
    on: Machine, place: str, name: str
) -> None:
    here = on("here")
    record = finish(here)
    (Ledger(here).folder(record.key) / name).write_bytes(b"another's")
    with pytest.raises(LedgerError, match=rf"{name}' is not the file that the record of"):
        publish_trial(here, record)
    assert f"trials/{record.key}/{RECORD_FILE}" not in names(place)


def test_trial_that_cannot_be_published_is_told_and_the_others_go_on(
    on: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    here = on("here")
    damaged, whole = finish(here), write_trial(Ledger(here), make_trial(1), make_split(0, 1))
    (Ledger(here).folder(damaged.key) / PREDICTIONS_FILE).unlink()
    on("here")
    (told,) = caplog.messages
    assert f"finished trial '{damaged.key}' is not in 's3://bucket-" in told
    assert list(Ledger(on("there")).records()) == [whole]


def test_trial_that_was_finished_while_the_bucket_was_away_is_put_there_later(
    on: Machine, server: BucketServer, tmp_path: Path
) -> None:
    here = on("here")
    record = finish(here)
    with server.away(), pytest.raises(StorageError, match=r"lies in .* the next command"):
        publish_trial(here, record, patience=BRIEF)
    assert list(Ledger(on("there")).records()) == []
    on("here")
    assert list(Ledger(on("there")).records()) == [record]


def test_trial_waits_for_a_bucket_that_is_away_for_a_while(
    on: Machine, server: BucketServer
) -> None:
    here = on("here")
    record = finish(here)
    with server.away(for_s=1):
        publish_trial(here, record)
    assert list(Ledger(on("there")).records()) == [record]


def test_checkpoint_that_the_bucket_does_not_get_is_told(on: Machine, server: BucketServer) -> None:
    here = on("here")
    checkpoint = Ledger(here).folder("1234") / CHECKPOINT_FILE
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"1")
    message = "checkpoint of trial '1234' is not in 's3://bucket-"
    with server.away(), pytest.raises(OSError, match=message):
        publish_epoch(here, "1234", patience=BRIEF)


def test_trial_that_is_removed_from_the_bucket_is_forgotten(on: Machine, place: str) -> None:
    record = publish_trial(on("here"), finish(on("here")))
    assert list(Ledger(on("there")).records()) == [record]
    store = BucketStore(place)
    for name in store.names("trials"):
        store.remove(name)
    for machine in ("here", "there"):
        assert list(Ledger(on(machine)).records()) == []


def test_damaged_record_in_the_bucket_is_told(on: Machine, place: str) -> None:
    BucketStore(place).write(f"trials/1234/{RECORD_FILE}", b"{}")
    with pytest.raises(LedgerError, match=r"record 's3://.*/trials/1234/record.json' is damaged"):
        on("here")


def test_missing_predictions_in_the_bucket_are_told(on: Machine, place: str) -> None:
    record = publish_trial(on("here"), finish(on("here")))
    (predictions,) = (name for name in names(place) if "predictions-" in name)
    BucketStore(place).remove(predictions)
    with pytest.raises(LedgerError, match=r"predictions 's3://.*parquet' are missing"):
        fetch_record(on("there"), record.key)


def test_two_drivers_share_trials_by_leases_in_the_bucket(on: Machine) -> None:
    stores = [store_of(on(machine)) for machine in ("here", "there")]
    with Leases(stores[0], driver="here:1:1") as ours, Leases(stores[1], driver="there:1:1") as far:
        keys = [str(key) for key in range(6)]
        with ThreadPoolExecutor() as pool:
            taken = [list(pool.map(leases.take, keys)) for leases in (ours, far)]
        assert [sum(both) for both in zip(*taken, strict=True)] == [1] * 6
        ours.release("0")
        assert far.take("0") == taken[0][0]


# A folder


def test_folder_that_mirrors_nothing_is_shared_as_it_is(tmp_path: Path) -> None:
    trial, record = make_trial(), finish(tmp_path)
    assert place_of(tmp_path) == str(tmp_path)
    assert prepare_trial(str(tmp_path), trial) == tmp_path
    assert publish_trial(tmp_path, record) == record
    assert fetch_record(tmp_path, trial.key) == record
    publish_epoch(tmp_path, trial.key)
    assert publish_folder(tmp_path, tmp_path / "trials") is None
    fetch_model(tmp_path, record)
    assert has_model(tmp_path, record)
    (Ledger(tmp_path).folder(trial.key) / MODEL_FILE).unlink()
    assert not has_model(tmp_path, record)


def test_checkpoint_is_removed_with_what_a_worker_has_written_of_the_next(tmp_path: Path) -> None:
    folder = Ledger(tmp_path).folder("1234")
    folder.mkdir(parents=True)
    for name in (CHECKPOINT_FILE, f".{CHECKPOINT_FILE}.abcd{PARTIAL_SUFFIX}", "lock"):
        (folder / name).touch()
    remove_checkpoint(tmp_path, "1234")
    remove_checkpoint(tmp_path, "1234")  # it may be looked for again
    assert [path.name for path in folder.iterdir()] == ["lock"]


# Studies


def plan(on: Machine, machine: str, *, corpus: str) -> Planned:
    storage = on(machine)
    planned = Planned(study=make_study(), corpus=corpus, family=corpus, scale="tiny", keys={})
    pull_plans(storage)
    kept = remember(planned, storage)
    publish_file(storage, plan_file(kept, storage))
    return kept


def test_what_was_planned_on_any_machine_is_known_on_all(on: Machine) -> None:
    planned = [plan(on, "here", corpus="mine"), plan(on, "there", corpus="yours")]
    assert read_planned(Ledger(on("here"))) == planned
    assert read_planned(Ledger(on("another"))) == planned


def test_what_was_measured_on_any_machine_is_known_on_all(on: Machine) -> None:
    probe = make_probe(make_trial(), 4.0)
    here, there, another = on("here"), on("there"), on("another")  # made before it is measured
    publish_file(here, remember_probe(probe, here))
    pull_probes(there)
    asked = (probe.architecture, probe.device, probe.num_at_once)
    assert find_probe(*asked, there) == probe
    assert find_probe(*asked, another) is None


def test_published_folder_is_as_it_is_here(on: Machine, place: str) -> None:
    storage = on("here")
    folder = storage / "tables" / "depth"
    folder.mkdir(parents=True)
    (folder / "old").write_text("1")
    assert publish_folder(storage, folder) == f"{place}/tables/depth"
    (folder / "old").unlink()
    (folder / "new").write_text("2")
    publish_folder(storage, folder)
    assert names(place, "tables") == ["tables/depth/new"]


def test_published_files_leave_what_other_machines_put_beside_them(on: Machine, place: str) -> None:
    for machine in ("here", "there"):
        folder = on(machine) / "searches" / "small"
        folder.mkdir(parents=True)
        (folder / "both").write_text(machine)
        (folder / machine).write_text(machine)
        (folder / "not").touch()
        files = [folder / "both", folder / machine]
        assert publish_files(on(machine), folder, files) == f"{place}/searches/small"
    assert names(place, "searches") == [
        f"searches/small/{name}" for name in ("both", "here", "there")
    ]
    fetch_file(on("here"), on("here") / "searches" / "small" / "both")
    assert (on("here") / "searches" / "small" / "both").read_text() == "there"
    fetch_file(on("here"), on("here") / "searches" / "small" / "not")
    assert (on("here") / "searches" / "small" / "not").is_file()


def test_file_of_a_folder_that_mirrors_nothing_is_neither_fetched_nor_published(
    tmp_path: Path,
) -> None:
    fetch_file(tmp_path, tmp_path / "any")
    assert publish_files(tmp_path, tmp_path, [tmp_path / "any"]) is None
    assert [*tmp_path.iterdir()] == []


# Corpora


def test_corpus_is_fetched_once_a_machine_and_only_when_it_is_read(
    on: Machine, shared: Manifest
) -> None:
    there = on("there")
    folder = recipe_folder(there, CORPUS, LE.name)
    assert read_manifest(there, CORPUS, LE.name) == shared
    assert [path.name for path in folder.iterdir()] == [MANIFEST_FILE]
    fetched = []
    for _ in range(2):
        fetch_corpus(there, CORPUS, LE.name, shared.fingerprint)
        fetched.append({path.name: path.stat().st_mtime_ns for path in folder.iterdir()})
    splits = {"train.arrow", "valid.arrow", "test.arrow"}
    assert set(fetched[0]) == {MANIFEST_FILE, REMARKS_FILE, *splits}
    assert fetched[0] == fetched[1]


def test_corpus_that_was_prepared_anew_is_fetched_anew(
    on: Machine, place: str, shared: Manifest
) -> None:
    there = on("there")
    fetch_corpus(there, CORPUS, LE.name, shared.fingerprint)
    anew = shared.model_copy(update={"fingerprint": "f" * 64})
    preparing = on("preparing")
    folder = recipe_folder(preparing, CORPUS, LE.name)
    (folder / "test.arrow").write_bytes(b"other")
    (folder / MANIFEST_FILE).write_text(anew.model_dump_json())
    publish_corpus(preparing, anew)
    there = on("there")
    assert read_manifest(there, CORPUS, LE.name) == anew
    fetch_corpus(there, CORPUS, LE.name, anew.fingerprint)
    assert (recipe_folder(there, CORPUS, LE.name) / "test.arrow").read_bytes() == b"other"


def test_trial_of_a_corpus_that_is_another_now_is_refused(
    on: Machine, place: str, shared: Manifest
) -> None:
    trial = small_trial(shared.model_copy(update={"fingerprint": "f" * 64}))
    with pytest.raises(CorpusError, match="is not the one that the trial was planned on"):
        run_trial(trial, prepare_trial(place, trial), trained_for=TRAINED_FOR)


def test_corpus_that_two_machines_prepared_is_the_first_ones(
    on: Machine, place: str, shared: Manifest
) -> None:
    before = BucketStore(place).versions("corpora")
    second = on("second")
    theirs = shared.model_copy(update={"libraries": {"av": "0"}})
    manifest = recipe_folder(second, CORPUS, LE.name) / MANIFEST_FILE
    manifest.write_text(theirs.model_dump_json())
    publish_corpus(second, theirs)
    assert BucketStore(place).versions("corpora") == before


def test_corpus_that_two_machines_prepared_differently_is_fetched_from_the_first(
    on: Machine, place: str, shared: Manifest
) -> None:
    second = on("second")
    folder = recipe_folder(second, CORPUS, LE.name)
    for split in SPLITS:
        split_file(folder, split).write_bytes(b"other libraries, other bytes")
    theirs = shared.model_copy(update={"sha256": hash_splits(folder)})
    (folder / MANIFEST_FILE).write_text(theirs.model_dump_json())
    publish_corpus(second, theirs)
    fetch_corpus(second, CORPUS, LE.name, shared.fingerprint)
    assert read_manifest(second, CORPUS, LE.name) == shared
    check_splits(folder, shared)
