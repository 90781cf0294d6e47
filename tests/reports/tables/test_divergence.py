"""What is said of trainings that diverged, or split their batches: all count, all forms tell."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from reports.document.trial_line import TrialLine
from reports.document.words import describe_training
from reports.figures.curves import draw_curves
from reports.forms.plain import to_csv, to_json
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.record import Record
from reports.ledger.record_file import record_bytes
from reports.scores.cells import Outcome
from reports.scores.environment import describe_environment
from reports.scores.trials import TrialScores
from reports.tables.blocks import MISSING
from reports.tables.table import Table, build_table
from reports.verdicts.judgement import judge_claims
from search_spaces.claim import Claim, greater
from search_spaces.study import Study
from tests.reports.factories import (
    collect,
    make_circumstances,
    make_record,
    make_study,
    make_trial,
    write_wrong,
)
from tests.reports.forms.golden import WRITERS

WRONG = {"a": [4, 5, 4], "b": [1, 2, 20]}
NOTE = (
    "1 of 3 seeds on the synthetic corpus at the tiny scale diverged: the loss was no longer a "
    "finite number; such a seed is a result and counts"
)


def diverge(record: Record, epoch: int = 0) -> Record:
    """Let a trial diverge in its first epoch, or after the only one that it has."""
    changes: dict[str, object] = {"diverged_at_epoch": epoch}
    if epoch == 0:
        changes |= {"epochs": (), "best_epoch": -1}
    return record.model_copy(update={"result": record.result.model_copy(update=changes)})


def outcome_with_a_diverged_trial(storage: Path, *claims: Claim) -> tuple[Study, Outcome, Ledger]:
    """Finish three seeds of two rows; the last of b diverged at once."""
    ledger, study = Ledger(storage), make_study(WRONG, claims=claims)
    planned = write_wrong(ledger, WRONG)
    record = ledger.find("1-2")
    assert record is not None
    path = ledger.folder("1-2") / RECORD_FILE
    path.write_bytes(record_bytes(diverge(record)))
    return study, collect(study, planned, ledger), ledger


@pytest.fixture
def table(tmp_path: Path) -> Table:
    study, outcome, _ = outcome_with_a_diverged_trial(tmp_path)
    return build_table(study, [outcome])


def test_diverged_seed_counts_and_its_row_is_marked(table: Table) -> None:
    ours = table.blocks[0]
    assert ours.shown[1][0].count == ""  # all 3 of 3
    letters = [letter for letter, text in table.footnotes.items() if text == NOTE]
    assert len(letters) == 1
    assert table.marks[1] == letters[0]
    assert letters[0] not in table.marks[0]


@pytest.mark.parametrize("form", sorted(WRITERS))
def test_every_form_tells_of_a_diverged_seed(table: Table, form: str) -> None:
    text = " ".join(WRITERS[form](table).split())
    assert ("num_diverged" if form == "csv" else "1 of 3 seeds") in text


def test_machines_read_how_many_diverged_in_which_cell(table: Table) -> None:
    lines = [
        line for line in csv.DictReader(io.StringIO(to_csv(table))) if line["origin"] == "ours"
    ]
    assert {(line["row"], line["num_diverged"]) for line in lines} == {("a", ""), ("b", "1")}
    document = json.loads(to_json(table))
    assert document["trials"]["1-2"]["diverged_at_epoch"] == 0
    assert "diverged_at_epoch" not in document["trials"]["1-1"]
    _, of_b = document["blocks"][0]["cells"]
    assert {cell["num_diverged"] for cell in of_b} == {1}


def test_difference_to_a_row_tells_whose_trials_diverged(tmp_path: Path) -> None:
    study, outcome, _ = outcome_with_a_diverged_trial(tmp_path)
    lines = csv.DictReader(io.StringIO(to_csv(build_table(study, [outcome], "minus-baseline"))))
    numbers = {line["num_diverged"] for line in lines if line["origin"] == "difference"}
    assert numbers == {"1"}


def test_verdict_tells_how_many_seeds_diverged(tmp_path: Path) -> None:
    claim = greater("own", "b beats a", "b", "a", corpus="synthetic", metric="acc")
    study, outcome, ledger = outcome_with_a_diverged_trial(tmp_path, claim)
    (judged,) = judge_claims(study, [outcome], TrialScores(ledger))
    assert judged.num_seeds == 3
    assert judged.reason.endswith(", 1 seed diverged")


def test_trial_line_tells_where_it_diverged() -> None:
    def texts(record: Record) -> tuple[str, ...]:
        return TrialLine(record, (), valid_score=None, test_score=0.0).texts

    record = make_record(make_trial())
    assert texts(diverge(record))[4] == f"{MISSING}, diverged in 1"
    assert texts(diverge(record, 1))[4] == "1, diverged in 2"


def test_curves_show_a_diverged_seed_as_far_as_it_goes(tmp_path: Path) -> None:
    study, outcome, _ = outcome_with_a_diverged_trial(tmp_path)
    drawing = draw_curves(study, outcome)
    assert drawing is not None
    assert len(drawing.data) == 5
    (thick,) = [line for line in drawing.figure.axes[0].lines if line.get_label() == "b"]
    assert np.size(thick.get_xdata()) == 0


def test_split_batches_are_a_difference_between_trials() -> None:
    split = make_circumstances(micro_batches=((0, 8), (2, 4)))
    whole, halved = make_record(make_trial(0)), make_record(make_trial(1), circumstances=split)
    (fact,) = describe_environment([whole, halved]).mixed
    assert fact.name == "what batch norm sees"
    assert dict(fact.values) == {"whole batches": 1, "micro-batches of 4": 1}
    assert fact.name not in [fact.name for fact in describe_environment([whole]).facts]


def test_report_tells_the_largest_peak() -> None:
    records = [
        make_record(make_trial(seed), circumstances=make_circumstances(peak_memory_mib=mib))
        for seed, mib in enumerate((1024.0, 2560.0, None))
    ]
    text = describe_training(describe_environment(records))
    assert text.endswith("At its peak a trial took 2.5 GiB of memory.")
    assert "peak" not in describe_training(describe_environment(records[2:]))


def test_record_from_before_is_read_as_it_was() -> None:
    """Its fields are those of a training that did not diverge, of whole batches."""
    given = json.loads(make_record(make_trial()).model_dump_json())
    del given["result"]["diverged_at_epoch"]
    for field in ("micro_batches", "peak_memory_mib", "peak_gpu_memory_mib", "cpu_s"):
        del given["circumstances"][field]
    record = Record.model_validate(given)
    assert "is_deterministic" not in given["circumstances"]
    assert not record.circumstances.is_deterministic
    assert not record.result.has_diverged
    assert record.result.best == record.result.epochs[0]
    assert record == make_record(make_trial())
