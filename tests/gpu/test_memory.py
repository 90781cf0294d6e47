"""Trials that share a device keep to their caps, and a forecast holds."""

from pathlib import Path
from typing import NamedTuple

import torch
from pydantic import JsonValue

from orchestrator.cluster.memory_cap import cap_memory
from orchestrator.cluster.packing import MARGIN
from orchestrator.forecast.probe_trial import probe_trial
from orchestrator.trial.usage import Meter
from reports.ledger.probe import Probe
from search_spaces.trial import Trial
from tests.gpu.devices import slow_on_the_cpu
from tests.gpu.processes import in_processes
from tests.gpu.trials import make_trial, train

LARGER: dict[str, JsonValue] = {
    "model__audio__pool": [1, 1],
    "model__audio__base_channels": 16,
    "model__vision__pool": [1, 1],
    "model__vision__base_channels": 16,
}
"""Batches of such a model take more memory than the model itself."""

BATCH_SIZE = 12
ENOUGH, TOO_LITTLE = 1.5, 0.5
"""Of what whole batches take on top of single utterances."""


class Taken(NamedTuple):
    """What a trial took of its device at most, and the sizes that its batches were split to."""

    peak_mib: float
    micro_batches: tuple[tuple[int, int], ...]


class Capped(NamedTuple):
    """What became of a trial that was given `cap_mib`."""

    cap_mib: float
    taken: Taken


def peak_of_process(meter: Meter) -> float:
    peak_mib = meter.read().peak_memory_mib
    assert peak_mib is not None
    return peak_mib


def train_and_look(trial: Trial, corpora: Path, ledger: Path, device: torch.device) -> Taken:
    """Train a trial; on a CPU it is the whole process that takes memory."""
    meter = Meter(device)
    record = train(trial, corpora, ledger, device)
    if device.type == "cuda":
        peak = torch.cuda.max_memory_reserved(device) / 2**20
    else:
        peak = peak_of_process(meter)
    return Taken(peak, record.circumstances.micro_batches)


def train_capped(share: float, corpora: Path, ledger: Path, device: torch.device) -> Capped:
    """Train with a cap between what single utterances and what whole batches were seen to take."""
    single, whole = (
        make_trial("Le", corpora, training__batch_size=size, training__max_epochs=1, **LARGER)
        for size in (1, BATCH_SIZE)
    )
    least = train_and_look(single, corpora, ledger, device).peak_mib
    cap_memory(device, None)
    if device.type == "cpu":  # where libraries were loaded meanwhile: what the process has now
        least = peak_of_process(Meter(device))
    most = train_and_look(whole, corpora, ledger, device).peak_mib
    cap_mib = least + share * (most - least)
    cap_memory(device, cap_mib)
    other = whole.model_copy(update={"seed": 1})
    return Capped(cap_mib, train_and_look(other, corpora, ledger, device))


def probe(trial: Trial, corpora: Path, scratch: Path, device: torch.device) -> Probe:
    """Measure a trial as a sweep does: twice, as libraries load with the first."""
    probe_trial(trial, corpora, scratch / "first", device=device, num_at_once=2)
    return probe_trial(trial, corpora, scratch / "second", device=device, num_at_once=2)


@slow_on_the_cpu
def test_packed_trials_keep_to_their_caps_and_one_with_too_little_halves(
    device: torch.device, corpora: Path, tmp_path: Path
) -> None:
    # Where a CPU's memory ends, and what comes then, is shown by test_memory_limit.
    shares = (ENOUGH, ENOUGH, TOO_LITTLE) if device.type == "cuda" else (ENOUGH, ENOUGH)
    calls = [(share, corpora, tmp_path / str(n), device) for n, share in enumerate(shares)]
    for share, one in zip(shares, in_processes(train_capped, calls), strict=True):
        assert one.taken.peak_mib <= one.cap_mib
        assert one.taken.micro_batches == () or share == TOO_LITTLE
        if share == TOO_LITTLE:
            (since, size), *_ = one.taken.micro_batches
            assert since == 0
            assert size <= BATCH_SIZE // 2


@slow_on_the_cpu
def test_packed_trials_take_what_their_probe_foretold(
    device: torch.device, corpora: Path, tmp_path: Path
) -> None:
    trial = make_trial("Le", corpora)
    (probed,) = in_processes(probe, [(trial, corpora, tmp_path, device)])
    foretold_mib = probed.memory_mib
    if device.type == "cuda":
        assert probed.gpu_memory_mib is not None
        assert probed.gpu_context_mib is not None
        foretold_mib = probed.gpu_memory_mib - probed.gpu_context_mib
    allowed_mib = foretold_mib * (1 + MARGIN)
    trials = [trial.model_copy(update={"seed": seed}) for seed in range(2)]
    calls = [(one, corpora, tmp_path / one.key, device) for one in trials]
    for taken in in_processes(train_and_look, calls):
        assert taken.micro_batches == ()
        assert taken.peak_mib <= allowed_mib
