"""The messages between driver and worker: an order to train, and reports on the training.

Ray Tune carries both as JSON: an order in a trial's config, and a report in a result.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from orchestrator.cluster.assignment import Share
from orchestrator.failures.failure import TrialFailure
from orchestrator.failures.workplace import Workplace
from reports.ledger.record import Epoch
from search_spaces.study import RowRef
from search_spaces.trial import Trial

MAX_ORDERS = 2048
"""How many parsed orders the driver keeps; a run of Tune has fewer trials."""


class Manner(NamedTuple):
    """The settings of all trials of a sweep; `place` is the storage as `place_of` names it."""

    place: str
    keeps_model: bool
    on_gpu: bool
    is_deterministic: bool


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WorkOrder(_Message):
    """What a worker must train, and how."""

    trial: Trial
    trained_for: RowRef
    micro_batch_size: int | None
    share: Share | None
    manner: Manner
    keeps_batches_whole: bool = False

    def config(self) -> dict[str, str]:
        """Put the order into the config of a trial of Tune."""
        return {"order": self.model_dump_json()}


def order_in(config: Mapping[str, Any]) -> WorkOrder:
    """Read the order from the config of a trial of Tune; parse each order only once."""
    return _parse(config["order"])


@lru_cache(MAX_ORDERS)
def _parse(order: str) -> WorkOrder:
    return WorkOrder.model_validate_json(order)


class Placed(_Message):
    """The trial begins in this process."""

    kind: Literal["placed"] = "placed"
    workplace: Workplace


class EpochDone(_Message):
    """One more epoch is done."""

    kind: Literal["epoch_done"] = "epoch_done"
    epoch: Epoch


class Trouble(_Message):
    """The trial met a problem, and continues."""

    kind: Literal["trouble"] = "trouble"
    reason: str


class Failure(_Message):
    """The trial failed; its process ends."""

    kind: Literal["failure"] = "failure"
    failure: TrialFailure


class OutOfMemory(_Message):
    """Memory ran out; the process ends, and the driver decides how a new one continues."""

    kind: Literal["out_of_memory"] = "out_of_memory"
    reason: str


class Unreached(_Message):
    """The machine does not reach the storage; another machine may reach it."""

    kind: Literal["unreached"] = "unreached"
    reason: str


FinalReport = Failure | OutOfMemory | Unreached
"""The last report of a worker before its process ends."""

Report = Annotated[Placed | EpochDone | Trouble | FinalReport, Field(discriminator="kind")]

_REPORTS: TypeAdapter[Report] = TypeAdapter(Report)


def result_of(report: Report) -> dict[str, Any]:
    """Put a report into a result of Tune; schedulers read `num_epochs` and `valid_f1`."""
    result: dict[str, Any] = {"report": report.model_dump_json()}
    if isinstance(report, EpochDone):
        result |= {"num_epochs": report.epoch.epoch + 1, "valid_f1": report.epoch.main_score}
    return result


def report_in(result: Mapping[str, Any]) -> Report | None:
    """Read the report from a result of Tune; None if Tune itself made the result."""
    return _REPORTS.validate_json(result["report"]) if "report" in result else None
