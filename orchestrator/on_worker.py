"""What a Ray worker does with an assignment: it trains the trial and reports to Tune."""

import traceback
from typing import Any

from ray import tune

from orchestrator.machines import UnreachedStorageError, reach_storage
from orchestrator.mirrored_trials import publish_epoch, publish_trial
from reports.record import Epoch
from search_spaces.study import RowRef
from search_spaces.trial import Trial


def train_assignment(config: dict[str, Any]) -> None:
    """Train one trial inside a Ray worker: a trainable of Tune.

    An error is reported, then raised: so Tune ends the process. Another trial in it might fail of
    the same cause, as all do after a fault of the GPU.
    """
    import torch  # which the driver can do without

    from orchestrator.run_trial import run_trial

    assignment = config["assignment"]
    trial = Trial.model_validate_json(assignment["trial"])
    try:
        storage = reach_storage(assignment["place"], trial)

        def after_epoch(epoch: Epoch) -> None:
            publish_epoch(storage, trial.key, on_trouble=_tell)
            tune.report({"epoch": epoch.model_dump_json()})

        record = run_trial(
            trial,
            storage,
            trained_for=RowRef(*assignment["for"]),
            device=None if assignment["on_gpu"] else torch.device("cpu"),
            keeps_model=assignment["keeps_model"],
            micro_batch_size=assignment["micro_batch_size"],
            on_epoch=after_epoch,
            on_trouble=_tell,
        )
        publish_trial(storage, record)
    except UnreachedStorageError as error:
        tune.report({"unreached": str(error)})
        raise
    except Exception as error:
        failure = f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}"
        tune.report({"failure": failure})
        raise


def _tell(trouble: str) -> None:
    """Tell the driver what a trial goes on in spite of."""
    tune.report({"trouble": trouble})
