"""Probes: time and memory of a few steps of an architecture on one kind of machine, stored."""

import hashlib
import logging
import operator
import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from pydantic import Field

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from corpora.parsing.sealed import parse_sealed, sealed
from models.configs.base import Config
from reports.ledger.files import set_aside, write_atomically
from search_spaces.identity import canonical_json, identity_of
from search_spaces.trial import KEY_DIGITS, Trial

FOLDER = "probes"
LOG = logging.getLogger(__name__)

VERSION = 3
"""The version of what a probe measures. Probes of another version are ignored and measured anew.

Raise it when the meaning of a probe's figure changes, or when trials do something new that probes
must foresee. Version 1, whose files name no version, counted mapped files as memory. Version 2
computed frozen groups in each step, where trials read stored maps.
"""


class Probe(Config):
    """One architecture on one kind of device, measured while `num_at_once` probes train at once.

    Attributes:
        architecture: As `architecture_of` names it.
        device: The name of the device.
        num_at_once: How many probes trained at the same time, this one included.
        torch: The version of PyTorch, as `torch_version` returns it.
        num_steps: The training steps of an epoch.
        start_s: From the start of a trial to its first step; the libraries are loaded already.
        step_s: The mean time of a training step.
        cpu_share: The share of that time in which the process had its core; less than 1 beside
            other programs. None on a GPU, and in probes from before it was measured.
        valid_s: From the last step of an epoch to its end: the evaluation of the validation split
            and a copy for the checkpoint.
        end_s: From the last epoch to the end of the trial.
        memory_mib: The peak of the process, without mapped files if the system counts them apart.
        gpu_memory_mib: What the process took of the GPU; None without a GPU, as the next two.
        gpu_context_mib: The part of it that PyTorch does not manage.
        device_memory_mib: The whole memory of the GPU.
        is_deterministic: As in `reports.ledger.record.Circumstances`.
    """

    architecture: str
    device: str
    num_at_once: int
    torch: str
    num_steps: int
    start_s: float
    step_s: float
    cpu_share: float | None = Field(default=None, exclude_if=lambda share: share is None)
    valid_s: float
    end_s: float
    memory_mib: float
    gpu_memory_mib: float | None = None
    gpu_context_mib: float | None = None
    device_memory_mib: float | None = None
    is_deterministic: bool = Field(default=False, exclude_if=operator.not_)

    def trial_s(self, num_epochs: int) -> float:
        """Return how many seconds a trial of `num_epochs` epochs occupies one slot."""
        return (
            self.start_s + num_epochs * (self.num_steps * self.step_s + self.valid_s) + self.end_s
        )


def architecture_of(trial: Trial) -> str:
    """Hash what decides a trial's time and memory: model, batch size, precision and corpus.

    All folds of a corpus count as one: they are of about equal size.
    """
    training = trial.config.training
    identity: dict[str, object] = {
        "model": identity_of(trial.config.model),
        "batch_size": training.batch_size,
        "precision": training.precision,
        "corpus": trial.corpus.fingerprint,
    }
    if trial.corpus.fold:
        identity["folds"] = trial.corpus.fold.digest
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:KEY_DIGITS]


def torch_version() -> str:
    """Return the installed version of PyTorch without its build, as in `2.9.1`."""
    return version("torch").partition("+")[0]


def remember_probe(probe: Probe, storage: Path) -> Path:
    """Store a probe; it replaces an older one of the same device and `num_at_once`."""
    path = _file_of(probe, storage)
    write_atomically(path, sealed(probe))
    return path


def find_probe(
    architecture: str,
    device: str,
    num_at_once: int,
    storage: Path,
    *,
    is_deterministic: bool = False,
) -> Probe | None:
    """Read the probe of an architecture on a kind of device; None if there is none.

    A damaged probe is told and set aside, so that the architecture is measured again.
    """
    path = probe_file(architecture, device, num_at_once, storage, is_deterministic=is_deterministic)
    try:
        probe = parse_sealed(path.read_bytes(), Probe)
        if _file_of(probe, storage) != path:
            raise ParseError("it is the probe of something else")
    except FileNotFoundError:
        return None
    except ParseError as error:
        LOG.warning("probe '%s' is damaged: %s; it is measured again", path, error)
        set_aside(path)
        return None
    return probe


def probe_file(
    architecture: str,
    device: str,
    num_at_once: int,
    storage: Path,
    *,
    is_deterministic: bool = False,
) -> Path:
    """Return the path of a probe."""
    measured = f"{_in_a_path(device)}-{num_at_once}{'-deterministic' if is_deterministic else ''}"
    return storage / FOLDER / f"{architecture}-v{VERSION}-{measured}.json"


def _file_of(probe: Probe, storage: Path) -> Path:
    return probe_file(
        probe.architecture,
        probe.device,
        probe.num_at_once,
        storage,
        is_deterministic=probe.is_deterministic,
    )


class _Device(Config):
    """The name of the device that a machine, or each machine of a kind, trains on."""

    machine: str
    device: str


def remember_device(machine: str, device: str, storage: Path) -> Path:
    """Store the name of the device that a machine, or each machine of a kind, trains on."""
    path = device_file(machine, storage)
    write_atomically(path, sealed(_Device(machine=machine, device=device)))
    return path


def find_device(machine: str, storage: Path) -> str | None:
    """Read the name of a machine's device; None if it is not stored.

    A damaged file is told and set aside, so that the machine is asked again.
    """
    path = device_file(machine, storage)
    try:
        content = path.read_bytes()
        if content.startswith(b'"'):  # of an earlier version, which wrote the name alone
            return parse_json(content, str)
        found = parse_sealed(content, _Device)
        if found.machine != machine:
            raise ParseError(f"it is that of machine '{found.machine}'")
        return found.device
    except FileNotFoundError:
        return None
    except ParseError as error:
        LOG.warning("device name '%s' is damaged: %s; the machine is asked again", path, error)
        set_aside(path)
        return None


def device_file(machine: str, storage: Path) -> Path:
    """Return the path of the file that names a machine's device."""
    return storage / FOLDER / f"device-{_in_a_path(machine)}.json"


def distinct_architectures(trials: Iterable[Trial]) -> dict[str, Trial]:
    """Choose one trial of each architecture: the first of those with the most epochs.

    A trial with more epochs meets more batches, so it also meets the heaviest ones.
    """
    chosen: dict[str, Trial] = {}
    for trial in trials:
        rival = chosen.setdefault(architecture_of(trial), trial)
        if trial.config.training.max_epochs > rival.config.training.max_epochs:
            chosen[architecture_of(trial)] = trial
    return chosen


def _in_a_path(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name)
