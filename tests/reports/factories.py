"""Records and predictions of trials that nobody trained."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.source.split import Split
from corpora.source.task import TaskKind
from orchestrator.plan.code import code_digest
from reports.ledger.ledger import Ledger, stage_predictions
from reports.ledger.planned import Planned
from reports.ledger.record import Circumstances, Epoch, Predictions, Record, Result
from reports.scores.cells import Outcome, collect_outcome
from reports.scores.trials import TrialScores
from reports.tables.table import Table, Variant, build_table
from search_spaces.study import ANY_CORPUS, Column, Paper, Row, Source, Study
from search_spaces.trial import CorpusRef, Trial, TrialConfig

EMOTIONS = ("anger", "happy", "sad")
NUM_UTTERANCES = 20


def make_trial(
    seed: int = 0, config: TrialConfig | None = None, corpus: str = "synthetic"
) -> Trial:
    return Trial(
        config=config or TrialConfig(),
        corpus=CorpusRef(name=corpus, recipe="le", fingerprint=f"fingerprint-of-{corpus}"),
        seed=seed,
    )


def make_predictions(
    labels: NDArray[np.int8], probabilities: NDArray[np.float32], prefix: str = "utterance"
) -> Predictions:
    ids = [f"{prefix}-{number:03}" for number in range(len(labels))]
    return Predictions(
        ids=np.array(ids),
        groups=np.array([f"dialogue-{number // 5}" for number in range(len(labels))]),
        labels=labels.astype(np.int8),
        probabilities=probabilities.astype(np.float32),
    )


def make_split(seed: int, num_wrong: int, num_emotions: int = len(EMOTIONS)) -> Predictions:
    """Predict every emotion rightly but for `num_wrong` utterances, where all are wrong."""
    utterances = np.arange(NUM_UTTERANCES)
    labels = np.stack([utterances % (emotion + 2) == 0 for emotion in range(num_emotions)], axis=1)
    wrong = (utterances + seed) % NUM_UTTERANCES < num_wrong
    probabilities = np.where(labels ^ wrong[:, None], 0.75, 0.25)
    return make_predictions(labels.astype(np.int8), probabilities.astype(np.float32))


def make_circumstances(**changes: object) -> Circumstances:
    given = {
        "study": "depth",
        "row": "ours",
        "code_version": "0.1.0+abc1234",
        "device": "cpu",
        "precision": "fp32",
        "num_threads": 1,
        "libraries": {"numpy": "2.4.6", "torch": "2.11.0"},
        "host": "somewhere",
        "started_at": "2025-01-01T00:00:00+00:00",
        "wall_s": 2.5,
        "training_s": 2.0,
    }
    return Circumstances.model_validate(given | changes)


def make_record(
    trial: Trial,
    predictions_sha256: str = "",
    thresholds: tuple[float, ...] = (0.5,) * len(EMOTIONS),
    key: str | None = None,
    circumstances: Circumstances | None = None,
    emotions: tuple[str, ...] = EMOTIONS,
    task: TaskKind = "multilabel",
) -> Record:
    return Record(
        key=key or trial.key,
        trial=trial,
        result=Result(
            emotions=emotions,
            task=task,
            epochs=(Epoch(epoch=0, train_loss=0.7, valid_loss=0.6, valid={"f1": 0.5}),),
            best_epoch=0,
            thresholds=thresholds,
            num_parameters=1000,
            predictions_sha256=predictions_sha256,
        ),
        circumstances=circumstances
        or make_circumstances(code_digest=code_digest(trial.config.model)),
    )


def write_trial(
    ledger: Ledger,
    trial: Trial,
    test: Predictions,
    thresholds: tuple[float, ...] = (0.5,) * len(EMOTIONS),
    key: str | None = None,
    circumstances: Circumstances | None = None,
    emotions: tuple[str, ...] = EMOTIONS,
    task: TaskKind = "multilabel",
) -> Record:
    """Write a finished trial; its validation predictions equal those on test.

    `key` names it otherwise than by its content, for files that a change of a default must not
    change.
    """
    splits: dict[Split, Predictions] = {"valid": test, "test": test}
    folder = ledger.folder(key or trial.key)
    folder.mkdir(parents=True)
    sha256 = stage_predictions(folder, splits)
    record = make_record(trial, sha256, thresholds, key, circumstances, emotions, task)
    ledger.write(record)
    return record


def write_rows(
    ledger: Ledger, study: Study, num_wrong: Iterable[int], num_seeds: int = 5
) -> dict[str, tuple[str, ...]]:
    """Finish all trials of a study, row after row with more wrong utterances; return the plan."""
    seeds = range(num_seeds)
    wrong = {
        row.name: [base + seed % 2 for seed in seeds]
        for row, base in zip(study.rows, num_wrong, strict=True)
    }
    return write_wrong(ledger, wrong)


def write_wrong(
    ledger: Ledger, wrong: Mapping[str, Sequence[int]], emotions: tuple[str, ...] = EMOTIONS
) -> dict[str, tuple[str, ...]]:
    """Finish a trial for each number of wrong utterances, of 20, by row and seed; return the plan.

    A trial's accuracy, of each emotion and of all, is 1 - wrong / 20.
    """
    planned = {}
    for number, (row, of_row) in enumerate(wrong.items()):
        keys = tuple(f"{number}-{seed}" for seed in range(len(of_row)))
        for seed, (key, num_wrong) in enumerate(zip(keys, of_row, strict=True)):
            test = make_split(seed, num_wrong, len(emotions))
            thresholds = (0.5,) * len(emotions)
            write_trial(ledger, make_trial(seed), test, thresholds, key, emotions=emotions)
        planned[row] = keys
    return planned


def make_study(names: Iterable[str] = ("1-1-1-1", "2-2-2-2", "ours"), **changes: object) -> Study:
    """Make a study whose first rows stand for printed ones."""
    references = {"1-1-1-1": "le_t6/d1111", "2-2-2-2": "le_t6/d2222"}
    given = {
        "name": "depth",
        "title": "Depth of the model",
        "source": Source(
            paper=Paper(title="A Paper", authors="Le et al.", venue="IEEE Access"), label="Table 6"
        ),
        "baseline": {"tiny": {ANY_CORPUS: TrialConfig()}},
        "rows": tuple(
            Row(
                name=name,
                change={"model.audio.depth": number + 1},
                published=references.get(name, ()),
            )
            for number, name in enumerate(names)
        ),
        "columns": {
            "iemocap": (
                Column(metric="acc", header="Acc", published="IEMOCAP.Acc"),
                Column(metric="f1", header="F1", published="IEMOCAP.F1"),
            ),
            "mosei": (
                Column(metric="wacc", header="WAcc", published="MOSEI.WAcc"),
                Column(metric="f1", header="F1", published="MOSEI.F1"),
            ),
            ANY_CORPUS: (
                Column(metric="wacc", header="WAcc"),
                Column(metric="f1", header="F1"),
            ),
        },
    }
    return Study.model_validate(given | changes)


def make_table(
    storage: Path,
    study: Study,
    num_wrong: Iterable[int],
    num_seeds: int = 3,
    unfinished: Iterable[str] = (),
    variant: Variant = "beside",
    **given: Any,
) -> Table:
    """Build the table of trials that `write_rows` finished, without those of `unfinished`."""
    ledger = Ledger(storage)
    planned = write_rows(ledger, study, num_wrong, num_seeds)
    for key in unfinished:
        shutil.rmtree(ledger.folder(key))
    return build_table(study, [collect(study, planned, ledger, **given)], variant)


def collect(
    study: Study, keys: Mapping[str, tuple[str, ...]], ledger: Ledger, **given: Any
) -> Outcome:
    """Collect the outcome of some trials, by default on the synthetic corpus at the tiny scale."""
    place = {"corpus": "synthetic", "scale": "tiny"} | given
    place = {"family": place["corpus"]} | place
    return collect_outcome(Planned(study=study, keys=keys, **place), TrialScores(ledger))


def make_mixed_table(
    storage: Path, variant: Variant = "beside", corpus: str = "synthetic"
) -> Table:
    """Build a table with everything in it: complete, incomplete and missing cells, a new row."""
    study = make_study(["1-1-1-1", "2-2-2-2", "ours", "[50 %] a_b & {c}", "later"])
    unfinished = ["1-2", "3-1", "3-2", "4-0", "4-1", "4-2"]
    return make_table(
        storage, study, [4, 2, 0, 1, 3], unfinished=unfinished, variant=variant, corpus=corpus
    )
