"""A storage folder with a plan and made-up records, and what an MLflow then holds."""

from pathlib import Path

from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from models.configs.le import AudioConfig, LeConfig
from orchestrator.addresses.spool import Mirrored
from orchestrator.storage.folder import tables_folder
from orchestrator.tracking.client import EXPERIMENT
from orchestrator.tracking.delivery import Delivery
from reports.forms.files import write_table
from reports.forms.verdicts import write_verdicts
from reports.ledger.ledger import Ledger, stage_predictions
from reports.ledger.planned import Planned, remember
from reports.ledger.record import Epoch, Record
from reports.scores.cells import Outcome, collect_outcome
from reports.scores.trials import TrialScores
from reports.tables.table import build_table
from reports.verdicts.adaptive_seeds import judge_planned
from search_spaces.claim import greater
from search_spaces.study import ANY_CORPUS, Study
from search_spaces.trial import Trial, TrialConfig
from tests.reports.factories import make_record, make_split, make_study, make_trial

ROWS = ("shallow", "deep")
NUM_EPOCHS = 3
PLACE = {"corpus": "synthetic", "family": "synthetic", "scale": "tiny"}


def make_plan(
    storage: Path, *, name: str = "depth", rows: tuple[str, ...] = ROWS, num_seeds: int = 2
) -> tuple[Planned, list[Trial]]:
    """Plan a study whose rows differ in the audio encoder's depth: 1, 2 and so on."""
    study = make_study(rows, name=name, baseline={"tiny": {ANY_CORPUS: TrialConfig()}})
    return plan_study(storage, study, num_seeds)


def plan_study(storage: Path, study: Study, num_seeds: int) -> tuple[Planned, list[Trial]]:
    """Plan a study on the synthetic corpus; nobody asks whether it is there."""
    configs = study.configs("synthetic", "tiny")
    trials = {
        row: [make_trial(seed, config) for seed in range(num_seeds)]
        for row, config in configs.items()
    }
    keys = {row: tuple(trial.key for trial in of_row) for row, of_row in trials.items()}
    planned = Planned(study=study, keys=keys, fingerprints=("0123456789abcdef",), **PLACE)
    return remember(planned, storage), [t for of_row in trials.values() for t in of_row]


def record_trial(storage: Path, trial: Trial, *, num_epochs: int = NUM_EPOCHS) -> Record:
    """Finish a trial that nobody trained."""
    ledger = Ledger(storage)
    folder = ledger.folder(trial.key)
    folder.mkdir(parents=True, exist_ok=True)
    model = trial.config.model
    assert isinstance(model, LeConfig)
    assert isinstance(model.audio, AudioConfig)
    test = make_split(trial.seed, model.audio.depth)
    sha256 = stage_predictions(folder, {"valid": test, "test": test})
    epochs = tuple(make_epoch(number) for number in range(num_epochs))
    record = make_record(trial, sha256)
    result = record.result.model_copy(update={"epochs": epochs})
    record = record.model_copy(update={"result": result})
    ledger.write(record)
    return record


def record_study(
    storage: Path, *rows: str, name: str = "depth"
) -> tuple[Planned, list[Trial], Outcome]:
    """Finish a study with a claim, and write its table and verdicts where a sweep does."""
    text = "the deeper one is better"
    claim = greater("deeper", text, rows[1], rows[0], corpus="synthetic", metric="f1")
    baseline = {"tiny": {ANY_CORPUS: TrialConfig()}}
    study = make_study(rows, name=name, baseline=baseline, claims=(claim,))
    planned, trials = plan_study(storage, study, num_seeds=2)
    for trial in trials:
        record_trial(storage, trial)
    trial_scores = TrialScores(Ledger(storage))
    outcome = collect_outcome(planned, trial_scores)
    folder = tables_folder(storage, name, planned.corpus, planned.scale)
    write_table(build_table(study, [outcome]), folder)
    write_verdicts(judge_planned(planned, trial_scores), name, folder)
    return planned, trials, outcome


def make_epoch(number: int) -> Epoch:
    return Epoch(
        epoch=number, train_loss=0.7 - number / 10, valid_loss=0.6, valid={"f1": 0.5 + number / 10}
    )


def deliver(
    storage: Path, tracking_uri: str, *mirrored: Mirrored, max_model_mib: float = 0.0
) -> Delivery:
    """Deliver some studies and searches as `mmer-sweep sync` does."""
    delivery = Delivery(storage, tracking_uri, max_model_mib=max_model_mib)
    delivery.catch_up(mirrored)
    delivery.close()
    return delivery


def runs_of(tracking_uri: str, kind: str = "trial") -> list[Run]:
    client = MlflowClient(tracking_uri=tracking_uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], f"tags.kind = '{kind}'"))


def run_of(tracking_uri: str, key: str) -> Run:
    (run,) = (run for run in runs_of(tracking_uri) if run.data.tags["key"] == key)
    return run


def steps_of(tracking_uri: str, run: Run, metric: str = "valid_f1") -> list[int]:
    history = MlflowClient(tracking_uri=tracking_uri).get_metric_history(run.info.run_id, metric)
    return sorted(point.step for point in history)
