"""Trials on storage that fails, in a mount namespace of their own: `test_storage_that_fails`.

    unshare --mount python -m tests.orchestrator.failing_storage STORAGE PLACE

STORAGE holds the prepared corpus; on PLACE, an empty folder, small file systems are mounted. What
happened is printed as JSON.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

from corpora.store.prepared import read_manifest
from orchestrator.errors import StorageError
from orchestrator.storage.patience import Patience
from orchestrator.trial.conditions import Conditions, TrialHooks
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import CHECKPOINT_FILE, Ledger
from reports.ledger.record import Epoch
from search_spaces.trial import Trial
from tests.orchestrator.factories import TRAINED_FOR, small_trial

PATIENT = Patience(first_pause_s=0.05, longest_pause_s=0.2, checkpoint_s=0.2, end_s=60)
IMPATIENT = Patience(first_pause_s=0.05, longest_pause_s=0.2, checkpoint_s=0.2, end_s=0.5)


def fill(place: Path) -> None:
    """Leave no byte."""
    with (place / "filling").open("wb", buffering=0) as file:
        for size in (2**20, 2**12):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def free(place: Path) -> None:
    (place / "filling").unlink()


def mount(place: Path, *options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(place)], check=True)


def unmount(place: Path) -> None:
    subprocess.run(["umount", str(place)], check=True)


def wait_for_file(path: Path) -> None:
    while not path.is_file():
        time.sleep(0.01)


def run_in_trouble(
    trial: Trial,
    place: Path,
    begin: Callable[[Path], None],
    end: Callable[[Path], None],
    patience: Patience,
) -> dict[str, Any]:
    """Begin trouble once an epoch is safe; if there is patience, end it once it was told."""
    epochs: list[int] = []
    troubles: list[str] = []

    def on_epoch(epoch: Epoch) -> None:
        epochs.append(epoch.epoch)
        if epoch.epoch == 0:
            wait_for_file(Ledger(place).folder(trial.key) / CHECKPOINT_FILE)
            begin(place)

    def on_trouble(trouble: str) -> None:
        troubles.append(trouble)
        if patience is PATIENT and len(troubles) == 1:
            Timer(0.5, end, [place]).start()

    outcome: dict[str, Any] = {"epochs": epochs, "troubles": troubles, "error": ""}
    try:
        run_trial(
            trial,
            place,
            trained_for=TRAINED_FOR,
            conditions=Conditions(patience=patience),
            hooks=TrialHooks(epoch_done=on_epoch, trouble=on_trouble),
        )
    except StorageError as error:
        outcome["error"] = str(error)
    return outcome | look_at(trial, place)


def look_at(trial: Trial, place: Path) -> dict[str, Any]:
    ledger = Ledger(place)
    record = ledger.find(trial.key)
    folder = ledger.folder(trial.key)
    return {
        "files": sorted(path.name for path in folder.iterdir()),
        "result": None if record is None else record.result.model_dump(mode="json"),
        "resumed": None if record is None else record.circumstances.resumed_from_epochs,
    }


def with_corpus(storage: Path, place: Path) -> None:
    mount(place, "-o", "size=48m")
    (place / "corpora").symlink_to(storage / "corpora")


def main(storage: Path, place: Path) -> None:
    manifest = read_manifest(storage, "mine", "le")
    trial = small_trial(manifest, max_epochs=3)
    run_trial(trial, storage, trained_for=TRAINED_FOR)
    found = {"undisturbed": look_at(trial, storage)}

    with_corpus(storage, place)
    found["freed"] = run_in_trouble(trial, place, fill, free, PATIENT)
    unmount(place)

    with_corpus(storage, place)
    found["full"] = run_in_trouble(trial, place, fill, free, IMPATIENT)
    free(place)
    found["again"] = run_in_trouble(trial, place, lambda _: None, free, IMPATIENT)
    unmount(place)

    with_corpus(storage, place)
    found["read_only"] = run_in_trouble(
        trial, place, lambda over: mount(over, "-o", "ro"), unmount, PATIENT
    )
    unmount(place)
    print(json.dumps(found))  # noqa: T201, for the test that started it


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
