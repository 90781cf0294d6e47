"""A running sweep without training: trials, and a clock of the test."""

from orchestrator.live.sweep import Header, LiveSweep
from orchestrator.live.time_left import TimeLeft
from reports.ledger.record import Epoch
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_config

REFERENCE = CorpusRef(name="mine", recipe="le", fingerprint="f")


class LiveBench:
    """Trials of the rows given, one seed after another, of two epochs each; two have records."""

    def __init__(
        self,
        *rows: str,
        forecast_s: float | None = None,
        trial_s: dict[str, float] | None = None,
    ) -> None:
        self.now = 0.0
        self.trials = [
            Trial(config=small_config(), corpus=REFERENCE, seed=seed) for seed in range(len(rows))
        ]
        of_key = {trial.key: row for trial, row in zip(self.trials, rows, strict=True)}
        by_row = trial_s or {}
        self.live = LiveSweep(
            Header(("small",), "mine", "tiny", 2 + len(rows), 2, forecast_s),
            of_key.__getitem__,
            TimeLeft(
                {trial.key: trial for trial in self.trials},
                of_key,
                {key: by_row[row] for key, row in of_key.items() if row in by_row},
            ),
            clock=lambda: self.now,
        )

    def seconds_left(self) -> float | None:
        return self.live.state().seconds_left


def epoch(number: int, f1: float = 0.625) -> Epoch:
    return Epoch(epoch=number, train_loss=1.0, valid_loss=1.0, valid={"f1": f1})
