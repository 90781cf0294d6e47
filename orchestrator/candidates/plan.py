"""Plans a search: measures its first candidates, and says what all of them take."""

from rich.console import Console

from orchestrator.candidates.estimate import Estimate, Sample
from orchestrator.candidates.forecast import forecast_search
from orchestrator.candidates.shares import CandidateShares
from orchestrator.candidates.view import search_forecast_view
from orchestrator.candidates.work import SearchWork
from orchestrator.cluster.gpu_kinds import gpu_kinds_of
from orchestrator.cluster.machines import most_at_once
from orchestrator.cluster.packing import ADVICE as PACKING_ADVICE
from orchestrator.cluster.packing import count_at_once, find_capacity, why_too_large
from orchestrator.cluster.resources import list_nodes
from orchestrator.cluster.session import TrainingSession
from orchestrator.errors import FitError, ProbeError, TooLargeError
from orchestrator.forecast.measure import ADVICE as NO_MEASURE
from orchestrator.forecast.measure import measure_each, reason_of
from orchestrator.forecast.measuring_status import MeasuringStatus
from orchestrator.forecast.prices import Prices, prices_on
from reports.ledger.probe import Probe, architecture_of, distinct_architectures


def plan_search(
    session: TrainingSession,
    work: SearchWork,
    prices: Prices | None,
    console: Console,
    *,
    anew: bool = False,
) -> CandidateShares | None:
    """Measure the first candidates, and print the time, machines and money that the search takes.

    Args:
        session: Where the candidates will train.
        work: The candidates; their corpus is prepared.
        prices: What machines cost, if that is known.
        console: Where to print.
        anew: Whether to measure again what is measured already.

    Returns:
        The shares of the candidates; None if there are several kinds of GPU: then nothing is
        measured, and each candidate takes a whole GPU of any kind.

    Raises:
        ClusterError: If no machine has the resources of a trial, or Ray knows the kinds of only
            some GPUs.
        FitError: If none of the first candidates fits into a machine.
        KeyboardInterrupt: If a signal asked to stop.
        ProbeError: If none of the first candidates could be measured.
    """
    if len(gpu_kinds_of(list_nodes(), session.machines)) > 1:
        console.print(
            "there are several kinds of GPU: candidates are not measured, and each takes a whole "
            "GPU of any kind"
        )
        return None
    shares = _measure(session, work, console, anew=anew)
    forecast = forecast_search(
        work.missing,
        shares,
        stops_early=work.stops_early,
        num_slots=most_at_once(session.machines),
    )
    if forecast is not None:
        console.print(
            search_forecast_view(forecast, prices and prices_on(None, prices, list_nodes()))
        )
    return shares


def _measure(
    session: TrainingSession, work: SearchWork, console: Console, *, anew: bool
) -> CandidateShares:
    """Measure the first candidates, and fit an estimate of all others.

    Raises:
        FitError, ProbeError: As `plan_search`.
    """
    wanted = distinct_architectures(one.trial for one in work.first)
    with MeasuringStatus(console) as status:
        outcomes = measure_each(
            session, list(wanted.values()), work.num_candidates, anew=anew, listener=status
        )
    probes = {name: found for name, found in outcomes.items() if isinstance(found, Probe)}
    too_large = [name for name, found in outcomes.items() if isinstance(found, TooLargeError)]
    faults = [
        f"trial {wanted[name].key}: {reason_of(found)}"
        for name, found in outcomes.items()
        if not isinstance(found, Probe | TooLargeError)
    ]
    if not probes and faults:
        raise ProbeError("\n".join(["no candidate could be measured", *faults, NO_MEASURE]))
    for fault in faults:
        console.print(f"not measured: {fault}", style="yellow", markup=False)
    capacity = find_capacity(session, probes)
    if not any(count_at_once(probe, capacity) for probe in probes.values()):
        unfit = [
            f"trial {wanted[name].key}: {why_too_large(wanted[name], capacity, probes)}"
            for name in (*probes, *too_large)
        ]
        raise FitError("\n".join(["no measured candidate fits", *unfit, PACKING_ADVICE]))
    samples = [
        Sample(one, probes[architecture_of(one.trial)])
        for one in {architecture_of(each.trial): each for each in work.first}.values()
        if architecture_of(one.trial) in probes
    ]
    return CandidateShares(capacity, probes, too_large, Estimate(samples))
