import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from corpora.batches.corpus import CorpusSplit
from corpora.device import default_device
from corpora.store.manifest import Manifest
from orchestrator.errors import ProbeError
from orchestrator.forecast import probe_trial as probing
from orchestrator.forecast.probe_trial import (
    Stopwatch,
    TimedEvaluation,
    TimedTraining,
    heaviest,
    probe_trial,
)
from orchestrator.trial.run import open_corpus_of, run_trial
from reports.ledger.probe import architecture_of
from tests.cuda_driver import pretended_gpus
from tests.orchestrator.factories import TRAINED_FOR, small_trial

CPU = torch.device("cpu")


def files_of(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_probe_tells_what_a_trial_takes_and_leaves_the_storage_alone(
    storage: Path, manifest: Manifest, tmp_path: Path
) -> None:
    trial = small_trial(manifest)
    before = files_of(storage)
    probe = probe_trial(trial, storage, tmp_path / "scratch", device=CPU, num_at_once=2)
    assert files_of(storage) == before
    record = run_trial(trial, storage, trained_for=TRAINED_FOR)
    assert probe.architecture == architecture_of(trial)
    assert probe.device == record.circumstances.device
    assert (probe.num_at_once, probe.num_steps) == (2, 2)  # 12 utterances in batches of 8
    assert probe.torch == torch.__version__.partition("+")[0]
    assert min(probe.start_s, probe.step_s, probe.valid_s, probe.end_s) > 0
    assert probe.cpu_share is not None
    assert 0 < probe.cpu_share <= 1
    assert record.circumstances.peak_memory_mib == pytest.approx(probe.memory_mib, rel=0.25)


def test_choice_of_the_epoch_is_not_measured(
    storage: Path, manifest: Manifest, tmp_path: Path
) -> None:
    """On the few utterances of a probe, the score that chooses may be undefined."""
    assert probing.TWO_EPOCHS["training.selection"] == "best_valid_f1"
    trial = small_trial(manifest, selection="best_valid_wacc")
    probe = probe_trial(trial, storage, tmp_path / "scratch", device=CPU, num_at_once=1)
    assert probe.architecture == architecture_of(small_trial(manifest))


def test_deterministic_algorithms_are_measured_as_such(
    storage: Path, manifest: Manifest, tmp_path: Path
) -> None:
    probe = probe_trial(
        small_trial(manifest),
        storage,
        tmp_path / "scratch",
        device=CPU,
        num_at_once=1,
        is_deterministic=True,
    )
    assert probe.is_deterministic


def test_probing_first_changes_no_result(storage: Path, manifest: Manifest, tmp_path: Path) -> None:
    trial = small_trial(manifest)
    probe_trial(trial, storage, tmp_path / "scratch", device=CPU, num_at_once=1)
    after = run_trial(trial, storage, trained_for=TRAINED_FOR).result
    for file in (storage / "trials" / trial.key).iterdir():
        file.unlink()
    assert run_trial(trial, storage, trained_for=TRAINED_FOR).result == after


def test_trial_that_diverges_at_once_cannot_be_measured(
    storage: Path, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "orchestrator.training.objective.binary_cross_entropy_with_logits",
        lambda logits, *_, **__: logits.sum() * math.nan,
    )
    with pytest.raises(ProbeError, match="its loss is not a finite number"):
        probe_trial(small_trial(manifest), storage, tmp_path / "scratch", device=CPU, num_at_once=1)


def test_heaviest_batch_counts_what_is_packed_and_what_is_padded() -> None:
    lengths = {
        "faces": torch.tensor([1, 1, 1, 5, 4, 4]),  # 2 + 2 * 1, 6 + 2 * 5, 8 + 2 * 4
        "tokens": torch.tensor([9, 1, 1, 1, 1, 1]),
    }
    first, second, third = torch.arange(6).split(2)
    chosen = heaviest([first, second, third], lengths)
    assert [batch.tolist() for batch in chosen] == [[0, 1], [2, 3]]


def stopwatch() -> Stopwatch:
    """Make one as it is when the first checkpoint is written."""
    watch = Stopwatch(CPU)
    watch.is_written.set()
    return watch


def test_training_sees_the_heaviest_batches_of_all_epochs_before_it_is_timed(
    storage: Path, manifest: Manifest
) -> None:
    train: CorpusSplit[Any] = open_corpus_of(small_trial(manifest), storage, CPU).splits["train"]
    watch = stopwatch()
    timed = TimedTraining(train, watch, num_epochs=3)
    assert len(list(timed.in_random_order(4, seed=0, epoch=0))) == 1
    batches = timed.in_random_order(4, seed=0, epoch=1)
    orders = [train.random_order(seed=0, epoch=epoch) for epoch in range(3)]
    heavy = heaviest([batch for order in orders for batch in order.split(4)], train.lengths)
    for expected in heavy:
        assert torch.equal(next(batches).labels, train.labels[expected])
        assert not watch.step_began_at
    in_order = torch.cat([batch.labels for batch in batches])
    assert torch.equal(in_order, train.labels[orders[0]])
    assert (watch.num_steps, len(watch.step_began_at)) == (3, 4)


def test_timed_steps_end_early_where_they_are_slow(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    train: CorpusSplit[Any] = open_corpus_of(small_trial(manifest), storage, CPU).splits["train"]
    watch = stopwatch()
    ticks = iter(range(100))
    monkeypatch.setattr(watch, "now", lambda: float(next(ticks)))
    list(TimedTraining(train, watch, num_epochs=1).in_random_order(1, seed=0, epoch=1))
    assert len(watch.step_began_at) == 1 + probing.MIN_STEPS
    assert watch.num_steps == 12


def test_evaluation_of_a_part_notes_what_the_rest_would_take(
    storage: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    valid: CorpusSplit[Any] = open_corpus_of(small_trial(manifest), storage, CPU).splits["valid"]
    watch = Stopwatch(CPU)
    times = iter([10.0, 13.0])
    monkeypatch.setattr(watch, "now", lambda: next(times))
    part = TimedEvaluation(valid, watch, batch_size=2)
    assert len(list(part.in_order(1))) == len(part) == len(part.labels) == 4
    assert watch.left_out_s == 6.0  # 8 of 12 utterances, where 4 took 3 s


@pytest.mark.skipif(sys.platform != "linux", reason="the cap is Linux's")
@pytest.mark.slow
def test_trial_is_too_large_where_its_batches_do_not_fit(storage: Path) -> None:
    """It really runs out of memory, under its cap: whole batches of 12 take some 300 MiB."""
    command = [sys.executable, "-m", "tests.orchestrator.capped_probe", str(storage), "130"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "too large"


def test_what_a_gpu_lacks_beside_pytorch_is_the_context() -> None:
    with pretended_gpus(total_mib=1000.0, free_mib=[600.0]) as driver:
        gpu = default_device()
        driver.reserved_mib = 300.0
        found = probing._gpu_memory(gpu)
    assert (found.peak_mib, found.context_mib, found.total_mib) == (400.0, 100.0, 1000.0)
