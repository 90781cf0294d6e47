"""Probes: what a few steps of an architecture took on one kind of machine, kept in the ledger."""

import hashlib
import json
import operator
import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from pydantic import Field, ValidationError

from models.configs.base import Config
from reports.ledger.files import write_atomically
from reports.ledger.ledger import LedgerError
from search_spaces.trial import KEY_DIGITS, Trial, canonical_json

FOLDER = "probes"

VERSION = 2
"""Of what a probe measures: those of another version are not found, and measured anew.

It rises with what a figure of a probe means, or with what a trial does that it was to foretell. Of
version 1, whose files named none, memory held the pages of mapped files.
"""


class Probe(Config):
    """One architecture on one kind of device, measured beside as many others as train at once.

    `num_at_once` counts them all, and `torch` is the version of PyTorch (`torch_version`);
    `is_deterministic` is as in `reports.ledger.record.Circumstances`.
    `start_s` is what a trial takes before its first step and `end_s` after its last epoch, each in
    a process that has loaded its libraries; `step_s` is the mean time of a training step, of which
    an epoch has `num_steps`, and `valid_s` what an epoch takes after them: the evaluation of the
    validation split and a copy for the checkpoint. `memory_mib` is the peak of the process, mapped
    files left out where the system tells them apart. `gpu_memory_mib` is what it took of the GPU,
    `gpu_context_mib` of it beside what PyTorch manages, and `device_memory_mib` what the GPU has in
    all; None without one.
    """

    architecture: str
    device: str
    num_at_once: int
    torch: str
    num_steps: int
    start_s: float
    step_s: float
    valid_s: float
    end_s: float
    memory_mib: float
    gpu_memory_mib: float | None = None
    gpu_context_mib: float | None = None
    device_memory_mib: float | None = None
    is_deterministic: bool = Field(default=False, exclude_if=operator.not_)

    def trial_s(self, num_epochs: int) -> float:
        """Return what a trial of so many epochs takes, in seconds, of one slot."""
        return (
            self.start_s + num_epochs * (self.num_steps * self.step_s + self.valid_s) + self.end_s
        )


def architecture_of(trial: Trial) -> str:
    """Name what decides a trial's time and memory: model, batch and corpus, no rate, no seed."""
    training = trial.config.training
    identity = {
        "model": trial.config.model.model_dump(mode="json"),
        "batch_size": training.batch_size,
        "precision": training.precision,
        "corpus": trial.corpus.fingerprint,
    }
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:KEY_DIGITS]


def torch_version() -> str:
    """Return the version of PyTorch that is installed, whichever build of it: `2.9.1`."""
    return version("torch").partition("+")[0]


def remember_probe(probe: Probe, storage: Path) -> Path:
    """Keep a probe; a newer one beside as many replaces it."""
    path = probe_file(
        probe.architecture,
        probe.device,
        probe.num_at_once,
        storage,
        is_deterministic=probe.is_deterministic,
    )
    write_atomically(path, probe.model_dump_json(indent=1).encode())
    return path


def find_probe(
    architecture: str,
    device: str,
    num_at_once: int,
    storage: Path,
    *,
    is_deterministic: bool = False,
) -> Probe | None:
    """Read the probe of an architecture on a kind of device, if it was measured among so many.

    Raises:
        LedgerError: If it is damaged.
    """
    path = probe_file(architecture, device, num_at_once, storage, is_deterministic=is_deterministic)
    try:
        return Probe.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise LedgerError(f"probe '{path}' is damaged: {error}; delete it") from error


def probe_file(
    architecture: str,
    device: str,
    num_at_once: int,
    storage: Path,
    *,
    is_deterministic: bool = False,
) -> Path:
    """Return where a probe lies."""
    measured = f"{_in_a_path(device)}-{num_at_once}{'-deterministic' if is_deterministic else ''}"
    return storage / FOLDER / f"{architecture}-v{VERSION}-{measured}.json"


def remember_device(machine: str, device: str, storage: Path) -> Path:
    """Keep the name of the device that a machine, or each of a kind, trains on."""
    path = device_file(machine, storage)
    write_atomically(path, json.dumps(device).encode())
    return path


def find_device(machine: str, storage: Path) -> str | None:
    """Read the name of a machine's device, if it was told.

    Raises:
        LedgerError: If it is damaged.
    """
    path = device_file(machine, storage)
    try:
        return str(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise LedgerError(f"name of a device '{path}' is damaged: {error}; delete it") from error


def device_file(machine: str, storage: Path) -> Path:
    """Return where the name of a machine's device lies."""
    return storage / FOLDER / f"device-{_in_a_path(machine)}.json"


def distinct_architectures(trials: Iterable[Trial]) -> dict[str, Trial]:
    """Choose one trial of each architecture: of those with most epochs, the first.

    It meets the heaviest batches.
    """
    chosen: dict[str, Trial] = {}
    for trial in trials:
        rival = chosen.setdefault(architecture_of(trial), trial)
        if trial.config.training.max_epochs > rival.config.training.max_epochs:
            chosen[architecture_of(trial)] = trial
    return chosen


def _in_a_path(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name)
