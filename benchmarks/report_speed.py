"""How long do all tables of both papers take from 10,000 records?

    python -m benchmarks.report_speed FOLDER

The records are written to FOLDER if they are missing: every row of both papers on IEMOCAP and
CMU-MOSEI at their test sizes, with as many seeds as give 10,000 trials. Nothing is trained: the
probabilities are drawn.
"""

import platform
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console

from corpora.iemocap.turn import IEMOCAP_EMOTIONS
from corpora.mosei.labels import MOSEI_EMOTIONS
from corpora.preparation.known import SYNTHETIC_RECIPES, KnownCorpus
from corpora.store.manifest import CorpusIdentity
from orchestrator.plan.plan import Plan, make_plan, planned_of
from reports.forms.files import write_table
from reports.ledger.files import staged_at
from reports.ledger.ledger import PREDICTIONS_FILE, RECORD_FILE, Ledger, stage_predictions
from reports.ledger.planned import read_planned, remember
from reports.ledger.record import Circumstances, Epoch, Predictions, Record, Result
from reports.ledger.record_file import record_bytes
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from reports.tables.table import build_tables
from reports.verdicts.judgement import judge_claims
from search_spaces.catalogue import COLLECTIONS
from search_spaces.trial import Trial

NUM_TRIALS = 10_000
NUM_EPOCHS = 25


@dataclass(frozen=True)
class Sizes:
    """The printed sizes of a corpus: utterances of valid and test, and dialogues or videos."""

    emotions: tuple[str, ...]
    num_valid: int
    num_test: int
    num_groups: int


CORPORA = {
    "iemocap": Sizes(IEMOCAP_EMOTIONS, num_valid=737, num_test=1481, num_groups=31),
    "mosei": Sizes(MOSEI_EMOTIONS, num_valid=1765, num_test=4188, num_groups=640),
}
STUDIES = COLLECTIONS["all"]


def plan_all(corpus: str, num_seeds: int, ledger: Ledger) -> list[Plan]:
    """Plan both papers on a corpus that does not exist."""

    def identify(recipe: str) -> CorpusIdentity:
        settings = SYNTHETIC_RECIPES[recipe]
        return CorpusIdentity(
            name=corpus, kind=corpus, fingerprint=f"{corpus}, {recipe}", recipe=settings
        )

    known = KnownCorpus(corpus, corpus, identify)
    return [make_plan(study, known, "tiny", num_seeds, ledger) for study in STUDIES]


def draw(size: int, num_groups: int, num_emotions: int, rng: np.random.Generator) -> Predictions:
    """Draw the labels of a split, and probabilities that are correlated with them."""
    labels = (rng.random((size, num_emotions)) < 0.2).astype(np.int8)
    noise = rng.random(labels.shape)
    return Predictions(
        ids=np.array([f"utterance-{number:05}" for number in range(size)]),
        groups=np.array([f"group-{number % num_groups:04}" for number in range(size)]),
        labels=labels,
        probabilities=((labels + 2 * noise) / 3).astype(np.float32),
    )


def make_record(trial: Trial, sizes: Sizes, sha256: str) -> Record:
    """Make a record with learning curves of the usual length."""
    scores = {"acc": 0.8, "wacc": 0.7, "f1": 0.5, "precision": 0.5, "recall": 0.5, "auc": 0.7}
    epochs = tuple(
        Epoch(epoch=number, train_loss=0.5, valid_loss=0.6, valid=scores)
        for number in range(NUM_EPOCHS)
    )
    return Record(
        key=trial.key,
        trial=trial,
        result=Result(
            emotions=sizes.emotions,
            epochs=epochs,
            best_epoch=3,
            thresholds=(0.5,) * len(sizes.emotions),
            num_parameters=1_000_000,
            predictions_sha256=sha256,
        ),
        circumstances=Circumstances(
            study="drawn",
            row="drawn",
            code_version="drawn",
            device="cpu",
            precision="fp32",
            num_threads=1,
            libraries={"torch": "drawn"},
            host="drawn",
            started_at="2025-01-01T00:00:00+00:00",
            wall_s=1.0,
            training_s=1.0,
        ),
    )


def write_records(storage: Path, console: Console) -> None:
    """Write the missing records; those of one corpus and seed have equal predictions."""
    ledger = Ledger(storage)
    for corpus, sizes in CORPORA.items():
        per_seed = len({key for plan in plan_all(corpus, 1, ledger) for key in plan.by_key})
        num_seeds = -(-NUM_TRIALS // (per_seed * len(CORPORA)))
        plans = plan_all(corpus, num_seeds, ledger)
        missing = {t.key: t for plan in plans for t in plan.missing}
        for seed in sorted({trial.seed for trial in missing.values()}):
            trials = [trial for trial in missing.values() if trial.seed == seed]
            _write_seed(ledger, trials, sizes, np.random.default_rng(seed))
        for plan in plans:
            remember(planned_of(plan, looks=()), storage)
        console.print(f"{corpus}: {per_seed * num_seeds} records are there")


def _write_seed(
    ledger: Ledger, trials: list[Trial], sizes: Sizes, rng: np.random.Generator
) -> None:
    num_emotions = len(sizes.emotions)
    valid = draw(sizes.num_valid, sizes.num_groups, num_emotions, rng)
    test = draw(sizes.num_test, sizes.num_groups, num_emotions, rng)
    first = ledger.folder(trials[0].key)
    first.mkdir(parents=True, exist_ok=True)
    sha256 = stage_predictions(first, {"valid": valid, "test": test})
    staged = staged_at(first / PREDICTIONS_FILE, sha256)
    content = staged.read_bytes()
    staged.unlink()
    for trial in trials:
        folder = ledger.folder(trial.key)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PREDICTIONS_FILE).write_bytes(content)
        record = make_record(trial, sizes, sha256)
        (folder / RECORD_FILE).write_bytes(record_bytes(record))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--verdicts/--no-verdicts", default=False, help="Also judge all claims.")
def main(folder: Path, *, verdicts: bool) -> None:
    """Time all tables of both papers, in every form and variant."""
    console = Console(highlight=False, width=120)
    write_records(folder, console)
    start = time.perf_counter()
    trial_scores = TrialScores(Ledger(folder))
    planned = read_planned(trial_scores.ledger)
    outcomes = {
        study.name: [collect_outcome(p, trial_scores) for p in planned if p.study == study]
        for study in STUDIES
    }
    read_s = time.perf_counter() - start
    num_tables = 0
    for study in STUDIES:
        for table in build_tables(study, outcomes[study.name]):
            write_table(table, folder / "tables")
            num_tables += 1
    trial_scores.remember()
    written_s = time.perf_counter() - start
    num_records = len({key for of in outcomes.values() for o in of for key in o.records})
    console.print(
        f"{platform.processor() or platform.machine()}: {num_records} records, {num_tables} tables "
        f"in {written_s:.1f} s, {read_s:.1f} s of them reading and scoring"
    )
    if verdicts:
        for study in STUDIES:
            judge_claims(study, outcomes[study.name], trial_scores)
        console.print(f"all claims judged {time.perf_counter() - start - written_s:.1f} s later")


if __name__ == "__main__":
    main()
