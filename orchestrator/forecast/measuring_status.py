"""Shows in a terminal how far the measuring of architectures is."""

from types import TracebackType

from rich.console import Console

from orchestrator.forecast.measure import MeasuringListener


class MeasuringStatus(MeasuringListener):
    """A status line, shown for the length of the measuring on one kind of GPU, or on all."""

    def __init__(self, console: Console, gpu_kind: str | None = None) -> None:
        self._console = console
        self._doing = "measuring" if gpu_kind is None else f"measuring on {gpu_kind}"
        self._status = console.status(self._doing)

    def __enter__(self) -> "MeasuringStatus":
        self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._status.stop()

    def measured(self, num_measured: int, num_in_all: int) -> None:
        """Show the number of measured architectures."""
        self._status.update(f"{self._doing}: {num_measured} of {num_in_all} architectures")

    def waits(self, reason: str) -> None:
        """Print why no measuring process has started."""
        self._console.print(f"measuring {reason}")
