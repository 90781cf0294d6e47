from threading import Thread

import pytest

from reports.ledger import planned as planned_module
from reports.ledger.ledger import Ledger, LedgerError
from reports.ledger.planned import (
    Planned,
    changed_claims,
    elsewhere,
    plans_of,
    read_planned,
    remember,
)
from search_spaces.catalogue import STUDIES
from search_spaces.claim import greater
from search_spaces.errors import StudyError
from tests.reports.factories import make_study


def plan(**keys):
    study = make_study(["a", "b"])
    given = {"corpus": "mine", "family": "mine", "scale": "tiny"}
    return Planned(study=study, keys=keys, **given)


def test_what_was_planned_is_read_again(tmp_path):
    planned = plan(a=("a0", "a1"), b=("b0", "b1"))
    assert remember(planned, tmp_path) == planned
    assert read_planned(Ledger(tmp_path)) == [planned]


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_study_survives_being_written(tmp_path, study):
    planned = plan(a=("a0",)).model_copy(update={"study": study})
    remember(planned, tmp_path)
    (read,) = read_planned(Ledger(tmp_path))
    assert read.study == study
    assert read.study.configs("iemocap", "paper") == study.configs("iemocap", "paper")


def test_fewer_seeds_do_not_shorten_what_was_planned(tmp_path):
    remember(plan(a=("a0", "a1"), b=("b0",)), tmp_path)
    kept = remember(plan(a=("a0",), b=("b0", "b1")), tmp_path)
    assert kept.keys == {"a": ("a0", "a1"), "b": ("b0", "b1")}


def test_longer_plan_that_comes_while_a_shorter_one_is_merged_is_kept(tmp_path, monkeypatch):
    remember(plan(a=("a0",)), tmp_path)
    longer = Thread(target=remember, args=(plan(a=("a0", "a1")), tmp_path))
    read = planned_module.read_plan

    def read_and_be_overtaken(path):
        found = read(path)
        if longer.ident is None:
            longer.start()
            longer.join(timeout=0.3)
        return found

    monkeypatch.setattr(planned_module, "read_plan", read_and_be_overtaken)
    remember(plan(a=("a0",)), tmp_path)
    longer.join(timeout=30)
    (kept,) = read_planned(Ledger(tmp_path))
    assert kept.keys["a"] == ("a0", "a1")


def test_changed_row_takes_the_place_of_the_old_one(tmp_path):
    remember(plan(a=("old0", "old1"), b=("b0",)), tmp_path)
    assert remember(plan(a=("new0",), b=("b0",)), tmp_path).keys["a"] == ("new0",)


def with_looks(*looks):
    return plan(a=("a0",)).model_copy(update={"looks": looks})


def test_seeds_that_were_once_adaptive_stay_so(tmp_path):
    remember(with_looks(3, 5), tmp_path)
    assert remember(plan(a=("a0", "a1")), tmp_path).looks == (3, 5)


def test_end_of_adaptive_seeds_cannot_be_chosen_anew(tmp_path):
    remember(with_looks(3, 5, 7, 10), tmp_path)
    with pytest.raises(LedgerError, match=r"at most 10 adaptive seeds, not 5.* --max-seeds 10"):
        remember(with_looks(3, 5), tmp_path)


def test_claims_that_were_changed_after_the_run_are_named(tmp_path):
    claims = [greater(name, "", "a", "b", corpus="x", metric="f1") for name in ("A", "B")]
    before = plan(a=("a0",)).model_copy(
        update={"study": make_study(["a", "b"], claims=(*claims, "L12a"))}
    )
    remember(before, tmp_path)
    changed = claims[1].model_copy(update={"margin": 0.001})
    new = greater("C", "", "a", "b", corpus="x", metric="f1")
    after = before.model_copy(
        update={"study": make_study(["a", "b"], claims=(claims[0], changed, "L12a", new))}
    )
    assert changed_claims(before, tmp_path) == []
    assert changed_claims(after, tmp_path) == ["B"]
    assert changed_claims(after, tmp_path / "elsewhere") == []


