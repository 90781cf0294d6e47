"""The tables of the Python API, on trials that nobody trained."""

from pathlib import Path

import pytest

from corpora.source.errors import CorpusError
from orchestrator import api
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, remember
from search_spaces.claim import greater
from search_spaces.errors import StudyError
from tests.orchestrator.factories import small_study, write_study_file
from tests.reports.factories import EMOTIONS, NUM_UTTERANCES, make_study, write_rows

ROWS = ("good", "bad")
NUM_SEEDS = 3


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """Finish a study of two rows, of which the second has 8 of 20 utterances more wrong."""
    claim = greater("gap", "good beats bad", "good", "bad", corpus="synthetic", metric="acc")
    study = make_study(ROWS, claims=(claim,))
    keys = write_rows(Ledger(tmp_path), study, (1, 9), NUM_SEEDS)
    planned = Planned(study=study, corpus="synthetic", family="synthetic", scale="tiny", keys=keys)
    remember(planned, tmp_path)
    return tmp_path


def test_results_have_a_row_for_each_score(finished: Path) -> None:
    found = api.results("depth", storage=finished, metrics=("acc",))
    assert len(found) == len(ROWS) * NUM_SEEDS
    assert set(found["unit"]) == {"fraction"}
    good = found[(found["row"] == "good") & (found["seed"] == 1)]["score"]
    assert good.tolist() == pytest.approx([1 - 2 / NUM_UTTERANCES])
    means = found.groupby("row")["score"].mean()
    assert means["good"] - means["bad"] == pytest.approx(8 / NUM_UTTERANCES)


def test_results_are_by_default_the_columns_of_the_study(finished: Path) -> None:
    assert set(api.results(storage=finished)["metric"]) == {"wacc", "f1"}


def test_one_metric_may_be_given_alone(finished: Path) -> None:
    assert set(api.results(storage=finished, metrics="acc")["metric"]) == {"acc"}


def test_results_agree_with_the_records(finished: Path) -> None:
    records = api.records(storage=finished)
    assert len(records) == len(ROWS) * NUM_SEEDS
    assert set(records["key"]) == set(api.results(storage=finished)["key"])
    assert (records["num_epochs"] == 1).all()
    assert (records["system"] == "le").all()
    curves = api.curves(storage=finished)
    assert set(curves["quantity"]) == {"train_loss", "valid_loss", "valid_f1"}
    assert len(curves) == 3 * len(records)


def test_predictions_have_a_row_for_each_utterance_and_emotion(finished: Path) -> None:
    found = api.predictions("depth", storage=finished)
    assert len(found) == len(ROWS) * NUM_SEEDS * NUM_UTTERANCES * len(EMOTIONS)
    right = (found["predicted"] > 0.5) == (found["label"] == 1)
    by_row = right.groupby(found["row"]).mean()
    acc = api.results(storage=finished, metrics=("acc",)).groupby("row")["score"].mean()
    assert by_row.to_dict() == pytest.approx(acc.to_dict())


def test_verdicts_have_a_row_for_each_claim(finished: Path) -> None:
    (verdict,) = api.verdicts(storage=finished).to_dict("records")
    assert verdict["claim"] == "gap"
    assert (verdict["metric"], verdict["verdict"]) == ("acc", "HOLDS")


def test_plan_lists_each_trial(storage: Path) -> None:
    planned = api.plan(small_study(num_seeds=2), corpus="mine", storage=storage, scale="tiny")
    assert planned[["row", "seed"]].to_numpy().tolist() == [
        ["shallow", 0],
        ["shallow", 1],
        ["deep", 0],
        ["deep", 1],
    ]
    assert planned["key"].is_unique
    assert not planned["is_finished"].any()
    file = write_study_file(storage / "own.py", max_epochs=2)
    assert len(api.plan(file, corpus="mine", storage=storage, seeds=1)) == 2


@pytest.mark.parametrize("call", [api.results, api.records, api.verdicts, api.predictions])
def test_unknown_study_is_told_with_those_that_were_run(finished: Path, call) -> None:
    with pytest.raises(StudyError, match=r"study 'deepth' was not run in .*; those that were: de"):
        call("deepth", storage=finished)


def test_what_is_no_study_is_told(storage: Path) -> None:
    with pytest.raises(StudyError, match=r"'layer' is no study; choose from .*layers"):
        api.plan("layer", corpus="mine", storage=storage)


def test_tables_without_a_line_have_the_columns_that_name_a_trial(storage: Path) -> None:
    remember(
        Planned(study=small_study(), corpus="mine", family="mine", scale="tiny", keys={}), storage
    )
    for call in (api.results, api.records, api.curves, api.predictions):
        found = call(storage=storage)
        assert len(found) == 0
        assert {"study", "row", "seed", "fold", "key"} <= {*found.columns}


def test_every_table_of_trials_names_their_fold(finished: Path) -> None:
    for call in (api.results, api.records, api.curves, api.predictions):
        assert set(call(storage=finished)["fold"]) == {""}


@pytest.mark.parametrize("seeds", [0, -1, "auto"])
def test_number_of_seeds_that_is_none_is_told(storage: Path, seeds) -> None:
    with pytest.raises(StudyError, match=r"seeds is .*; give the number of seeds, 1 or more"):
        api.plan(small_study(), corpus="mine", storage=storage, seeds=seeds)


def test_several_studies_may_be_named(storage: Path) -> None:
    both = api.plan(["layers", small_study()], corpus="mine", storage=storage, seeds=1)
    assert set(both["study"]) == {"layers", "small"}


def test_storage_in_which_nothing_was_run_is_told(storage: Path) -> None:
    with pytest.raises(StudyError, match=r"no study was run in '.*' yet; run one, or choose"):
        api.results(storage=storage)


def test_what_is_not_given_is_that_of_the_project(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MMER_SWEEP_STORAGE", raising=False)
    file = tmp_path / "mmer-sweep.toml"
    file.write_text(f'storage = "{storage.name}"\ncorpus = "mine"\nscale = "small"', "utf-8")
    planned = api.plan("layers", seeds=1)
    assert (set(planned["corpus"]), set(planned["scale"])) == ({"mine"}, {"small"})
    assert set(api.plan("layers", seeds=1, scale="tiny")["scale"]) == {"tiny"}
    monkeypatch.setenv("MMER_SWEEP_STORAGE", str(tmp_path / "empty"))
    with pytest.raises(CorpusError, match=f"is not prepared in '{tmp_path / 'empty'}'"):
        api.plan("layers", seeds=1)
    assert len(api.plan("layers", seeds=1, storage=storage)) == len(planned)
