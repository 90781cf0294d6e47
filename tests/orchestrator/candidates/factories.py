"""Candidates that differ in the depth of their fusion, and what nobody measured of them."""

from orchestrator.candidates.estimate import Drawn, Estimate, Sample
from orchestrator.candidates.shares import CandidateShares
from orchestrator.cluster.packing import Capacity
from reports.ledger.probe import Probe, architecture_of
from search_spaces.space import Point
from tests.orchestrator.probe_factory import make_assignment, make_probe

CAPACITY = Capacity(on_gpu=False, num_devices=1, memory_mib=8000.0, num_cores=4)


def draw(depth: int, *, rate: float = 1e-3, **training: object) -> Drawn:
    """Draw a candidate of a space with two fields: a depth, and a rate that costs nothing."""
    values = {"model.fusion.depth": depth, "training.learning_rate": rate}
    trial = make_assignment(depth, 0, learning_rate=rate, **training).trial
    return Drawn(Point("le", dict(values), dict(values)), trial)


def sample(depth: int, memory_mib: float, trial_s: float) -> Sample:
    drawn = draw(depth)
    probe = make_probe(drawn.trial, trial_s)
    return Sample(drawn, probe.model_copy(update={"memory_mib": memory_mib}))


def shares_of(
    *samples: Sample, capacity: Capacity = CAPACITY, too_large: int = 0
) -> CandidateShares:
    """Measure samples; a depth that was `too_large` has no probe."""
    probes: dict[str, Probe] = {one.probe.architecture: one.probe for one in samples}
    unfit = [architecture_of(draw(too_large).trial)] if too_large else []
    return CandidateShares(capacity, probes, unfit, Estimate(samples))
