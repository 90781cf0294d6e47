"""Measures a trial: it really trains, but sees only some batches of its corpus."""

import math
import resource
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from corpora.batches.corpus import AnyBatch, Corpus, CorpusSplit
from corpora.source.split import Split
from orchestrator.errors import ProbeError, TooLargeError
from orchestrator.prefixes.arithmetic import Arithmetic
from orchestrator.prefixes.reading import with_empty_maps
from orchestrator.storage.own_code import with_own_code
from orchestrator.training.evaluation import batch_sizes
from orchestrator.training.memory import is_out_of_memory, release_memory
from orchestrator.training.precision import resolve_precision
from orchestrator.trial.conditions import Conditions, TrialHooks
from orchestrator.trial.run import open_corpus_of, run_trial
from orchestrator.trial.usage import Meter
from reports.ledger.probe import Probe, architecture_of, torch_version
from reports.ledger.record import Epoch, Record
from search_spaces.change import Change, apply_change
from search_spaces.study import RowRef
from search_spaces.trial import Trial, TrialConfig

MIN_STEPS = 3
"""The minimum number of timed steps."""

MIN_TIMED_S = 1.5
"""How long to time steps, in seconds; at most for an epoch."""

MAX_EVALUATED = 2
"""How many batches of a split an evaluation sees; we assume that the others take as long."""

LONGEST_WRITE_S = 60.0
"""How long timing waits for the first checkpoint; writing it takes less time than most epochs."""

TWO_EPOCHS: Change = {
    "training.max_epochs": 2,
    "training.learning_rate": 1e-9,  # nothing diverges
    "training.pretrained_learning_rate": 1e-9,
    "training.selection": "best_valid_f1",  # other scores may be undefined on a few utterances
}


