"""Predicts the test split with modalities withheld, by the kept models of finished trials."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from corpora.errors import UserError
from models.own.system import OwnSystem
from orchestrator.storage.publish import publish_file
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.ledger.record import Predictions, Record
from reports.ledger.withheld_file import read_withheld, write_withheld
from reports.scores.trials import TrialScores
from search_spaces.claim import Claim
from search_spaces.metrics.metric import Withheld
from search_spaces.metrics.registry import find_metric


def ensure_withheld(
    planned: Iterable[Planned], trial_scores: TrialScores, storage: Path, console: Console
) -> None:
    """Predict what the columns and claims of studies ask of their finished trials, once each.

    Nothing is trained. A trial whose model was not kept, or whose corpus is not here, has no such
    scores. PyTorch is loaded only if predictions are missing.

    Raises:
        LedgerError: If a record is damaged.
    """
    faults = []
    missing = _missing(planned, trial_scores, storage)
    for number, (record, patterns) in enumerate(missing, 1):
        told = f"test without some modalities: trial {number} of {len(missing)}"
        try:
            with console.status(told):
                for withheld, test in _predict(record, storage, patterns):
                    publish_file(storage, write_withheld(storage, record, withheld, test))
        except (UserError, OSError, MemoryError) as error:
            faults.append(str(error))
        except Exception as error:  # a user's own model may raise anything on what is blank
            if not isinstance(record.trial.config.model, OwnSystem):
                raise
            faults.append(f"trial '{record.key}': {type(error).__name__}: {error}")
    if faults:
        console.print(
            f"finished trials that have no scores without modalities: {len(faults)}; of the first: "
            f"{faults[0]}",
            style="yellow",
            markup=False,
        )


def _missing(
    planned: Iterable[Planned], trial_scores: TrialScores, storage: Path
) -> list[tuple[Record, list[Withheld]]]:
    """List the finished trials that lack predictions, and which they lack."""
    wanted: dict[str, dict[Withheld, None]] = {}
    for one in planned:
        patterns = dict.fromkeys(_patterns(one))
        for keys in (*one.keys.values(), *one.varied.values()) if patterns else ():
            for key in keys:
                wanted.setdefault(key, {}).update(patterns)
    missing = []
    for key, record in trial_scores.finished(wanted).items():
        lacks = [each for each in wanted[key] if read_withheld(storage, record, each) is None]
        missing += [(record, lacks)] if lacks else []
    return missing


def _patterns(planned: Planned) -> Iterator[Withheld]:
    """Yield what the columns and claims of a study withhold."""
    study = planned.study
    names = [column.metric for column in study.columns_for(planned.family)]
    claims = [claim for claim in study.claims if isinstance(claim, Claim)]
    names += [score.metric for claim in claims for score in claim.scores]
    yield from (withheld for name in names if (withheld := find_metric(name).withheld))


def _predict(
    record: Record, storage: Path, patterns: Sequence[Withheld]
) -> Iterator[tuple[Withheld, Predictions]]:
    """Predict the test split with the model of a trial, as the trial did.

    Raises:
        CorpusError, KeptModelError, OwnCodeError, WeightsError: As `load_trained`.
        LedgerError: If the predictions of a trial that diverged are damaged.
        MemoryError: If memory runs out.
        MissingPackageError: If the package is missing that makes features of silence.
    """
    if record.result.best is None:  # there is no model that could lack anything
        test = Ledger(storage).predictions(record, ["test"])["test"]
        yield from ((withheld, test) for withheld in patterns)
        return
    from corpora.device import default_device  # these load PyTorch
    from orchestrator.kept_models.load import load_trained
    from orchestrator.kept_models.withheld_split import predict_withheld
    from orchestrator.training.memory import is_out_of_memory

    device = default_device()
    try:
        trained = load_trained(record, storage, device=device)
        yield from predict_withheld(trained, patterns, device)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryError(
            f"the model of trial '{record.key}' does not fit into the memory that is free here; "
            "end other programs, and run the same command again"
        ) from error
