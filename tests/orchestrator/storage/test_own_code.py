import os
import resource
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from corpora.store.manifest import Manifest
from models.own import system as systems
from models.own.errors import OwnCodeError
from models.own.system import OwnSystem, UnloadedSystem
from orchestrator.kept_models.load import load_trained
from orchestrator.storage.mirror import mirror_of
from orchestrator.storage.own_code import FOLDER, keep_code, load_class, with_own_code
from orchestrator.trial.conditions import Conditions
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import Ledger
from search_spaces.change import apply_change
from search_spaces.trial import Trial, TrialConfig
from tests.models.own.own_files import NET, load, wrap, write_own_files
from tests.orchestrator.factories import TRAINED_FOR, small_trial


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch):
    """Be a process that has not loaded the user's code, from the call on."""
    return lambda: monkeypatch.setattr(systems, "_CLASSES", {})


def kept(system: OwnSystem, storage: Path) -> Path:
    """Keep a system's code, and return its folder."""
    keep_code(system, storage)
    return storage / FOLDER / system.code.digest


@pytest.mark.parametrize("wrapped", [True, False])
def test_worker_loads_what_the_storage_keeps(tmp_path: Path, forget, wrapped: bool) -> None:
    folder = write_own_files(tmp_path / "user")
    system = wrap(folder, width=4) if wrapped else load(folder, "system", "Gate")(width=4)
    kept(system, tmp_path)
    shutil.rmtree(folder)
    forget()
    assert (
        load_class(system.code, tmp_path).model_validate({"width": 4}).model_dump()
        == system.model_dump()
    )


def test_code_is_kept_once_and_made_whole_again(tmp_path: Path) -> None:
    system = wrap(write_own_files(tmp_path / "user"))
    folder = kept(system, tmp_path)
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("*.py")}
    assert {path.relative_to(folder).as_posix() for path in files} == {"gate.py", "parts/scale.py"}
    keep_code(system, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    (folder / "gate.py").write_text("class (", encoding="utf-8")
    keep_code(system, tmp_path)
    assert (folder / "gate.py").read_text(encoding="utf-8") == NET


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_code_that_is_not_the_planned_one_is_told(tmp_path: Path, forget, damage: str) -> None:
    system = wrap(write_own_files(tmp_path / "user"))
    folder = kept(system, tmp_path)
    if damage == "missing":
        shutil.rmtree(folder)
    else:
        (folder / "gate.py").write_text(NET.replace("mean(1)", "sum(1)"), encoding="utf-8")
    forget()
    with pytest.raises(OwnCodeError, match=r"does not hold the source of 'gate\.py' with which"):
        load_class(system.code, tmp_path)


@contextmanager
def without_descriptors() -> Iterator[None]:
    """Let no more file be opened in this process, as when a server of files is away."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    first_free = os.open(os.devnull, os.O_RDONLY)
    os.close(first_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (first_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_code_that_cannot_be_read_now_is_not_taken_for_changed(tmp_path: Path, forget) -> None:
    """So a trial waits for it, as for all that it reads."""
    system = wrap(write_own_files(tmp_path / "user"))
    kept(system, tmp_path)
    forget()
    with without_descriptors(), pytest.raises(OSError, match="Too many open files"):
        load_class(system.code, tmp_path)
    assert load_class(system.code, tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import no_such_package", r"'gate\.py' needs the module 'no_such_package', which is not"),
        (
            "from pathlib import Path; Path(__file__).with_name('sizes.json').read_text()",
            r"'gate\.py' does not import from its copy in .*: FileNotFoundError: .*; it must not",
        ),
    ],
)
def test_code_that_does_not_import_on_a_worker_is_told(
    tmp_path: Path, forget, line: str, told: str
) -> None:
    """The driver can import it: it has the package, and the file beside it."""
    folder = write_own_files(tmp_path / "user", gate=f"{line}\n{NET}")
    (folder / "no_such_package.pyi").touch()
    (folder / "sizes.json").write_text("{}", encoding="utf-8")
    package = tmp_path / "packages" / "no_such_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(tmp_path / "packages")
        system = wrap(folder)
    kept(system, tmp_path)
    forget()
    sys.modules.pop("no_such_package", None)
    with pytest.raises(OwnCodeError, match=told):
        load_class(system.code, tmp_path)


def test_bucket_carries_the_code_to_another_machine(
    tmp_path: Path, bucket: str, forget, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = wrap(write_own_files(tmp_path / "user"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "driver"))
    kept(system, mirror_of(f"s3://{bucket.removeprefix('s3://')}/sweep").folder)
    forget()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "worker"))
    there = mirror_of(f"s3://{bucket.removeprefix('s3://')}/sweep").folder
    assert str(there).startswith(str(tmp_path / "worker"))
    assert load_class(system.code, there).__name__ == "GateNet"


def test_trial_of_a_user_trains_and_its_model_loads(
    tmp_path: Path, storage: Path, manifest: Manifest, forget
) -> None:
    system = wrap(write_own_files(tmp_path / "user"))
    kept(system, storage)
    small = small_trial(manifest, max_epochs=1)
    config = TrialConfig(model=system, training=small.config.training)
    trial = Trial(config=config, corpus=small.corpus, seed=0)
    forget()
    sent = Trial.model_validate(trial.model_dump(mode="json"))
    assert isinstance(sent.config.model, UnloadedSystem)
    assert sent.key == trial.key
    record = run_trial(
        sent, storage, trained_for=TRAINED_FOR, conditions=Conditions(keeps_model=True)
    )
    assert record.key == trial.key
    forget()
    stored = Ledger(storage).find(trial.key)
    assert stored is not None
    assert stored.model_dump_json() == record.model_dump_json()
    loaded = load_trained(stored, storage, device=torch.device("cpu"))
    assert type(loaded.model).__name__ == "GateNet"
    again = with_own_code(stored.trial, storage)
    assert apply_change(again.config, {"model.gate": "none"}).model != again.config.model
