"""The live view of a search in a terminal; without a terminal, plain lines."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from orchestrator.live.sweep import LiveSweep
from orchestrator.live.view import STOPPING, running_view
from orchestrator.trial.watcher import Watcher
from reports.ledger.search_result import Candidate
from search_spaces.trial import Trial

ENDED = ("finished", "stopped")
"""The states of a candidate that has ended; a failed one is tried again, and does not count."""


class SearchProgress(Watcher):
    """Shows which candidates ended, which trials run, and the best validation F1 so far.

    It shows the trials that a `LiveSweep` knows, so that must be told of each event first.
    `CandidateLog` calls `ended` when a candidate has ended.
    """

    def __init__(
        self, console: Console, num_candidates: int, before: Sequence[Candidate], sweep: LiveSweep
    ) -> None:
        """Show a search with that many candidates, including those of earlier runs."""
        self._console, self._sweep = console, sweep
        self._num_candidates = num_candidates
        self._num_ended = sum(candidate.state in ENDED for candidate in before)
        self._best_f1 = max((one.scores["f1"] for one in before if one.scores), default=None)
        self._live = Live(
            get_renderable=self.view, console=console, refresh_per_second=4, transient=True
        )

    def __enter__(self) -> "SearchProgress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def trouble(self, trial: Trial, reason: str) -> None:
        """Print the problem of a trial that continues."""
        first_line, _, _ = reason.partition("\n")
        line = Text.assemble(f"{self._sweep.name_of(trial.key)}: ", (first_line, "yellow"))
        self._console.print(line, soft_wrap=True)

    def ended(self, number: int, outcome: str, f1: float | None = None) -> None:
        """Count a candidate as ended, and print how it ended."""
        self._num_ended += 1
        if f1 is not None and (self._best_f1 is None or f1 > self._best_f1):
            self._best_f1 = f1
            outcome += ", the best so far"
        first_line, _, _ = outcome.partition("\n")
        counts = f"[{self._num_ended:>3}/{self._num_candidates}]"
        line = Text.assemble((counts, "dim"), f" candidate {number}: {first_line}")
        self._console.print(line, soft_wrap=True)

    def view(self) -> RenderableType:
        """Draw the view while trials run."""
        state = self._sweep.state()
        best = "" if self._best_f1 is None else f"; best valid F1 {self._best_f1:.3f}"
        stopping = f"; {STOPPING}" if state.is_stopping else ""
        head = f"candidates: {self._num_ended} of {self._num_candidates} ended{best}{stopping}"
        return Group(Text(head), running_view(state.running))
