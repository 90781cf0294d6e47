"""The work of a Ray worker: it trains the trial of an assignment and reports to Tune."""

import traceback
from functools import partial
from typing import Any

from ray import tune

from orchestrator.failures.cause import cause_of
from orchestrator.failures.failure import TrialFailure
from orchestrator.failures.workplace import read_log, this_workplace
from orchestrator.storage.reach import UnreachedStorageError, reach_storage
from orchestrator.storage.trials import publish_epoch, publish_trial
from orchestrator.sweep.messages import (
    EpochDone,
    Failure,
    OutOfMemory,
    Placed,
    Report,
    Trouble,
    Unreached,
    order_in,
    result_of,
)


def train_assignment(config: dict[str, Any]) -> None:
    """Train one trial inside a Ray worker: a trainable of Tune.

    An error is reported and then raised, so that Tune ends the process. The next trial in the same
    process might fail for the same reason, as all do after a fault of the GPU. This also holds on a
    CPU if memory ran out: oneDNN remembers that for its thread, and freed memory still counts
    against the cap. So on a CPU the process ends, and the driver continues with smaller
    micro-batches in a new process. A trial that keeps its batches whole ends so on a GPU too.
    """
    import torch  # the driver does not need it

    from corpora.device import default_device
    from orchestrator.cluster.memory_cap import cap_memory, expand_segments
    from orchestrator.training.memory import is_out_of_memory
    from orchestrator.trial.conditions import Conditions, TrialHooks
    from orchestrator.trial.run import run_trial

    order = order_in(config)
    manner, share, key = order.manner, order.share, order.trial.key
    device = torch.device("cpu")
    workplace = this_workplace(str(device))
    ends_at_cap = True
    try:
        storage = reach_storage(manner.place, order.trial)
        if share:
            expand_segments()
        device = default_device() if manner.on_gpu else device
        workplace = workplace.model_copy(update={"device": str(device)})
        _tell(Placed(workplace=workplace))
        ends_at_cap = device.type == "cpu" or order.keeps_batches_whole
        cap_memory(device, share and share.memory_mib)
        conditions = Conditions(
            device=device,
            is_deterministic=manner.is_deterministic,
            keeps_model=manner.keeps_model,
            micro_batch_size=order.micro_batch_size,
            halves_batches=not ends_at_cap,
        )
        hooks = TrialHooks(
            epoch_done=lambda epoch: _tell(EpochDone(epoch=epoch)),
            trouble=lambda reason: _tell(Trouble(reason=reason)),
            publish=partial(publish_epoch, storage, key),
        )
        record = run_trial(
            order.trial,
            storage,
            trained_for=order.trained_for,
            conditions=conditions,
            hooks=hooks,
        )
        publish_trial(storage, record)
    except UnreachedStorageError as error:
        _tell(Unreached(reason=str(error)))
        raise
    except Exception as error:
        if device.type == "cpu":  # a failed GPU would fail again; the report needs no GPU
            cap_memory(device, None)
        is_memory = is_out_of_memory(error)
        if ends_at_cap and is_memory:
            _tell(OutOfMemory(reason=str(error)))
            raise
        summary, _, rest = f"{type(error).__name__}: {error}".partition("\n")
        failure = TrialFailure(
            cause="memory" if is_memory else cause_of(error),
            summary=summary,
            details=f"{rest}\n{traceback.format_exc()}".strip("\n"),
            workplace=workplace,
            log=read_log(workplace),
        )
        _tell(Failure(failure=failure))
        raise


def _tell(report: Report) -> None:
    """Report to the driver."""
    tune.report(result_of(report))
