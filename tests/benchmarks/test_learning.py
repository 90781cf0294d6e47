from pathlib import Path

from benchmarks.learning import learning_table, train_rows
from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from orchestrator.plan.plan import make_plan
from reports.ledger.ledger import Ledger
from reports.scores.trials import TrialScores
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.orchestrator.factories import small_study


def test_table_has_the_scores_of_trained_rows_above_the_floors(tmp_path: Path) -> None:
    source = read_clips(write_clip_folder(tmp_path / "clips", clip_lines(per_split=4)))
    prepare(source, [LE], name="mine", storage=tmp_path)
    ledger = Ledger(tmp_path)
    plan = make_plan(small_study(), know_corpus("mine", tmp_path), "tiny", 2, ledger)
    train_rows(plan, ["deep"], tmp_path)
    records = [ledger.find(trial.key) for trial in plan.trials["deep"]]
    table = learning_table(plan, ["deep"], tmp_path)
    names, num_seeds, means, _, _ = ([*column.cells] for column in table.columns)
    assert names == ["deep", "chance", "linear"]
    assert num_seeds == ["2", "", ""]
    scores = [TrialScores(ledger).find(record, "f1") for record in records if record is not None]
    assert means[0] == f"{50 * sum(score or 0.0 for score in scores):.1f}"
    assert len(ledger.finished([trial.key for trial in plan.trials["shallow"]])) == 0
