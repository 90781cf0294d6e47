from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from corpora.preparation.known import KnownCorpus
from corpora.recipes.pictures import LE
from corpora.store.folds import Folds
from corpora.store.manifest import CorpusIdentity
from orchestrator.plan.folds import refuse_folds
from orchestrator.plan.plan import Plan, make_plan, missing_trials, planned_of
from orchestrator.plan.seeds import ExtraSeeds, SeedNumbers
from orchestrator.plan.sharing import find_sharing
from orchestrator.plan.view import plan_view
from reports.ledger.ledger import Ledger
from reports.ledger.planned import remember
from search_spaces.catalogue import STUDIES
from search_spaces.errors import StudyError
from tests.orchestrator.factories import small_study
from tests.reports.factories import make_split, write_trial

IDENTITY = CorpusIdentity(name="mine", kind="clips", fingerprint="f00d", recipe=LE)
FOLDS = Folds(rule="speakers", names=("ann", "bob", "cy"), assigned={"x": 1, "y": 2, "z": 3})
WHOLE = KnownCorpus("mine", "clips", lambda recipe: IDENTITY)
CORPUS = replace(WHOLE, folds=FOLDS)


def plan(storage: Path, num_seeds: SeedNumbers = 2, corpus: KnownCorpus = CORPUS) -> Plan:
    return make_plan(small_study(), corpus, "tiny", num_seeds, Ledger(storage))


def shown(*plans: Plan) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(plan_view(plans))
    return capture.get()


def test_every_row_trains_every_fold_with_every_seed(tmp_path: Path) -> None:
    planned = plan(tmp_path)
    for trials in planned.trials.values():
        folds = [trial.corpus.fold for trial in trials]
        assert [(t.seed, f.number, f.name) for t, f in zip(trials, folds, strict=True) if f] == [
            (seed, number, name)
            for seed in (0, 1)
            for number, name in enumerate(("ann", "bob", "cy"), start=1)
        ]
        assert {(fold.count, fold.digest) for fold in folds if fold} == {(3, FOLDS.digest)}
    order = [(t.seed_text, row.row) for t, row in missing_trials([planned]).values()]
    assert order[:3] == [("0, fold ann", "shallow"), ("0, fold ann", "deep"), order[2]]
    assert order[2] == ("0, fold bob", "shallow")
    assert len(planned.by_key) == planned.num_cells == 12


def test_plan_says_how_many_folds(tmp_path: Path) -> None:
    text = shown(plan(tmp_path))
    assert "2 x 3 folds" in text
    assert "12 rows x seeds x folds are 12 trials" in text
    assert "folds" not in shown(plan(tmp_path, corpus=WHOLE))


def test_trials_of_folds_are_none_of_the_whole_corpus(tmp_path: Path) -> None:
    assert not plan(tmp_path).by_key.keys() & plan(tmp_path, corpus=WHOLE).by_key.keys()


def test_finished_folds_are_found_and_more_seeds_are_appended(tmp_path: Path) -> None:
    first = plan(tmp_path, 1)
    for trial in first.missing:
        write_trial(Ledger(tmp_path), trial, make_split(0, 0))
    more = plan(tmp_path, 2)
    assert len(more.finished) == 6
    assert [trial.seed for trial in more.missing] == [1] * 6
    assert all(more.keys[row][:3] == keys for row, keys in first.keys.items())
    stored = remember(planned_of(more, ()), tmp_path)
    assert stored.num_folds == 3
    assert remember(planned_of(first, ()), tmp_path).keys == stored.keys  # it keeps all seeds


def test_whole_corpus_is_stored_as_before(tmp_path: Path) -> None:
    planned = planned_of(plan(tmp_path, corpus=WHOLE), ())
    assert "fold" not in planned.model_dump_json()
    assert all("fold" not in t.model_dump_json() for t in plan(tmp_path, corpus=WHOLE).missing)


def test_folds_are_shared_with_other_studies(tmp_path: Path) -> None:
    study, ledger = STUDIES["layers"], Ledger(tmp_path)
    sharing = find_sharing([make_plan(study, CORPUS, "tiny", None, ledger)], ledger)
    one = find_sharing([make_plan(study, WHOLE, "tiny", None, ledger)], ledger)
    assert one.also_gives
    assert sharing.also_gives == {
        name: (3 * num, 3 * total) for name, (num, total) in one.also_gives.items()
    }


@pytest.mark.parametrize(
    ("seeds", "option"),
    [
        (ExtraSeeds(2, has_control=True), "--control"),
        (ExtraSeeds(2, varied=("init",)), "--vary"),
    ],
)
def test_what_does_not_go_with_folds_is_refused(
    tmp_path: Path, seeds: SeedNumbers, option: str
) -> None:
    told = rf"'mine' has 3 folds \(speakers\), and {option} does not go with folds yet"
    with pytest.raises(StudyError, match=told):
        plan(tmp_path, seeds)
    plan(tmp_path, seeds, WHOLE)


def test_only_corpora_with_folds_are_refused() -> None:
    refuse_folds(WHOLE, "a search")
    with pytest.raises(StudyError, match="a search does not go with folds"):
        refuse_folds(CORPUS, "a search")
