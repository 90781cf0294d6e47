"""Plans of two machines: which trials of a row are joined, and which are not."""

from pathlib import Path

import pytest

from reports.ledger.joined_plan import Joined, join_plan
from reports.ledger.planned import Planned, plan_file, read_plan, remember
from search_spaces.trial import FoldRef, Trial
from tests.orchestrator.upkeep.factories import (
    finish,
    finish_seeds,
    plan_seeds,
    trials_of,
    two_rows,
    with_row,
)


def keys_of(seeds: range) -> list[str]:
    return [trial.key for trial in trials_of(two_rows(), seeds)["good"]]


def planned_elsewhere(tmp_path: Path, *seeds: int) -> Planned:
    return plan_seeds(tmp_path / "elsewhere", seeds)


def changed(planned: Planned, **changes: object) -> Planned:
    return planned.model_copy(update=changes)


def test_plan_that_is_not_here_is_stored(tmp_path: Path) -> None:
    theirs = planned_elsewhere(tmp_path, 0, 1)
    assert join_plan(theirs, tmp_path) == Joined(theirs, "new")
    assert read_plan(plan_file(theirs, tmp_path)) == theirs
    assert join_plan(theirs, tmp_path).state == "same"


@pytest.mark.parametrize(("here", "there"), [((0,), (0, 1, 2)), ((0, 1, 2), (0,))])
def test_longer_plan_counts_where_one_goes_on_with_the_other(
    here: tuple[int, ...], there: tuple[int, ...], tmp_path: Path
) -> None:
    plan_seeds(tmp_path, here)
    joined = join_plan(planned_elsewhere(tmp_path, *there), tmp_path)
    assert joined.planned.keys["good"] == tuple(keys_of(range(3)))
    assert joined.remarks == ()


def test_seeds_of_both_are_joined_once_they_are_finished(tmp_path: Path) -> None:
    finish_seeds(tmp_path, (0, 1))
    finish_seeds(tmp_path, (2, 3), study=two_rows(name="other"))  # the other machine's trials
    joined = join_plan(planned_elsewhere(tmp_path, 2, 3), tmp_path)
    assert joined.state == "joined"
    assert joined.planned.keys["good"] == tuple(keys_of(range(4)))
    assert read_plan(plan_file(joined.planned, tmp_path)) == joined.planned


def test_row_whose_trials_are_not_finished_here_is_left_as_it_is(tmp_path: Path) -> None:
    before = plan_seeds(tmp_path, (0, 1))
    joined = join_plan(planned_elsewhere(tmp_path, 2, 3), tmp_path)
    assert joined.planned == before
    assert "row 'good': 2 not finished here; merge again after that" in joined.remarks


def test_row_never_gets_two_trials_of_a_seed(tmp_path: Path) -> None:
    finish_seeds(tmp_path, (0, 1))
    (trained_anew,) = trials_of(two_rows(), [0])["good"]
    trained_anew = Trial(**{**dict(trained_anew), "code": "c0de"})
    finish(tmp_path, trained_anew)
    theirs = plan_seeds(tmp_path / "elsewhere", (0,))
    theirs = changed(theirs, keys={"good": (trained_anew.key,)})
    joined = join_plan(theirs, tmp_path)
    assert joined.planned.keys["good"] == tuple(keys_of(range(2)))
    assert joined.remarks == (
        "row 'good': 1 not taken: their seeds are here, or they are not finished",
    )


def test_seed_counts_only_with_all_its_folds(tmp_path: Path) -> None:
    def in_folds(seed: int) -> list[Trial]:
        (plain,) = trials_of(two_rows(), [seed])["good"]
        folds = [FoldRef(number=n, count=3, name=f"f{n}", digest="d" * 64) for n in (1, 2, 3)]
        corpora = [plain.corpus.model_copy(update={"fold": fold}) for fold in folds]
        return [Trial(config=plain.config, corpus=corpus, seed=seed) for corpus in corpora]

    ours, whole, half = in_folds(0), in_folds(1), in_folds(2)[:2]
    for trial in (*ours, *whole, *half):
        finish(tmp_path, trial)
    keys = {
        name: tuple(t.key for t in of_one)
        for name, of_one in {"ours": tuple(ours), "theirs": (*whole, *half)}.items()
    }
    base = changed(planned_elsewhere(tmp_path, 0), num_folds=3)
    remember(changed(base, keys={"good": keys["ours"]}), tmp_path)
    joined = join_plan(changed(base, keys={"good": keys["theirs"]}), tmp_path)
    assert joined.planned.keys["good"] == (*keys["ours"], *(trial.key for trial in whole))


