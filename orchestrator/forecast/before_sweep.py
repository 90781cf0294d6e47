"""Plans a sweep: measures its architectures and packs its trials onto the machines."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Console

from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.gpu_kinds import gpu_kinds_of, session_on
from orchestrator.cluster.machines import most_at_once
from orchestrator.cluster.packing import Measured, find_capacity, pack_on_kinds
from orchestrator.cluster.resources import list_nodes
from orchestrator.cluster.session import TrainingSession
from orchestrator.forecast.forecast import forecast_kinds, merge_orders
from orchestrator.forecast.measure import measure
from orchestrator.forecast.measuring_status import MeasuringStatus
from orchestrator.forecast.prices import Prices, prices_on
from orchestrator.forecast.view import forecasts_view
from search_spaces.study import RowRef
from search_spaces.trial import Trial


class SweepPlan(NamedTuple):
    """Trials in the order in which to train them, and what they take in seconds.

    `wall_s` is what all of them take at most, `trial_s` what each takes by its key.
    """

    order: list[Assignment]
    wall_s: float
    trial_s: dict[str, float]


def plan_sweep(
    session: TrainingSession,
    assignments: Sequence[Assignment],
    prices: Prices | None,
    console: Console,
    *,
    anew: bool = False,
) -> SweepPlan:
    """Print the time, machines and money that trials will take, and choose their order.

    Args:
        session: Where they will train.
        assignments: The trials; their corpus is prepared.
        prices: What machines cost, if that is known.
        console: Where to print.
        anew: Whether to measure again what is measured already.

    Returns:
        The plan: each assignment with its share of a machine. If there are several kinds of GPU,
        the share names the kind to train on.

    Raises:
        ClusterError: If no machine has the resources of a trial, or Ray knows the kinds of only
            some GPUs.
        FitError: If a trial needs more memory than any machine has.
        KeyboardInterrupt: If a signal asked to stop.
        ProbeError: If a trial could not be measured.
    """
    trials = [assignment.trial for assignment in assignments]
    rows = {assignment.trial.key: assignment.trained_for for assignment in assignments}
    found = gpu_kinds_of(list_nodes(), session.machines)
    kinds = [_measure_on(kind, session, trials, rows, console, anew=anew) for kind in found]
    shares = pack_on_kinds(trials, kinds, rows=rows)
    forecasts = forecast_kinds(assignments, kinds, shares, most_at_once(session.machines))
    nodes = list_nodes() if prices else []
    of_kinds = [prices and prices_on(f.capacity.gpu_kind, prices, nodes) for f in forecasts]
    console.print(forecasts_view(forecasts, of_kinds))
    for kind in set(found) - {forecast.capacity.gpu_kind for forecast in forecasts}:
        console.print(f"no trial uses {kind}: its memory is too small, or other GPUs are faster")
    wall_s = max(max(one.wall_s) for one in forecasts)
    trial_s = {key: seconds for one in forecasts for key, seconds in one.trial_s.items()}
    return SweepPlan(merge_orders(forecasts), wall_s, trial_s)


def _measure_on(
    gpu_kind: str | None,
    session: TrainingSession,
    trials: Sequence[Trial],
    rows: Mapping[str, RowRef],
    console: Console,
    *,
    anew: bool,
) -> Measured:
    """Measure trials on the machines with one kind of GPU, or on all; show the progress."""
    there = session_on(session, gpu_kind)
    with MeasuringStatus(console, gpu_kind) as status:
        probes = measure(there, trials, rows=rows, anew=anew, listener=status)
    return Measured(find_capacity(there, probes), probes)
