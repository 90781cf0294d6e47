"""A storage folder of 29 November 2026: what was stored then is read, named and shown as then.

Its tables were written by that day's code, `mmer-sweep run kept.py --seeds 2`. What their forms say
has since changed in the legend of the verdicts, the style of the pages, and how the files for
programs name their unit: those files are of later code, and so is the plain form of LaTeX.
"""

import shutil
from pathlib import Path

import pytest

from corpora.parsing.sealed import sealed, unsealed
from corpora.preparation.known import KnownCorpus, know_corpus
from corpora.store.manifest import CorpusIdentity
from orchestrator.plan.plan import make_plan
from reports.forms.files import write_table
from reports.forms.verdicts import write_verdicts
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.planned import Planned, plan_file, read_planned, remember
from reports.ledger.record import Record
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from reports.tables.table import build_tables
from reports.verdicts.adaptive_seeds import judge_planned

KEPT = Path(__file__).parent / "kept_ledger"
RECORDS = sorted(KEPT.glob(f"trials/*/{RECORD_FILE}"))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    shutil.copytree(KEPT, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "tables")
    return Ledger(tmp_path)


@pytest.fixture
def planned(ledger: Ledger) -> Planned:
    (found,) = read_planned(ledger)
    return found


def test_records_and_plans_are_written_as_they_were_read(ledger: Ledger, planned: Planned) -> None:
    assert len(RECORDS) == 4
    for path in RECORDS:
        stored = path.read_bytes()
        assert Record.model_validate_json(stored).model_dump_json(indent=1).encode() == stored
    path = plan_file(planned, ledger.storage)
    stored = path.read_bytes()
    remember(planned, ledger.storage)
    assert path.read_bytes() == sealed(Planned.model_validate_json(stored))
    assert unsealed(path.read_bytes()) == (stored, True)


def corpus_of(planned: Planned) -> KnownCorpus:
    """Know the corpus of then; the synthetic one of now has more utterances."""
    now = know_corpus(planned.corpus, KEPT)
    (fingerprint,) = planned.fingerprints

    def identify(recipe: str) -> CorpusIdentity:
        return now.identify(recipe).model_copy(update={"fingerprint": fingerprint})

    return KnownCorpus(now.name, now.kind, identify)


def test_trials_have_the_keys_that_they_had(ledger: Ledger, planned: Planned) -> None:
    plan = make_plan(planned.study, corpus_of(planned), planned.scale, 2, ledger)
    assert {row: [trial.key for trial in trials] for row, trials in plan.trials.items()} == {
        row: list(keys) for row, keys in planned.keys.items()
    }
    assert not plan.missing


def test_tables_and_verdicts_are_the_same_to_the_byte(ledger: Ledger, planned: Planned) -> None:
    folder = ledger.storage / "tables"
    trial_scores = TrialScores(ledger)
    tables = build_tables(planned.study, [collect_outcome(planned, trial_scores)])
    for table in tables:
        write_table(table, folder)
    write_verdicts(judge_planned(planned, trial_scores), tables[0].name, folder)
    stored = {path.name: path.read_bytes() for path in KEPT.glob("tables/*/*/*")}
    assert len(stored) == 17
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == stored
