"""The live view of a sweep in a terminal; without a terminal, plain lines."""

from rich.console import Console
from rich.live import Live
from rich.text import Text

from orchestrator.failures.failure import TrialFailure
from orchestrator.live.sweep import LiveSweep
from orchestrator.live.view import live_view
from orchestrator.trial.watcher import Watcher
from reports.ledger.record import Record
from search_spaces.trial import Trial


class SweepProgress(Watcher):
    """Prints a line for each trial that ended, and shows the running ones below.

    It shows what a `LiveSweep` knows, so that must be told of each event first.
    """

    def __init__(self, console: Console, live: LiveSweep) -> None:
        self._console, self._sweep = console, live
        self._live = Live(
            get_renderable=lambda: live_view(live.state()),
            console=console,
            refresh_per_second=4,
            transient=True,
        )

    def __enter__(self) -> "SweepProgress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def trouble(self, trial: Trial, reason: str) -> None:
        """Print the problem of a trial that continues."""
        first_line, _, _ = reason.partition("\n")
        line = Text.assemble(f"{self._name(trial)}: ", (first_line, "yellow"))
        self._console.print(line, soft_wrap=True)

    def finished(self, record: Record) -> None:
        """Print how a trial ended."""
        outcome = []
        if (best := record.result.best) is not None:
            outcome.append(f"valid {best.told_score} at epoch {best.epoch + 1}")
        if (epoch := record.result.diverged_at_epoch) is not None:
            outcome.append(f"diverged in epoch {epoch + 1}")
        if earlier := record.circumstances.resumed_from_epochs:
            outcome.append(f"went on after epoch {', '.join(map(str, earlier))}")
        outcome.append(f"{record.circumstances.wall_s:.1f} s")
        self._end(record.trial, Text(", ".join(outcome)))

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        """Print why a trial failed."""
        self._end(trial, Text.assemble(("failed", "red"), f": {failure.summary}"))

    def _end(self, trial: Trial, outcome: Text) -> None:
        num_ended, num_trials = self._sweep.counts
        self._console.print(
            Text.assemble(
                (f"[{num_ended:>3}/{num_trials}]", "dim"), f" {self._name(trial)}: ", outcome
            ),
            soft_wrap=True,
        )

    def _name(self, trial: Trial) -> str:
        return f"{self._sweep.name_of(trial.key)} seed {trial.seed_text}"
