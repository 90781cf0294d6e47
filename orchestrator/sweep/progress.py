"""The live view of a sweep in a terminal; without a terminal, plain lines."""

import time
from collections.abc import Mapping
from datetime import timedelta

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.trial.watcher import Watcher
from reports.ledger.record import Epoch, Record
from search_spaces.study import RowRef
from search_spaces.trial import Trial

NUM_EPOCHS_FOR_A_PACE = 4


class SweepProgress(Watcher):
    """Shows how many trials are done, running and left, the epochs of running ones, the time left.

    It estimates the time left from the epochs left and the pace since the first epoch ended. The
    time before does not count, because Ray and its workers started then. Until there is a pace, it
    counts down from `forecast_s`, the seconds that were forecast, if that is known.
    """

    def __init__(
        self,
        console: Console,
        missing: Mapping[str, tuple[Trial, RowRef]],
        num_finished: int,
        forecast_s: float | None = None,
    ) -> None:
        self._console = console
        self._rows = {key: row for key, (_, row) in missing.items()}
        self._num_total = num_finished + len(missing)
        self._num_done = num_finished
        self._num_failed = 0
        self._epochs_left = {
            key: trial.config.training.max_epochs for key, (trial, _) in missing.items()
        }
        self._running: dict[str, tuple[Trial, Epoch | None]] = {}
        self._forecast_s = forecast_s
        self._began_at = time.monotonic()
        self._num_epochs_seen = 0
        self._first_epoch_at: float | None = None
        self._live = Live(
            get_renderable=self.view, console=console, refresh_per_second=4, transient=True
        )

    def __enter__(self) -> "SweepProgress":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def started(self, trial: Trial) -> None:
        """Show a trial as running."""
        self._running.setdefault(trial.key, (trial, None))

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Show a running trial's newest epoch."""
        self._running[trial.key] = (trial, epoch)
        self._first_epoch_at = self._first_epoch_at or time.monotonic()
        self._num_epochs_seen += 1
        self._epochs_left[trial.key] = trial.config.training.max_epochs - epoch.epoch - 1

    def trouble(self, trial: Trial, reason: str) -> None:
        """Print the problem of a trial that continues."""
        first_line, _, _ = reason.partition("\n")
        line = Text.assemble(f"{self._name(trial)}: ", (first_line, "yellow"))
        self._console.print(line, soft_wrap=True)

    def finished(self, record: Record) -> None:
        """Count a trial as done."""
        self._num_done += 1
        outcome = []
        if (best := record.result.best) is not None:
            outcome.append(f"valid {best.told_score} at epoch {best.epoch + 1}")
        if (epoch := record.result.diverged_at_epoch) is not None:
            outcome.append(f"diverged in epoch {epoch + 1}")
        if earlier := record.circumstances.resumed_from_epochs:
            outcome.append(f"went on after epoch {', '.join(map(str, earlier))}")
        outcome.append(f"{record.circumstances.wall_s:.1f} s")
        self._end(record.trial, Text(", ".join(outcome)))

    def failed(self, trial: Trial, reason: str) -> None:
        """Count a trial as failed, and print why."""
        self._num_failed += 1
        first_line, _, _ = reason.partition("\n")
        self._end(trial, Text.assemble(("failed", "red"), f": {first_line}"))

    def _end(self, trial: Trial, outcome: Text) -> None:
        self._running.pop(trial.key, None)
        self._epochs_left.pop(trial.key, None)
        counts = f"[{self._num_done + self._num_failed:>3}/{self._num_total}]"
        self._console.print(
            Text.assemble((counts, "dim"), f" {self._name(trial)}: ", outcome),
            soft_wrap=True,
        )

    def _name(self, trial: Trial) -> str:
        return f"{self._rows[trial.key].row} seed {trial.seed_text}"

    def view(self) -> RenderableType:
        """Draw the view while trials run."""
        num_left = self._num_total - self._num_done - self._num_failed - len(self._running)
        head = Text.assemble(
            "trials: ",
            (f"{self._num_done} done", "green"),
            f", {len(self._running)} running, {num_left} left",
            (f", {self._num_failed} failed" if self._num_failed else "", "red"),
            f"; {self._time_left()}",
        )
        running = Table.grid(padding=(0, 2))
        for trial, epoch in self._running.values():
            num_epochs = trial.config.training.max_epochs
            done = 0 if epoch is None else epoch.epoch + 1
            running.add_row(
                Text(f"  {self._name(trial)}"),
                ProgressBar(total=num_epochs, completed=done, width=24),
                f"epoch {done}/{num_epochs}",
                "" if epoch is None else f"valid {epoch.told_score}",
            )
        return Group(head, running)

    def _time_left(self) -> str:
        if self._first_epoch_at is None or self._num_epochs_seen < NUM_EPOCHS_FOR_A_PACE:
            if self._forecast_s is None:
                return "time left: not known yet"
            seconds = max(0, round(self._forecast_s - (time.monotonic() - self._began_at)))
            return f"time left: about {timedelta(seconds=seconds)}"
        pace_s = (time.monotonic() - self._first_epoch_at) / (self._num_epochs_seen - 1)
        seconds = round(pace_s * sum(self._epochs_left.values()))
        return f"time left: about {timedelta(seconds=seconds)}"
