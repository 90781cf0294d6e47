"""The state of a sweep that runs: what its terminal shows, and `mmer-sweep status` elsewhere."""

from orchestrator.facts import Facts


class RunningTrial(Facts):
    """A trial that trains now."""

    key: str
    """The trial's key."""

    row: str
    """The row that it trains for; `candidate N` in a search."""

    seed: str
    """Its seed, with its fold if the corpus has folds."""

    slot: int
    """Its place among the trials that this sweep trains at once, from 1 on."""

    host: str | None
    """The machine that trains it; null until it says so."""

    device: str | None
    """The device that trains it, such as `cpu`; null until it says so."""

    num_epochs: int
    """The epochs that are done."""

    max_epochs: int
    """The epochs that it trains at most."""

    scores: tuple[float, ...]
    """The validation score after each epoch, as far as this driver saw it."""

    score_name: str | None
    """The name of that score, such as `F1`; null before the first epoch."""


class SweepState(Facts):
    """A sweep, or a search, that a driver runs now."""

    driver: str
    """The process that drives the sweep: host, process and start."""

    names: tuple[str, ...]
    """The studies, or the search."""

    corpus: str
    """The corpus."""

    scale: str
    """The scale of the models."""

    started_at: str
    """When its first trial could start, in UTC, ISO 8601."""

    updated_at: str
    """When this state was written, in UTC, ISO 8601."""

    num_trials: int
    """The trials of the studies, or the candidates of the search, finished ones too."""

    num_finished: int
    """Those that have their record."""

    num_failed: int
    """Those that failed in this sweep."""

    running: tuple[RunningTrial, ...]
    """Those that train now, by slot."""

    seconds_left: float | None
    """The time left in seconds; null if it is not known yet."""

    num_waiting_for_mlflow: int
    """The trials that MLflow does not know completely yet."""

    is_stopping: bool = False
    """Whether a signal has asked the sweep to stop; a later run goes on from what is finished."""

    @property
    def num_left(self) -> int:
        """How many trials wait for a slot."""
        return self.num_trials - self.num_finished - self.num_failed - len(self.running)
