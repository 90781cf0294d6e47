import pytest

from reports.ledger import Ledger, LedgerError
from reports.planned import Planned, read_planned, remember
from search_spaces.catalogue import STUDIES
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


def test_changed_row_takes_the_place_of_the_old_one(tmp_path):
    remember(plan(a=("old0", "old1"), b=("b0",)), tmp_path)
    assert remember(plan(a=("new0",), b=("b0",)), tmp_path).keys["a"] == ("new0",)


def test_damaged_plan_is_told(tmp_path):
    remember(plan(a=("a0",)), tmp_path)
    (path,) = tmp_path.glob("plans/*/*.json")
    path.write_text("{}")
    with pytest.raises(LedgerError, match=r"mine-tiny\.json' is damaged"):
        read_planned(Ledger(tmp_path))
