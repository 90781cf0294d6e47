"""The program from Python: run studies, and get what they found as tables of pandas.

Each table is tidy: one fact a row. `mmer_sweep` gives these functions their public names.

Storage, corpus and scale that are not given are those of the project (`orchestrator.project`), as
on the command line; the storage is first that of the environment.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

import pandas as pd

from corpora.preparation.known import know_corpus
from orchestrator.cluster.machines import THIS_MACHINE, Machines
from orchestrator.corpus.setup import ensure_corpus
from orchestrator.plan.place import Place
from orchestrator.plan.plan import default_scale, make_plan
from orchestrator.plan.seeds import Seeds
from orchestrator.project.read import read_project
from orchestrator.storage.folder import DEFAULT_STORAGE, STORAGE_VARIABLE, open_storage
from orchestrator.storage.publish import locate_place
from orchestrator.terminal import console
from reports.forms.verdict_words import metric_of
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, plans_of
from reports.ledger.record import Record
from reports.scores.lines import ScoreLine, score_lines
from reports.scores.trials import TrialScores
from reports.verdicts.adaptive_seeds import judge_planned
from search_spaces.catalogue import COLLECTIONS, STUDIES, load_studies
from search_spaces.errors import StudyError
from search_spaces.study import Study
from search_spaces.terms import MetricName, Scale

Studies = Study | str | Path | Iterable[Study | str | Path]
"""A study, the name of built-in studies, a study file, or several of them."""

_PLACE = ("study", "corpus", "scale", "row", "seed", "fold", "key")
"""The columns that name a trial of a row."""

CORPUS = "synthetic"


def plan(
    studies: Studies,
    *,
    corpus: str | None = None,
    storage: str | Path | None = None,
    scale: Scale | None = None,
    seeds: int | None = None,
) -> pd.DataFrame:
    """List the trials that studies need; nothing trains.

    Returns:
        A row for each study, row, seed and fold: `study`, `row`, `corpus`, `scale`, `seed`, `fold`,
        `key`, `is_finished`. Rows of equal `key` share a trial.

    Raises:
        UserError: If something given is wrong; the message says what to do.
    """
    if seeds is not None and (not isinstance(seeds, int) or seeds < 1):
        raise StudyError(f"seeds is {seeds!r}; give the number of seeds, 1 or more")
    opened, corpus = _open(storage), _corpus(corpus)
    ensure_corpus(corpus, opened, console)
    known, ledger = know_corpus(corpus, opened), Ledger(opened)
    scale = _scale(scale) or default_scale(known)
    plans = [make_plan(study, known, scale, seeds, ledger) for study in _studies(studies)]
    return pd.DataFrame(
        {
            "study": one.study.name,
            "row": row,
            "corpus": corpus,
            "scale": scale,
            "seed": trial.seed,
            "fold": trial.corpus.fold.name if trial.corpus.fold else "",
            "key": trial.key,
            "is_finished": trial.key in one.finished,
        }
        for one in plans
        for row, trials in one.trials.items()
        for trial in trials
    )


def run(
    studies: Studies,
    *,
    corpus: str | None = None,
    storage: str | Path | None = None,
    scale: Scale | None = None,
    seeds: Seeds = None,
    machines: Machines = THIS_MACHINE,
    measures: bool = True,
    keeps_models: bool = True,
    retrain: bool = False,
    tracking_uri: str | None = None,
) -> int:
    """Train the missing trials of studies, and write their tables, as `mmer-sweep run` does.

    Returns:
        The number of trials that failed.

    Raises:
        KeyboardInterrupt: If a signal stopped it; the same call continues it.
        UserError: If something given is wrong; the message says what to do.
    """
    from orchestrator.sweep.studies import Sweep, run_mirrored

    sweep = Sweep(
        place=Place(_corpus(corpus), _scale(scale), _open(storage)),
        seeds=seeds,
        retrain=retrain,
        machines=machines,
        measures="new" if measures else "none",
        prices=None,
        keeps_models=keeps_models,
    )
    end = run_mirrored(list(_studies(studies)), sweep, tracking_uri)
    if end.stopped_by is not None:
        raise KeyboardInterrupt
    return end.num_failed


def results(
    study: str | None = None,
    *,
    storage: str | Path | None = None,
    metrics: MetricName | Sequence[MetricName] | None = None,
) -> pd.DataFrame:
    """Return the test scores of finished trials.

    Args:
        study: The study; by default all that were run in the storage.
        storage: The storage folder, or the address of a bucket; by default the project's.
        metrics: The metrics, over all emotions; by default the columns of each study.

    Returns:
        A row for each trial and score: `study`, `corpus`, `scale`, `row`, `seed`, `fold`, `metric`,
        `emotion` ("overall" for all), `score`, `unit` ("fraction", or "plain"), `fault`, `key`.

    Raises:
        UserError: If there is no such study or metric.
    """
    if isinstance(metrics, str):
        metrics = [metrics]
    scores = TrialScores(Ledger(_open(storage)))
    lines = [
        line
        for planned in plans_of(study, scores.ledger)
        for line in score_lines(planned, scores, _columns(planned, metrics))
    ]
    scores.remember()
    return pd.DataFrame(lines, columns=[*ScoreLine._fields])


def records(study: str | None = None, *, storage: str | Path | None = None) -> pd.DataFrame:
    """Return what finished trials were and took; arguments as of `results`.

    Returns:
        A row for each row of a study and trial: what `results` names it by, and `system`,
        `num_epochs`, `best_epoch`, `has_diverged`, `num_parameters`, `macs`, `wall_s`,
        `peak_memory_mib`, `peak_gpu_memory_mib`, `device`, `host`, `code_version`.
    """
    return _frame(
        {
            **_trial(planned, row, record),
            "system": record.trial.config.model.system,
            "num_epochs": len(record.result.epochs),
            **record.result.model_dump(include={"best_epoch", "num_parameters", "macs"}),
            "has_diverged": record.result.has_diverged,
            **record.circumstances.model_dump(
                include={
                    *("wall_s", "peak_memory_mib", "peak_gpu_memory_mib"),
                    *("device", "host", "code_version"),
                }
            ),
        }
        for planned, row, record in _finished(study, storage)
    )


def curves(study: str | None = None, *, storage: str | Path | None = None) -> pd.DataFrame:
    """Return the epochs of finished trials; arguments as of `results`.

    Returns:
        A row for each trial, epoch and quantity: `epoch` from 0 on, `quantity` ("train_loss",
        "valid_loss", and each validation score as "valid_f1"), `value`.
    """
    return _frame(
        {
            **_trial(planned, row, record),
            "epoch": epoch.epoch,
            "quantity": quantity,
            "value": value,
        }
        for planned, row, record in _finished(study, storage)
        for epoch in record.result.epochs
        for quantity, value in {
            "train_loss": epoch.train_loss,
            "valid_loss": epoch.valid_loss,
            **{f"valid_{name}": score for name, score in epoch.valid.items()},
        }.items()
    )


def predictions(study: str | None = None, *, storage: str | Path | None = None) -> pd.DataFrame:
    """Return what finished trials predict on the test split; arguments as of `results`.

    Returns:
        A row for each trial, utterance and emotion: `utterance`, `group` (its dialogue, video or
        speaker), `emotion`, `label`, and `predicted`: a probability, or a number.
    """
    ledger = Ledger(_open(storage))
    frames = []
    for planned, row, record in _finished(study, storage):
        test = ledger.predictions(record, ["test"])["test"]
        num_emotions = len(record.result.emotions)
        frames.append(
            pd.DataFrame(
                {
                    **_trial(planned, row, record),
                    "utterance": test.ids.repeat(num_emotions),
                    "group": test.groups.repeat(num_emotions),
                    "emotion": list(record.result.emotions) * len(test.ids),
                    "label": test.labels.ravel(),
                    "predicted": test.probabilities.ravel(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True) if frames else _frame(())


def verdicts(study: str | None = None, *, storage: str | Path | None = None) -> pd.DataFrame:
    """Judge the claims of studies; arguments as of `results`.

    Returns:
        A row for each claim: `claim`, `text`, `kind`, `metric`, `verdict`, `beyond` (this test
        split), `num_seeds`, `projected_seeds`, `reason`.
    """
    scores = TrialScores(Ledger(_open(storage)))
    return pd.DataFrame(
        {
            **_place(planned),
            "claim": one.claim.id,
            "text": one.claim.text,
            "kind": one.claim.kind,
            "metric": metric.name if (metric := metric_of(one)) else "",
            "verdict": one.verdict,
            "beyond": one.beyond or "",
            "num_seeds": one.num_seeds,
            "projected_seeds": one.projected_seeds,
            "reason": one.reason,
        }
        for planned in plans_of(study, scores.ledger)
        if planned.study.claims
        for one in judge_planned(planned, scores)
    )


def _open(storage: str | Path | None) -> Path:
    """Open the storage that is given, or that the environment or the file of the project names."""
    place = storage or os.environ.get(STORAGE_VARIABLE) or read_project().values.get("storage")
    return open_storage(locate_place(str(place or DEFAULT_STORAGE)))


def _corpus(given: str | None) -> str:
    return given or str(read_project().values.get("corpus", CORPUS))


def _scale(given: Scale | None) -> Scale | None:
    return given or cast("Scale | None", read_project().values.get("scale"))


def _studies(given: Studies) -> Iterator[Study]:
    match given:
        case Study():
            yield given
        case Path():
            yield from load_studies(given)
        case str() if given.endswith(".py"):
            yield from load_studies(Path(given))
        case str() if given in COLLECTIONS:
            yield from COLLECTIONS[given]
        case str() if given in STUDIES:
            yield STUDIES[given]
        case str():
            raise StudyError(
                f"'{given}' is no study; choose from {', '.join((*COLLECTIONS, *STUDIES))}, or "
                "give a Study or a FILE.py"
            )
        case _:
            for one in given:
                yield from _studies(one)


def _columns(
    planned: Planned, metrics: Iterable[MetricName] | None
) -> list[tuple[MetricName, str | None]]:
    """List what to score: metrics over all emotions, or the columns of the study."""
    if metrics is not None:
        return [(metric, None) for metric in metrics]
    columns = planned.study.columns_for(planned.family)
    return [(column.metric, column.emotion) for column in columns]


def _finished(
    study: str | None, storage: str | Path | None
) -> Iterator[tuple[Planned, str, Record]]:
    """Yield the finished trials of each row."""
    ledger = Ledger(_open(storage))
    for planned in plans_of(study, ledger):
        for row, keys in planned.keys.items():
            for record in ledger.finished(keys).values():
                yield planned, row, record


def _frame(lines: Iterable[dict[str, object]]) -> pd.DataFrame:
    """Make a table; without a line it has the columns that name a trial."""
    frame = pd.DataFrame(lines)
    return frame if len(frame.columns) else pd.DataFrame(columns=[*_PLACE])


def _trial(planned: Planned, row: str, record: Record) -> dict[str, object]:
    fold = record.trial.corpus.fold
    names = (*_place(planned).values(), row, record.trial.seed, fold.name if fold else "")
    return dict(zip(_PLACE, (*names, record.key), strict=True))


def _place(planned: Planned) -> dict[str, str]:
    return {"study": planned.study.name, "corpus": planned.corpus, "scale": planned.scale}