@dataclass
class Stopwatch:
    """The times of the events of a probe, by `time.perf_counter`.

    Attributes:
        step_began_at: The start of each timed step, and the end of the last one.
        cpu_s: The time that this process computed from the first of them to the last.
        epoch_ended_at: When the epoch was scored, and the content of its checkpoint was copied.
        is_written: Set when a checkpoint is safe.
        left_out_s: How much longer the evaluations after those steps would take on whole splits;
            `left_out_in_epoch_s` is the part of it before the epoch ended.
    """

    device: torch.device
    began_at: float = field(default_factory=time.perf_counter)
    first_batch_at: float = math.nan
    num_steps: int = 0
    step_began_at: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    epoch_ended_at: float = math.nan
    ended_at: float = math.nan
    left_out_s: float = 0.0
    left_out_in_epoch_s: float = 0.0
    is_written: threading.Event = field(default_factory=threading.Event)

    def now(self) -> float:
        """Return the time after all started work has ended: a GPU receives work in advance."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def end_epoch(self, epoch: Epoch) -> None:
        """Note the end of an epoch."""
        self.epoch_ended_at, self.left_out_in_epoch_s = self.now(), self.left_out_s


class TimedTraining(CorpusSplit[AnyBatch]):
    """A training split of two short epochs; the steps of the second one are timed.

    Only after the first epoch is everything in memory that stays there, such as the optimiser's
    state and the best model. The second epoch has the heaviest batches of all epochs that the trial
    would have, then the batches to time.
    """

    def __init__(self, whole: CorpusSplit[AnyBatch], watch: Stopwatch, *, num_epochs: int) -> None:
        """Copy everything from the whole split."""
        vars(self).update(vars(whole))
        self._watch = watch
        self._num_epochs = num_epochs

    def in_random_order(
        self, batch_size: int, *, seed: int, epoch: int, weights: Tensor | None = None
    ) -> Iterator[AnyBatch]:
        """Yield batches; a step ends when the next batch is asked for."""
        orders = [
            self.random_order(seed=seed, epoch=n, weights=weights) for n in range(self._num_epochs)
        ]
        if epoch == 0:
            self._watch.first_batch_at = self._watch.now()
            yield from self.in_given_order(orders[0][:batch_size], batch_size)
            return
        batches = [batch for order in orders for batch in order.split(batch_size)]
        heavy = torch.cat(heaviest(batches, self.lengths))
        yield from self.in_given_order(heavy, batch_size)
        self._watch.is_written.wait(LONGEST_WRITE_S)
        yield from self._timed(orders[0], batch_size)

    def _timed(self, order: Tensor, batch_size: int) -> Iterator[AnyBatch]:
        """Yield batches until enough are timed, or the epoch is over."""
        watch, times = self._watch, self._watch.step_began_at
        watch.num_steps = math.ceil(len(order) / batch_size)
        watch.left_out_s = 0.0
        times.append(watch.now())
        cpu_s = time.process_time()
        for batch in self.in_given_order(order, batch_size):
            yield batch
            times.append(watch.now())
            watch.cpu_s = time.process_time() - cpu_s
            if len(times) > MIN_STEPS and times[-1] - times[0] >= MIN_TIMED_S:
                return


class TimedEvaluation(CorpusSplit[AnyBatch]):
    """The first batches of a split; the time that the others would take is noted as left out."""

    def __init__(self, whole: CorpusSplit[AnyBatch], watch: Stopwatch, *, batch_size: int) -> None:
        """Copy everything from the whole split, with fewer utterances."""
        vars(self).update(vars(whole))
        num_seen = min(len(whole), batch_size * MAX_EVALUATED)
        self.ids, self.groups = whole.ids[:num_seen], whole.groups[:num_seen]
        self.labels = whole.labels[:num_seen]
        self._watch = watch
        self._share_left_out = len(whole) / num_seen - 1

    def in_order(self, batch_size: int) -> Iterator[AnyBatch]:
        """Yield the batches."""
        began_at = self._watch.now()
        yield from CorpusSplit.in_order(self, batch_size)
        self._watch.left_out_s += self._share_left_out * (self._watch.now() - began_at)


def heaviest(batches: Sequence[Tensor], lengths: Mapping[str, Tensor]) -> list[Tensor]:
    """Choose for each modality the batch with the most data, packed and padded together.

    Shapes:
        batches: (B,) each, indices of utterances; lengths: (U,) each
    """
    chosen = {
        max(
            range(len(batches)),
            key=lambda i: int(steps[batches[i]].sum() + len(batches[i]) * steps[batches[i]].amax()),
        )
        for steps in lengths.values()
    }
    return [batches[index] for index in sorted(chosen)]


def probe_trial(
    trial: Trial,
    storage: Path,
    scratch: Path,
    *,
    device: torch.device,
    num_at_once: int,
    is_deterministic: bool = False,
) -> Probe:
    """Train a trial for some steps and measure what it takes.

    The same code runs as for a real trial: model, short epochs, checkpoints, evaluations, record.
    Only stored maps of a frozen prefix are not made: the trial reads zeros in their place.
    Libraries load in the first trial of a process, so probe that trial twice.

    Args:
        trial: The trial to measure; its seed decides which batches it sees.
        storage: Holds the prepared corpus.
        scratch: A folder on the same disk, for the files of the trial.
        device: Where to train.
        num_at_once: How many trials train on the device at the same time, including this one.
        is_deterministic: As in `run_trial`; such algorithms take different time and memory.

    Raises:
        CorpusError, ChangedWeightsError, WeightsError: As in `run_trial`.
        ProbeError: If the trial's loss is not a finite number from the start.
        TooLargeError: If whole batches do not fit into memory. On a CPU, the process cannot be used
            any more after that: oneDNN remembers it.
    """
    trial = with_own_code(trial, storage)
    release_memory()
    watch, meter = Stopwatch(device), Meter(device)
    precision = resolve_precision(trial.config.training.precision, device)
    arithmetic = Arithmetic(device, precision, is_deterministic=is_deterministic)
    try:
        record = run_trial(
            _for_two_epochs(trial),
            scratch,
            trained_for=RowRef("probe", architecture_of(trial)),
            open_other_corpus=lambda: _timed(
                with_empty_maps(
                    trial, open_corpus_of(trial, storage, device), storage, scratch, arithmetic
                ),
                watch,
                trial.config,
            ),
            conditions=Conditions(
                device=device, is_deterministic=is_deterministic, halves_batches=False
            ),
            hooks=TrialHooks(publish=watch.is_written.set, epoch_done=watch.end_epoch),
        )
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise TooLargeError(str(error)) from error
        raise
    watch.ended_at = watch.now()
    if record.result.has_diverged:
        raise ProbeError("its loss is not a finite number, although it has hardly trained")
    return _probe_of(trial, record, watch, meter, num_at_once)


def _for_two_epochs(trial: Trial) -> Trial:
    return Trial(
        config=apply_change(trial.config, TWO_EPOCHS),
        corpus=trial.corpus,
        seed=trial.seed,
        weights=trial.weights,
    )


def _timed(corpus: Corpus[Any], watch: Stopwatch, config: TrialConfig) -> Corpus[Any]:
    sizes = batch_sizes(config, config.training.batch_size, watch.device)
    splits: dict[Split, CorpusSplit[Any]] = {
        split: TimedEvaluation(whole, watch, batch_size=sizes.evaluation)
        for split, whole in corpus.splits.items()
    }
    train = corpus.splits["train"]
    splits["train"] = TimedTraining(train, watch, num_epochs=config.training.max_epochs)
    return replace(corpus, splits=splits)


def _probe_of(
    trial: Trial, record: Record, watch: Stopwatch, meter: Meter, num_at_once: int
) -> Probe:
    steps = watch.step_began_at
    gpu = _gpu_memory(watch.device) if watch.device.type == "cuda" else None
    return Probe(
        architecture=architecture_of(trial),
        device=record.circumstances.device,
        is_deterministic=record.circumstances.is_deterministic,
        num_at_once=num_at_once,
        torch=torch_version(),
        num_steps=watch.num_steps,
        start_s=watch.first_batch_at - watch.began_at,
        step_s=(steps[-1] - steps[0]) / (len(steps) - 1),
        cpu_share=None if gpu else min(1.0, watch.cpu_s / (steps[-1] - steps[0])),
        valid_s=watch.epoch_ended_at - steps[-1] + watch.left_out_in_epoch_s,
        end_s=watch.ended_at - watch.epoch_ended_at + watch.left_out_s - watch.left_out_in_epoch_s,
        memory_mib=meter.read().peak_memory_mib or _peak_since_start_mib(),
        gpu_memory_mib=gpu and gpu.peak_mib,
        gpu_context_mib=gpu and gpu.context_mib,
        device_memory_mib=gpu and gpu.total_mib,
    )


class _GpuMemory(NamedTuple):
    peak_mib: float
    context_mib: float
    total_mib: float


def _gpu_memory(device: torch.device) -> _GpuMemory:
    """Read the peak that PyTorch reserved, and the other used memory: this process's context.

    A trial is alone on its GPU while it is measured. The memory of other programs counts too: it
    would also be missing in a sweep.
    """
    free, total = torch.cuda.mem_get_info(device)
    context = total - free - torch.cuda.memory_reserved(device)
    peak = torch.cuda.max_memory_reserved(device) + context
    return _GpuMemory(peak / 2**20, context / 2**20, total / 2**20)


def _peak_since_start_mib() -> float:
    """Return the memory peak of this process since it started, as any Unix knows (getrusage(2)).

    It includes mapped files, so it is more than a trial takes.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
