"""The share of a device that a candidate of a search takes, and a larger one if memory runs out.

An estimate may be too low. The cap keeps that from others: the candidate itself runs out of memory,
and continues with a larger share. If a whole device is not enough, it cannot fit, and is refused.
"""

import math
from collections.abc import Collection, Mapping

from orchestrator.candidates.estimate import Drawn, Estimate
from orchestrator.cluster.assignment import Share
from orchestrator.cluster.packing import Capacity, count_at_once, share_among, why_too_large
from orchestrator.errors import FitError
from reports.ledger.probe import Probe, architecture_of
from search_spaces.trial import Trial


class CandidateShares:
    """Gives candidates their shares of devices of one kind, and remembers which were too small."""

    def __init__(
        self,
        capacity: Capacity,
        probes: Mapping[str, Probe],
        too_large: Collection[str],
        estimate: Estimate,
    ) -> None:
        """Pack candidates.

        Args:
            capacity: The devices.
            probes: What measured architectures take.
            too_large: The architectures that did not fit when they were measured alone.
            estimate: Says what the others take.
        """
        self.capacity = capacity
        self.estimate = estimate
        self.probes = probes
        self._refused = dict.fromkeys(too_large, "")
        self._most: dict[str, int] = {}

    def probe_of(self, drawn: Drawn) -> Probe:
        """Return what a candidate takes: as measured, or estimated with a margin of memory."""
        measured = self.probes.get(architecture_of(drawn.trial))
        return measured or self.estimate.probe_with_margin(drawn)

    def is_measured(self, trial: Trial) -> bool:
        """Whether the architecture of a trial was measured."""
        return architecture_of(trial) in self.probes

    def share_of(self, drawn: Drawn) -> Share:
        """Return the share of a candidate; an estimate that exceeds a device takes all of it.

        Raises:
            FitError: If it was measured, or tried, and does not fit into a whole device.
        """
        name, probe = architecture_of(drawn.trial), self.probe_of(drawn)
        num_at_once = count_at_once(probe, self.capacity)
        if name in self._refused or (not num_at_once and name in self.probes):
            why = self._refused.get(name) or why_too_large(drawn.trial, self.capacity, self.probes)
            raise FitError(why)
        num_at_once = min(max(1, num_at_once), self._most.get(name, num_at_once or 1))
        return share_among(num_at_once, probe, self.capacity)

    def enlarge(self, drawn: Drawn, share: Share) -> Share | None:
        """Return a share about twice as large; None if the share was a whole device."""
        if share.num_at_once == 1:
            return None
        name = architecture_of(drawn.trial)
        half = math.ceil(share.num_at_once / 2)
        self._most[name] = min(half, self._most.get(name, half))
        return share_among(self._most[name], self.probe_of(drawn), self.capacity)

    def refuse(self, trial: Trial) -> str:
        """Note that a whole device was not enough for a trial's architecture; return why."""
        size, where = trial.config.training.batch_size, "GPU" if self.capacity.on_gpu else "machine"
        reason = (
            f"batches of {size} utterances ran out of memory alone on a {where} with "
            f"{self.capacity.memory_mib:,.0f} MiB"
        )
        self._refused[architecture_of(trial)] = reason
        return reason