def in_fold(digest: str) -> dict[str, object]:
    (plain, *_) = trials_of(two_rows(), [0])["good"]
    fold = FoldRef(number=1, count=1, name="f1", digest=digest * 64)
    return {"corpus": plain.corpus.model_copy(update={"fold": fold})}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"weights": {"bert": "a" * 64}}, {"weights": {"bert": "b" * 64}}),
        ({}, {"code": "c0de"}),
        ({"code": "c0de"}, {"code": "another"}),
        (in_fold("d"), in_fold("e")),
    ],
)
def test_row_never_mixes_computations(
    ours: dict[str, object], theirs: dict[str, object], tmp_path: Path
) -> None:
    here, there = (
        [Trial(**{**dict(trial), **change}) for trial in trials_of(two_rows(), seeds)["good"]]
        for change, seeds in ((ours, (0, 1)), (theirs, (2,)))
    )
    for trial in (*here, *there):
        finish(tmp_path, trial)
    base = planned_elsewhere(tmp_path, 0)
    keys = tuple(trial.key for trial in here)
    remember(changed(base, keys={"good": keys}), tmp_path)
    joined = join_plan(changed(base, keys={"good": (there[0].key,)}), tmp_path)
    assert joined.planned.keys["good"] == keys
    assert joined.remarks == (
        "row 'good': 1 not taken: they have other weights, folds or code than those here",
    )


def test_seed_that_one_code_trained_first_joins_those_it_trained_anew(tmp_path: Path) -> None:
    first, second = trials_of(two_rows(), [0, 1])["good"]
    anew = Trial(**{**dict(first), "code": "c0de"})
    for trial in (anew, second):
        finish(tmp_path, trial, code_digest="c0de")
    base = planned_elsewhere(tmp_path, 0)
    remember(changed(base, keys={"good": (anew.key,)}), tmp_path)
    joined = join_plan(changed(base, keys={"good": (second.key,)}), tmp_path)
    assert joined.planned.keys["good"] == (anew.key, second.key)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"study": with_row(two_rows(), "more")}, "the study differs in rows"),
        ({"study": two_rows(title="Another")}, "the study differs in title"),
        ({"fingerprints": ("another",)}, "the corpus was prepared otherwise"),
        ({"num_folds": 5}, "the corpus has other folds"),
    ],
)
def test_plan_that_asks_otherwise_is_told_and_ours_stays(
    change: dict[str, object], why: str, tmp_path: Path
) -> None:
    ours = plan_seeds(tmp_path, (0,))
    joined = join_plan(changed(planned_elsewhere(tmp_path, 0, 1), **change), tmp_path)
    assert joined == Joined(ours, "apart", (why,))


def test_study_may_name_other_seeds(tmp_path: Path) -> None:
    plan_seeds(tmp_path, (0,), two_rows(seeds=(0,)))
    theirs = plan_seeds(tmp_path / "elsewhere", (0, 1), two_rows(seeds=(0, 1)))
    joined = join_plan(theirs, tmp_path)
    assert (joined.state, joined.planned.study.seeds) == ("joined", (0,))


def test_adaptive_seeds_stay_adaptive_and_their_maximum_stays(tmp_path: Path) -> None:
    remember(changed(planned_elsewhere(tmp_path, 0), looks=(3, 5)), tmp_path)
    fixed = join_plan(planned_elsewhere(tmp_path, 0, 1), tmp_path)
    assert (fixed.state, fixed.planned.looks) == ("joined", (3, 5))
    other = join_plan(changed(planned_elsewhere(tmp_path, 0), looks=(3, 5, 7)), tmp_path)
    assert other.remarks == ("it has at most 7 adaptive seeds, here 5",)


def test_varied_streams_of_both_are_kept(tmp_path: Path) -> None:
    base = planned_elsewhere(tmp_path, 0)
    first = base.keys[base.baseline][0]
    remember(changed(base, varied={"init": (first, "a")}), tmp_path)
    theirs = changed(base, varied={"init": (first, "a", "b"), "order": (first, "c")})
    assert join_plan(theirs, tmp_path).planned.varied == theirs.varied
    foreign = changed(base, varied={"dropout": ("another", "d")})
    assert "dropout" not in join_plan(foreign, tmp_path).planned.varied
