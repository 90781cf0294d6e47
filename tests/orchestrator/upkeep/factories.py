"""Storage folders with records of trials that nobody trained."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from reports.ledger.files import stage
from reports.ledger.ledger import CHECKPOINT_FILE, MODEL_FILE, Ledger, stage_predictions
from reports.ledger.planned import Planned, remember
from reports.ledger.record import Record
from search_spaces.study import Row, Study
from search_spaces.trial import Trial
from tests.reports.factories import make_circumstances, make_record, make_split, make_study
from tests.reports.factories import make_trial as trial_of

ROWS = ("good", "bad")
WRONG: Mapping[str, int] = {"good": 1, "bad": 9}
"""How many of 20 utterances a row gets wrong; odd seeds get one more wrong."""

PLACE = {"corpus": "synthetic", "family": "synthetic", "scale": "tiny"}
FINGERPRINT = "fingerprint-of-synthetic"


def two_rows(**changes: object) -> Study:
    """Make a study of two rows, which differ in the depth of the audio encoder."""
    return make_study(ROWS, **changes)


def trials_of(study: Study, seeds: Iterable[int]) -> dict[str, list[Trial]]:
    """List the trials of each row."""
    configs = study.configs("synthetic", "tiny")
    return {row: [trial_of(seed, config) for seed in seeds] for row, config in configs.items()}


def plan_seeds(storage: Path, seeds: Iterable[int], study: Study | None = None) -> Planned:
    """Store the plan of a study with some seeds."""
    study = study or two_rows()
    trials = trials_of(study, list(seeds))
    keys = {row: tuple(trial.key for trial in of_row) for row, of_row in trials.items()}
    planned = Planned(study=study, keys=keys, fingerprints=(FINGERPRINT,), **PLACE)
    return remember(planned, storage)


def finish(
    storage: Path,
    trial: Trial,
    num_wrong: int = 1,
    *,
    model: bytes | None = None,
    **circumstances: object,
) -> Record:
    """Finish a trial, perhaps with a kept model."""
    ledger = Ledger(storage)
    folder = ledger.folder(trial.key)
    test = make_split(trial.seed, num_wrong)
    sha256 = stage_predictions(folder, {"valid": test, "test": test})
    given = make_circumstances(
        **circumstances,
        model_sha256=None if model is None else stage(folder / MODEL_FILE, model),
    )
    return ledger.write(make_record(trial, sha256, circumstances=given))


def finish_seeds(
    storage: Path,
    seeds: Iterable[int],
    *,
    with_models: bool = False,
    study: Study | None = None,
    **circumstances: object,
) -> Planned:
    """Plan and finish all trials of a study with some seeds; a kept model holds its key."""
    seeds = list(seeds)
    study = study or two_rows()
    for row, trials in trials_of(study, seeds).items():
        for trial in trials:
            model = trial.key.encode() if with_models else None
            num_wrong = WRONG.get(row, 5) + trial.seed % 2
            finish(storage, trial, num_wrong, model=model, row=row, **circumstances)
    return plan_seeds(storage, seeds, study)


def leave_checkpoint(storage: Path, key: str, num_bytes: int = 1000) -> Path:
    """Leave a checkpoint as a training leaves it."""
    path = Ledger(storage).folder(key) / CHECKPOINT_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(num_bytes))
    return path


def with_row(study: Study, name: str) -> Study:
    """Add a row to a study."""
    return study.model_copy(
        update={"rows": (*study.rows, Row(name=name, change={"model.audio.depth": 7}))}
    )
