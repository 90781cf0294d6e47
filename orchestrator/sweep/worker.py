"""What a Ray worker does with an assignment: it trains the trial and reports to Tune."""

import traceback
from functools import partial
from typing import Any

from ray import tune

from orchestrator.cluster.assignment import Share
from orchestrator.storage.reach import UnreachedStorageError, reach_storage
from orchestrator.storage.trials import publish_epoch, publish_trial
from reports.ledger.record import Epoch
from search_spaces.study import RowRef
from search_spaces.trial import Trial


def train_assignment(config: dict[str, Any]) -> None:
    """Train one trial inside a Ray worker: a trainable of Tune.

    An error is reported, then raised: so Tune ends the process. Another trial in it might fail of
    the same cause, as all do after a fault of the GPU. On a CPU that is so too where memory ran
    out: oneDNN remembers that for its thread, and what was freed still counts against the cap. So
    there a process ends, and the driver goes on with smaller micro-batches in another.
    """
    import torch  # which the driver can do without

    from corpora.device import default_device
    from orchestrator.cluster.memory_cap import cap_memory, expand_segments
    from orchestrator.training.memory import is_out_of_memory
    from orchestrator.trial.run import run_trial

    assignment = config["assignment"]
    trial = Trial.model_validate_json(assignment["trial"])
    share = assignment["share"] and Share(*assignment["share"])
    device = torch.device("cpu")
    try:
        storage = reach_storage(assignment["place"], trial)
        if share:
            expand_segments()
        device = default_device() if assignment["on_gpu"] else device
        cap_memory(device, share and share.memory_mib)

        def after_epoch(epoch: Epoch) -> None:
            tune.report(
                {
                    "epoch": epoch.model_dump_json(),
                    "num_epochs": epoch.epoch + 1,
                    "valid_f1": epoch.valid["f1"],
                }
            )

        record = run_trial(
            trial,
            storage,
            trained_for=RowRef(*assignment["for"]),
            device=device,
            is_deterministic=assignment["is_deterministic"],
            keeps_model=assignment["keeps_model"],
            micro_batch_size=assignment["micro_batch_size"],
            halves_batches=device.type != "cpu",
            publish=partial(publish_epoch, storage, trial.key),
            on_epoch=after_epoch,
            on_trouble=_tell,
        )
        publish_trial(storage, record)
    except UnreachedStorageError as error:
        tune.report({"unreached": str(error)})
        raise
    except Exception as error:
        if device.type == "cpu":  # a GPU that failed would fail again, and to tell needs none of it
            cap_memory(device, None)
            if is_out_of_memory(error):
                tune.report({"out_of_memory": str(error)})
                raise
        failure = f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}"
        tune.report({"failure": failure})
        raise


def _tell(trouble: str) -> None:
    """Tell the driver what a trial goes on in spite of."""
    tune.report({"trouble": trouble})
