"""What a sweep will take: its architectures measured, its trials packed onto the machines."""

from collections.abc import Sequence

from rich.console import Console

from orchestrator.cluster_resources import list_nodes
from orchestrator.forecast import make_forecast
from orchestrator.machines import MAX_REQUESTED
from orchestrator.measure import measure
from orchestrator.packing import find_capacity, pack
from orchestrator.prices import Prices, with_gpus_of
from orchestrator.show_forecast import forecast_view
from orchestrator.training_session import TrainingSession
from orchestrator.trial_supply import Assignment


def plan_sweep(
    session: TrainingSession,
    assignments: Sequence[Assignment],
    prices: Prices | None,
    console: Console,
) -> list[Assignment]:
    """Say what trials will take of time, machines and money, and in which order they train.

    Args:
        session: Where they will train.
        assignments: The trials; their corpus is prepared.
        prices: What machines cost, if that is known.
        console: Is told.

    Returns:
        The assignments in the order in which to train them, each with its share of a machine.

    Raises:
        ClusterError: If no machine has what a trial takes.
        FitError: If a trial needs more memory than any machine has.
        KeyboardInterrupt: If a signal asked to stop.
        ProbeError: If a trial could not be measured.
    """
    trials = [assignment.trial for assignment in assignments]
    rows = {assignment.trial.key: assignment.trained_for for assignment in assignments}
    with console.status("measuring") as status:
        probes = measure(
            session,
            trials,
            rows=rows,
            on_measured=lambda num, of: status.update(f"measuring: {num} of {of} architectures"),
            on_waiting=lambda what: console.print(f"measuring {what}"),
        )
    capacity = find_capacity(session, probes)
    shares = pack(trials, probes, capacity, rows=rows)
    machines = session.machines
    most = machines.num_slots or (None if machines.address is None else MAX_REQUESTED)
    forecast = make_forecast(assignments, probes, shares, capacity, most)
    console.print(forecast_view(forecast, prices and with_gpus_of(prices, list_nodes())))
    return [one._replace(share=shares[one.trial.key]) for one in forecast.order]
