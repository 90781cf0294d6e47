"""Predicts how long a search takes from candidates that are drawn at random."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.candidates.estimate import Drawn
from orchestrator.candidates.rungs import least_epochs
from orchestrator.candidates.shares import CandidateShares
from orchestrator.errors import FitError
from orchestrator.forecast.forecast import BETWEEN_TRIALS_S, WORKER_START_S, Span
from orchestrator.forecast.timetable import Task, make_timetable
from reports.ledger.probe import Probe


@dataclass(frozen=True)
class Expected:
    """What one candidate takes: its probe, measured or estimated, and its time, in seconds.

    `trial_s` is the time of the whole trial. `stops_early` says whether it may be stopped before.
    `least_s` is its time if it is stopped as early as possible and its estimate is too high, and
    `most_s` if it trains to the end and its estimate is too low.
    """

    probe: Probe
    is_measured: bool
    num_at_once: int
    stops_early: bool
    trial_s: float
    least_s: float
    most_s: float


@dataclass(frozen=True)
class SearchForecast:
    """What a search takes.

    At least: early stopping stops as many as it can, estimates are too high, and candidates that
    share a GPU do not slow each other. At most: all train to the end, estimates are too low, and
    those that share a GPU take turns. `num_refused` candidates do not fit into any device.
    """

    span: Span
    candidates: tuple[Expected, ...]
    num_refused: int
    time_factor: float
    stops_early: bool


def forecast_search(
    drawn: Sequence[Drawn], shares: CandidateShares, *, stops_early: bool, num_slots: int | None
) -> SearchForecast | None:
    """Predict how long candidates take in their order; None if there is none that fits.

    Args:
        drawn: The candidates; those with equal trials train once.
        shares: Says what each takes.
        stops_early: Whether the search stops candidates early.
        num_slots: How many run at once at most; None for as many as fit.
    """
    found: list[Expected] = []
    num_refused = 0
    for one in {one.trial.key: one for one in drawn}.values():
        try:
            found.append(_expect(len(found), one, shares, stops_early=stops_early))
        except FitError:
            num_refused += 1
    if not found:
        return None
    capacity = shares.capacity
    least = [Task(one.least_s, one.num_at_once, sort=one.num_at_once) for one in found]
    most = [
        Task(one.most_s, 1 if capacity.on_gpu else one.num_at_once, sort=one.num_at_once)
        for one in found
    ]
    quickest, slowest = (
        make_timetable(tasks, capacity, num_slots=num_slots, start_s=WORKER_START_S)
        for tasks in (least, most)
    )
    return SearchForecast(
        span=Span(capacity, quickest, slowest),
        candidates=tuple(found),
        num_refused=num_refused,
        time_factor=shares.estimate.time_factor,
        stops_early=any(one.stops_early for one in found),
    )


def _expect(number: int, drawn: Drawn, shares: CandidateShares, *, stops_early: bool) -> Expected:
    """Return what a candidate takes.

    Raises:
        FitError: If it fits into no device.
    """
    probe, num_epochs = shares.probe_of(drawn), drawn.trial.config.training.max_epochs
    is_measured = shares.is_measured(drawn.trial)
    factor = 1.0 if is_measured else shares.estimate.time_factor
    trial_s = least_s = probe.trial_s(num_epochs)
    least = least_epochs(number, num_epochs) if stops_early else num_epochs
    if least < num_epochs:
        least_s = probe.trial_s(least) - probe.end_s
    return Expected(
        probe=probe,
        is_measured=is_measured,
        num_at_once=shares.share_of(drawn).num_at_once,
        stops_early=least < num_epochs,
        trial_s=trial_s,
        least_s=least_s / factor + BETWEEN_TRIALS_S,
        most_s=trial_s * factor + BETWEEN_TRIALS_S,
    )