def test_damaged_plan_is_told(tmp_path):
    remember(plan(a=("a0",)), tmp_path)
    (path,) = tmp_path.glob("plans/*/*.json")
    path.write_text("{}")
    with pytest.raises(LedgerError, match=r"mine-tiny\.json' is damaged"):
        read_planned(Ledger(tmp_path))


@pytest.mark.parametrize("content", [b"\xff", b"", b"[" * 100_000, b'{"study": {"name": "\xff"}}'])
def test_plan_that_is_no_text_is_told(content, tmp_path):
    planned = plan(a=("a0",))
    remember(planned, tmp_path)
    (path,) = tmp_path.glob("plans/*/*.json")
    path.write_bytes(content)
    message = r"mine-tiny\.json' is damaged.*; restore the file, or move it away and run its study"
    with pytest.raises(LedgerError, match=message):
        remember(planned, tmp_path)
    assert path.read_bytes() == content


def test_plan_of_another_corpus_is_told(tmp_path):
    remember(plan(a=("a0",)), tmp_path)
    (path,) = tmp_path.glob("plans/*/*.json")
    path.rename(path.with_name("other-tiny.json"))
    with pytest.raises(LedgerError, match=r"other-tiny\.json' .* it is the plan of study '.*' on"):
        read_planned(Ledger(tmp_path))


def test_what_was_varied_before_stays_while_the_row_begins_with_the_same_trial(tmp_path):
    rows = plan(a=("a0", "a1"), b=("b0", "b1"))
    remember(rows.model_copy(update={"varied": {"init": ("b0", "i1", "i2")}}), tmp_path)
    kept = remember(rows.model_copy(update={"varied": {"order": ("b0", "o1")}}), tmp_path)
    assert kept.varied == {"init": ("b0", "i1", "i2"), "order": ("b0", "o1")}
    assert remember(rows, tmp_path).varied == kept.varied
    anew = plan(a=("c0", "c1"), b=("d0", "d1"))
    assert remember(anew, tmp_path).varied == {}


def test_plan_without_varied_streams_is_written_as_before(tmp_path):
    assert "varied" not in plan(a=("a0",), b=("b0",)).model_dump()


def test_plans_of_a_study_are_found_by_its_name(tmp_path):
    ledger = Ledger(tmp_path)
    with pytest.raises(StudyError, match=f"no study was run in '{tmp_path}' yet; run one, or"):
        plans_of("depth", ledger)
    first, other = plan(a=("a0",)), plan(a=("a0",)).model_copy(update={"corpus": "other"})
    named = first.model_copy(update={"study": make_study(["a", "b"], name="width")})
    for one in (first, other, named):
        remember(one, tmp_path)
    assert plans_of("depth", ledger) == [first, other]
    assert plans_of("width", ledger) == [named]
    assert plans_of(None, ledger) == [first, other, named]
    with pytest.raises(StudyError, match=r"'size' was not run in '.*'; those that were: depth, wi"):
        plans_of("size", ledger)


def test_plans_elsewhere_are_those_of_the_same_study(tmp_path):
    here = plan(a=("a0",))
    there, larger = (
        here.model_copy(update=update) for update in ({"corpus": "other"}, {"scale": "paper"})
    )
    named = there.model_copy(update={"study": make_study(["a", "b"], name="width")})
    assert elsewhere(here, [here, there, larger, named]) == [there, larger]


def test_trials_are_named_by_their_rows_seed_after_seed():
    planned = plan(a=("s0", "a1", "a2"), b=("s0", "b1"))
    planned = planned.model_copy(update={"varied": {"init": ("a1", "i1")}})
    rows = {key: [ref.row for ref in refs] for key, refs in planned.rows_by_key.items()}
    assert list(rows.items()) == [
        ("s0", ["a", "b"]),
        ("a1", ["b (init varied)", "a"]),
        ("b1", ["b"]),
        ("i1", ["b (init varied)"]),
        ("a2", ["a"]),
    ]
    assert {ref.study for refs in planned.rows_by_key.values() for ref in refs} == {"depth"}
