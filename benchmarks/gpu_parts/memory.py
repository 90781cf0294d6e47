"""Does a trial take as much memory as its probe predicts?"""

from collections.abc import Iterator
from functools import partial

import torch

from benchmarks.gpu_parts.corpus import trial_on
from benchmarks.gpu_parts.figure import Figure, Setting
from benchmarks.gpu_parts.trainee import BATCH_SIZE, LE_NAME, SYSTEMS, config_of
from orchestrator.cluster.packing import MARGIN
from orchestrator.forecast.probe_trial import probe_trial
from orchestrator.training.memory import release_memory
from orchestrator.trial.conditions import Conditions
from orchestrator.trial.run import open_corpus_of, run_trial
from reports.ledger.probe import Probe
from reports.ledger.record import Record
from search_spaces.change import apply_change
from search_spaces.study import RowRef
from search_spaces.trial import Trial

NUM_EPOCHS = 2


def measure(setting: Setting) -> Iterator[Figure]:
    """Probe a trial of each system, then train it; its peak may exceed the probe by the margin."""
    for system in SYSTEMS if setting.on_gpu else (LE_NAME,):
        changes = {"training.batch_size": BATCH_SIZE, "training.max_epochs": NUM_EPOCHS}
        trial = trial_on(setting, apply_change(config_of(system, setting), changes))
        scratch = setting.storage / f"probed-{system}"
        probe = probe_trial(trial, setting.storage, scratch, device=setting.device, num_at_once=1)
        release_memory()
        record = _train(trial, setting)
        foretold_mib, taken_mib = _foretold_and_taken(probe, record, setting)
        yield Figure(
            f"{system}, batches of {BATCH_SIZE}: peak memory",
            taken_mib,
            "MiB",
            target=f"at most {foretold_mib * (1 + MARGIN):,.0f}, foretold {foretold_mib:,.0f}",
            holds=setting.judged(taken_mib <= foretold_mib * (1 + MARGIN)),
        )


def _train(trial: Trial, setting: Setting) -> Record:
    return run_trial(
        trial,
        setting.storage,
        trained_for=RowRef("benchmark", "memory"),
        open_other_corpus=partial(open_corpus_of, trial, setting.storage, setting.device),
        conditions=Conditions(device=setting.device, keeps_model=False),
    )


def _foretold_and_taken(probe: Probe, record: Record, setting: Setting) -> tuple[float, float]:
    """Return the predicted and the measured memory: PyTorch's on a GPU, else the process's."""
    if probe.gpu_memory_mib is None or probe.gpu_context_mib is None:
        return probe.memory_mib, record.circumstances.peak_memory_mib or 0.0
    reserved_mib = torch.cuda.max_memory_reserved(setting.device) / 2**20
    return probe.gpu_memory_mib - probe.gpu_context_mib, reserved_mib
